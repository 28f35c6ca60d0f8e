package bench

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/mqtt/client/clienttest"
	"github.com/millrace/millrace/internal/mqtt/wsclient"
)

// The opcodes of RFC 6455 section 5.2.
const (
	opContinuation = 0x0
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
)

// certificate is a certificate for 127.0.0.1, signed by itself.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// door takes connections for another server, through layers.
func door(t *testing.T, to string, layer func(net.Conn) (net.Conn, error)) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() { l.Close(); all.Wait() })
	all.Go(func() {
		for {
			socket, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { relay(socket, to, layer) })
		}
	})
	return l.Addr().String()
}

func relay(socket net.Conn, to string, layer func(net.Conn) (net.Conn, error)) {
	defer socket.Close()
	near, err := layer(socket)
	if err != nil {
		return
	}
	far, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(far, near); far.Close() })
	both.Go(func() { _, _ = io.Copy(near, far); near.Close(); socket.Close() })
	both.Wait()
}

// accepted is a server's end of a WebSocket, which cuts what it sends into frames of
// odd sizes and asks for a pong before each.
type accepted struct {
	net.Conn
	r    *bufio.Reader
	left []byte
	n    int
}

func accept(conn net.Conn) (net.Conn, error) {
	r := bufio.NewReader(conn)
	request, err := http.ReadRequest(r)
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Accept: %s\r\n\r\n", wsclient.Accept(request.Header.Get("Sec-WebSocket-Key")))
	return &accepted{Conn: conn, r: r}, err
}

func (a *accepted) Read(b []byte) (int, error) {
	for len(a.left) == 0 {
		op, payload, err := a.frame()
		if err != nil || op == opClose {
			return 0, io.EOF
		}
		if op == opBinary {
			a.left = payload
		}
	}
	n := copy(b, a.left)
	a.left = a.left[n:]
	return n, nil
}

func (a *accepted) frame() (op byte, payload []byte, err error) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(a.r, head); err != nil {
		return 0, nil, err
	}
	size := uint64(head[1] & 0x7F)
	if wide := map[uint64]int{126: 2, 127: 8}[size]; wide > 0 {
		b := make([]byte, 8)
		if _, err := io.ReadFull(a.r, b[8-wide:]); err != nil {
			return 0, nil, err
		}
		size = binary.BigEndian.Uint64(b)
	}
	b := make([]byte, 4+size)
	_, err = io.ReadFull(a.r, b)
	for i := range b[4:] {
		b[4+i] ^= b[i%4]
	}
	return head[0] & 0x0F, b[4:], err
}

func (a *accepted) Write(b []byte) (int, error) {
	var out []byte
	op := byte(opBinary)
	for rest := b; len(rest) > 0; op = opContinuation {
		a.n++
		k := min(len(rest), 1+a.n%300)
		final := byte(0)
		if k == len(rest) {
			final = 0x80
		}
		out = append(out, 0x80|opPing, 2, 'h', 'i')
		if k < 126 {
			out = append(out, final|op, byte(k))
		} else {
			out = append(out, final|op, 126, byte(k>>8), byte(k))
		}
		out = append(out, rest[:k]...)
		rest = rest[k:]
	}
	_, err := a.Conn.Write(out)
	return len(b), err
}

func TestTLSAndWebSocketComeOutCleanOnEveryWire(t *testing.T) {
	pair, trusted := certificate(t)
	secure := func(c net.Conn) (net.Conn, error) {
		return tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pair}}), nil
	}
	client := &tls.Config{RootCAs: trusted}
	for _, c := range []struct {
		name  string
		o     Options
		layer func(net.Conn) (net.Conn, error)
	}{
		{"TLS", Options{TLS: client}, secure},
		{"TLS 1.2", Options{TLS: &tls.Config{RootCAs: trusted, MaxVersion: tls.VersionTLS12}}, secure},
		{"WebSocket", Options{WebSocket: "/mqtt"}, accept},
		{"secure WebSocket", Options{WebSocket: "/mqtt", TLS: client}, func(c net.Conn) (net.Conn, error) {
			s, err := secure(c)
			if err != nil {
				return nil, err
			}
			return accept(s)
		}},
	} {
		for _, portable := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s portable %v", c.name, portable), func(t *testing.T) {
				s := clienttest.Start(t, &clienttest.Server{})
				addr := door(t, s.Addr(), c.layer)
				for _, o := range []Options{
					{Scenario: P2P, Publishers: 3, QoS: 1, Payload: 5000},
					{Scenario: Fanout, Subscribers: 4, Payload: 70_000, Window: 2},
				} {
					o.TLS, o.WebSocket, o.Portable = c.o.TLS, c.o.WebSocket, portable
					checkClean(t, o, measured(t, brief(o, addr)))
				}
			})
		}
	}
}

