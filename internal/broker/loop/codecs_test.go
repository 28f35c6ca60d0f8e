package loop

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker/secure"
	"github.com/millrace/millrace/internal/broker/websocket"
	"github.com/millrace/millrace/internal/testkit"
	"github.com/millrace/millrace/internal/testkit/pki"
	"github.com/millrace/millrace/internal/testkit/wsconn"
)

func codecOf(transport string) string {
	_, codec, _ := strings.Cut(transport, "+")
	return codec
}

// authority has signed the tests' server.
var authority = sync.OnceValues(func() (*x509.CertPool, tls.Certificate) {
	a := pki.New(new(testing.B), "authority")
	return a.Pool(), a.Server(new(testing.B), nil, "localhost").TLS()
})

// configs are both sides' of TLS, for "tls1.2" and the like.
func configs(codec string) (client, server *tls.Config) {
	pool, certificate := authority()
	version := uint16(tls.VersionTLS13)
	if codec == "tls1.2" {
		version = tls.VersionTLS12
	}
	return &tls.Config{RootCAs: pool, ServerName: "localhost", MinVersion: version, MaxVersion: version},
		&tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: version, DynamicRecordSizingDisabled: true}
}

// through gives theirs to the loop, through the codec of this run, and returns
// ours as a client has it.
func (h *lines) through(t testing.TB, ours, theirs net.Conn, id uint64, door Door) net.Conn {
	t.Helper()
	if h.codec == "" {
		h.loop.Adopt(theirs, id, door)
		return ours
	}
	var codec Codec
	ws := websocket.New(websocket.Options{}.WithDefaults(), netip.Addr{})
	if h.codec == "ws" {
		codec = ws
	} else {
		c, client := handshake(t, ours, theirs, h.codec)
		codec, ours = c, client
		if h.codec == "wss" {
			codec = Chain(c, ws)
		}
	}
	h.loop.AdoptThrough(theirs, codec, remoteOf(theirs), id, door)
	if strings.HasPrefix(h.codec, "ws") {
		client, err := wsconn.Client(ours, "/mqtt")
		if err != nil {
			t.Fatal(err)
		}
		return &webSocket{client}
	}
	return ours
}

// handshake is both sides of one.
func handshake(t testing.TB, ours, theirs net.Conn, version string) (*secure.Codec, *tls.Conn) {
	t.Helper()
	clientConfig, serverConfig := configs(version)
	server := secure.Server(theirs, serverConfig)
	client := tls.Client(ours, clientConfig)
	failed := make(chan error, 1)
	go func() { failed <- client.Handshake() }()
	if err := server.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	server.Detach()
	return server, client
}

// webSocket lets a client end what it sends as others do.
type webSocket struct{ *wsconn.Conn }

// CloseWrite sends a close frame.
func (c *webSocket) CloseWrite() error {
	_, err := c.Conn.Conn.Write(wsconn.Frame(0x88, []byte{0x03, 0xE8}))
	return err
}

// slices writes in pieces of 37 bytes, and so splits records and frames.
type slices struct{ net.Conn }

func (s slices) Write(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var m int
		m, err = s.Conn.Write(b[n:min(n+37, len(b))])
		n += m
	}
	return n, err
}

func TestCodecsTakeBytesHoweverTheyAreCut(t *testing.T) {
	over(t, []string{"+tls1.2", "+tls1.3", "+ws", "+wss"}, func(t *testing.T, transport string) {
		h := run(t, transport, nil)
		ours, theirs := pair(t, "tcp", "127.0.0.1:0")
		nc := h.through(t, slices{ours}, theirs, 1, nil)
		for _, n := range []int{1, 2, 36, 37, 38, 1000, 40_000} {
			line := strings.Repeat("x", n) + "\n"
			go func() { _, _ = io.WriteString(nc, line) }()
			hear(t, nc, line)
		}
	})
}

// held keeps the last byte of each write back, while it is to.
type held struct {
	net.Conn
	hold bool
	last []byte
}

func (c *held) Write(b []byte) (int, error) {
	if c.hold {
		c.last = append(c.last, b[len(b)-1])
		b = b[:len(b)-1]
	}
	n, err := c.Conn.Write(b)
	return n + len(c.last), err
}

// input waits until so much is counted of what has come and is not whole.
func (h *lines) input(t *testing.T, ok func(n int) bool) {
	t.Helper()
	n := 0
	testkit.Within(t, 10*time.Second, func() bool {
		h.loop.Post("input")
		_, err := fmt.Sscanf(<-h.seen, "message %d", &n)
		return err == nil && ok(n)
	}, "the right input is counted")
}

// What a codec keeps of a record that is not whole is counted, until the rest comes or the
// connection ends.
func TestHalfARecordIsCounted(t *testing.T) {
	over(t, []string{"+tls1.2", "+tls1.3", "+wss"}, func(t *testing.T, transport string) {
		const most = 1000 + 100
		none, half := func(n int) bool { return n == 0 }, func(n int) bool { return n >= 1000 && n < most }
		h := run(t, transport, nil)
		ours, theirs := pair(t, "tcp", "127.0.0.1:0")
		cut := &held{Conn: ours}
		nc := h.through(t, cut, theirs, 1, nil)
		h.expect(t, "open")
		line := strings.Repeat("x", 999) + "\n"
		for range 2 {
			cut.hold, cut.last = true, nil
			say(t, nc, line)
			h.input(t, half)
			if _, err := ours.Write(cut.last); err != nil {
				t.Fatal(err)
			}
			cut.hold, cut.last = false, nil
			hear(t, nc, line)
			h.input(t, none)
		}
		cut.hold = true
		say(t, nc, line)
		h.input(t, half)
		_ = ours.Close()
		h.input(t, none)
	})
}

// tapped lets a test write to the socket below TLS.
func tapped(t *testing.T, transport string) (h *lines, socket net.Conn, client *tls.Conn, ended chan struct{}) {
	t.Helper()
	h = run(t, transport, nil)
	ours, theirs := pair(t, "tcp", "127.0.0.1:0")
	codec, client := handshake(t, ours, theirs, codecOf(transport))
	ended = make(chan struct{})
	h.loop.AdoptThrough(theirs, codec, remoteOf(theirs), 1, doorBell(ended))
	h.expect(t, "open")
	say(t, client, "hello\n")
	hear(t, client, "hello\n")
	return h, ours, client, ended
}

func overTLS(t *testing.T, test func(t *testing.T, transport string)) {
	over(t, []string{"+tls1.2", "+tls1.3"}, test)
}

func TestWhatIsNoTLSEndsTheConnectionWithAnAlert(t *testing.T) {
	overTLS(t, func(t *testing.T, transport string) {
		h, socket, client, ended := tapped(t, transport)
		say(t, socket, "\x17\x03\x03\x00\x20"+strings.Repeat("x", 32))
		h.expect(t, "closed")
		var alert *net.OpError
		if _, err := client.Read(make([]byte, 1)); !errors.As(err, &alert) || alert.Op != "remote error" {
			t.Errorf("the client reads %v", err)
		}
		await(t, "given back", ended)
	})
}

func TestARecordThatIsCutOffIsTheEnd(t *testing.T) {
	overTLS(t, func(t *testing.T, transport string) {
		h, socket, _, ended := tapped(t, transport)
		say(t, socket, "\x17\x03\x03\x40\x00cut")
		_ = socket.(*net.TCPConn).CloseWrite()
		h.expect(t, "closed")
		await(t, "given back", ended)
	})
}

func TestACloseNotifyIsAnswered(t *testing.T) {
	overTLS(t, func(t *testing.T, transport string) {
		h, _, client, ended := tapped(t, transport)
		if err := client.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		h.expect(t, "closed")
		if _, err := client.Read(make([]byte, 1)); err != io.EOF { // a close_notify, too
			t.Error(err)
		}
		await(t, "given back", ended)
	})
}

func TestAWebSocketThatBreaksTheRulesIsToldWhy(t *testing.T) {
	over(t, []string{"+ws"}, func(t *testing.T, transport string) {
		h := run(t, transport, nil)
		nc := h.socket(t).(*webSocket).Conn
		say(t, nc.Conn, string(wsconn.Frame(0x81, []byte("text"))))
		h.expect(t, "closed")
		head := make([]byte, 4)
		if _, err := io.ReadFull(nc.Conn, head); err != nil || head[0] != 0x88 || head[2] != 0x03 || head[3] != 0xEB {
			t.Errorf("% x, %v, want close code 1003", head, err)
		}
	})
}

// TestAFrameThatCameWithTheRequest moves a connection whose answer to the upgrade
// has not left yet.
func TestAFrameThatCameWithTheRequest(t *testing.T) {
	over(t, []string{"+ws"}, func(t *testing.T, transport string) {
		from, to := run(t, transport, nil), run(t, transport, nil)
		from.moveTo, to.moveTo = to.loop, to.loop
		ours, theirs := pair(t, "tcp", "127.0.0.1:0")
		from.loop.AdoptThrough(theirs, websocket.New(websocket.Options{}.WithDefaults(), netip.Addr{}), remoteOf(theirs), 1, nil)
		from.expect(t, "open")
		pipe, far := net.Pipe()
		go func() { _, _ = wsconn.Client(pipe, "/mqtt") }()
		request := make([]byte, 4<<10)
		n, err := far.Read(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = far.Close()
		say(t, ours, string(append(request[:n], wsconn.Frame(0x82, []byte("move\n"))...)))
		to.expect(t, "open")
		all := make([]byte, 1000)
		for got := ""; !strings.HasSuffix(got, "\r\n\r\n\x82\x05move\n"); {
			n, err := ours.Read(all)
			if got += string(all[:n]); err != nil {
				t.Fatalf("%q, %v", got, err)
			}
		}
	})
}

func BenchmarkTLSEcho(b *testing.B) {
	for _, codec := range []string{"", "tls1.3", "ws", "wss"} {
		b.Run("codec="+codec, func(b *testing.B) { benchmarkEcho(b, codec) })
	}
}

// benchmarkEcho sends lines of 64 bytes, 100 at a time, and awaits them.
func benchmarkEcho(b *testing.B, codec string) {
	h := &lines{seen: make(chan string, 1000), conns: map[string]*Conn{}, codec: codec}
	h.loop = newLoop(b, "", h, nil)
	h.moveTo = h.loop
	go h.loop.Run()
	left, right := socketPair(b)
	nc := h.through(b, left, right, 1, nil)
	batch := []byte(strings.Repeat(strings.Repeat("x", 63)+"\n", 100))
	back := make([]byte, len(batch))
	b.SetBytes(64)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%100 > 0 {
			continue
		}
		if _, err := nc.Write(batch); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(nc, back); err != nil {
			b.Fatal(err)
		}
	}
	_ = nc.Close()
	h.loop.WaitConns()
	h.loop.Stop()
	<-h.loop.Done()
}

func socketPair(t testing.TB) (ours, theirs net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if ours, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if theirs, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	return ours, theirs
}