func TestAHandshakeThatFailsEndsTheRun(t *testing.T) {
	pair, trusted := certificate(t)
	s := clienttest.Start(t, &clienttest.Server{})
	secure := door(t, s.Addr(), func(c net.Conn) (net.Conn, error) {
		return tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pair}}), nil
	})
	answers := func(text string) string {
		return door(t, s.Addr(), func(c net.Conn) (net.Conn, error) {
			if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
				return nil, err
			}
			_, err := io.WriteString(c, text)
			return nil, errors.Join(err, io.EOF)
		})
	}
	for _, portable := range []bool{false, true} {
		for _, c := range []struct {
			name, addr string
			o          Options
			says       string
		}{
			{"unknown certificate", secure, Options{TLS: &tls.Config{}}, "certificate"},
			{"another name", secure, Options{TLS: &tls.Config{RootCAs: trusted, ServerName: "elsewhere"}}, "elsewhere"},
			{"no WebSocket", answers("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), Options{WebSocket: "/mqtt"}, "404"},
			{"not to our key", answers("HTTP/1.1 101 Yes\r\nSec-WebSocket-Accept: x\r\n\r\n"), Options{WebSocket: "/mqtt"}, "key"},
			{"no HTTP", answers("nonsense\r\n\r\n"), Options{WebSocket: "/mqtt"}, "WebSocket"},
		} {
			c.o.Portable = portable
			if _, err := Run(patience30(t), brief(c.o, c.addr)); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s, portable %v: %v", c.name, portable, err)
			}
		}
	}
}

// drip hands the bytes on one at a time, with nothing between each two.
type drip struct {
	net.Conn
	b   []byte
	dry bool
	out bytes.Buffer
}

func (d *drip) Read(b []byte) (int, error) {
	if d.dry = !d.dry; d.dry || len(d.b) == 0 {
		return 0, again{}
	}
	b[0], d.b = d.b[0], d.b[1:]
	return 1, nil
}

func (d *drip) Write(b []byte) (int, error) { return d.out.Write(b) }

func TestAWebSocketIsReadByteByByte(t *testing.T) {
	d := &drip{b: []byte{0x02, 2, 'a', 'b', 0x89, 1, 'p', 0x00, 0, 0x80, 126, 0, 3, 'c', 'd', 'e', 0x82, 127, 0, 0, 0, 0, 0, 0, 0, 1, 'f', 0x88, 0}}
	w := &wsclient.Conn{Conn: d}
	var got []byte
	b := make([]byte, 64)
	for {
		n, err := w.Read(b)
		got = append(got, b[:n]...)
		if err == io.EOF {
			break
		}
		if err != nil && !errors.Is(err, again{}) {
			t.Fatal(err)
		}
	}
	if string(got) != "abcdef" || d.out.Len() != 2+4+1 {
		t.Fatalf("%q, answered %x", got, d.out.Bytes())
	}
	for name, frame := range map[string][]byte{"masked": {0x82, 0x81}, "text": {0x81, 1}, "long ping": {0x89, 100}} {
		w := &wsclient.Conn{Conn: &drip{b: frame}}
		_, err := w.Read(b)
		for errors.Is(err, again{}) {
			_, err = w.Read(b)
		}
		if err == nil || err == io.EOF {
			t.Error(name, err)
		}
	}
}
