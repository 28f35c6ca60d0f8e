package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/millrace/millrace/internal/doctor"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/mqtt/wsclient"
	"github.com/millrace/millrace/internal/testkit"
	"github.com/millrace/millrace/internal/testkit/pki"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve answers connections until the test ends and returns the address.
func serve(t *testing.T, answer func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, conn)
			mu.Unlock()
			all.Go(func() { defer conn.Close(); answer(conn) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range open {
			c.Close()
		}
		mu.Unlock()
		all.Wait()
	})
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// script is a broker in few words: what it answers to each packet. Nothing is the end
// of the connection.
type script func(got packet.Packet, v packet.Version) []packet.Packet

func (s script) run(conn net.Conn) {
	t := &talk{conn: conn, version: packet.V311}
	for {
		got, err := t.receive(time.Now().Add(time.Minute))
		if err != nil {
			return
		}
		if c, ok := got.(*packet.Connect); ok {
			t.version = c.Version
		}
		answers := s(got, t.version)
		if answers == nil {
			return
		}
		for _, a := range answers {
			if a != nil && t.send(a, time.Minute) != nil {
				return
			}
		}
	}
}

// broker lets everybody in and sends back what is published.
func broker(got packet.Packet, _ packet.Version) []packet.Packet {
	switch p := got.(type) {
	case *packet.Connect:
		return []packet.Packet{&packet.Connack{}}
	case *packet.Subscribe:
		return []packet.Packet{&packet.Suback{ID: p.ID, Reasons: []byte{1}}}
	case *packet.Publish:
		return []packet.Packet{&packet.Ack{Kind: packet.TypePuback, ID: p.ID}, &packet.Publish{Topic: p.Topic, Payload: p.Payload, QoS: 1, ID: p.ID}}
	case packet.Pingreq:
		return []packet.Packet{packet.Pingresp{}}
	case *packet.Disconnect:
		return nil
	}
	return []packet.Packet{nil}
}

func target(at netip.AddrPort) doctor.Target {
	return doctor.Target{Host: at.Addr().String(), Port: int(at.Port()), Version: packet.V5, Path: "/mqtt"}
}

// look runs a probe and gives its findings, one a line.
func look(t *testing.T, o Options) string {
	t.Helper()
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	var b strings.Builder
	for _, f := range doctor.Examine(Run(t.Context(), o)).Findings {
		fmt.Fprintf(&b, "%s %s: %s\n", f.State, f.Check, f.Saw)
	}
	return b.String()
}

func expect(t *testing.T, have string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(have, w) {
			t.Errorf("no %q in\n%s", w, have)
		}
	}
}

func TestAWholeConnectionIsWell(t *testing.T) {
	o := Options{Target: target(serve(t, script(broker).run))}
	o.Target.Topic, o.Target.RoundTrip, o.Target.Wait = "a/b", true, 20*time.Millisecond
	have := look(t, o)
	expect(t, have, "ok name", "ok reach", "ok protocol", "ok credentials", "ok limits", "ok subscribe", "ok publish", "ok round trip: 5 messages", "ok idle")
	if strings.Contains(have, "fail") {
		t.Error(have)
	}
}

func TestNamesThatAreNotKnown(t *testing.T) {
	o := Options{Target: doctor.Target{Host: "nowhere", Port: 1, Version: packet.V5}}
	for err, want := range map[error]string{
		&net.DNSError{Err: "no such host", IsNotFound: true}: "fail name: no address is known for nowhere",
		&net.DNSError{Err: "i/o timeout", IsTimeout: true}:   "fail name: looking up nowhere took too long",
		errors.New("broken"): "fail name: nowhere cannot be looked up: broken",
	} {
		o.Resolver = func(context.Context, string) ([]netip.Addr, error) { return nil, err }
		expect(t, look(t, o), want)
	}
}

func TestRefusedIsToldFromSilence(t *testing.T) {
	at := netip.MustParseAddrPort(testkit.FreeAddr(t))
	expect(t, look(t, Options{Target: target(at)}), "fail reach: 127.0.0.1 port "+fmt.Sprint(at.Port())+": connection refused")
	silent := func(ctx context.Context, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }
	expect(t, look(t, Options{Target: target(at), Timeout: 10 * time.Millisecond, Dial: silent}), "fail reach: 127.0.0.1 port "+fmt.Sprint(at.Port())+": no answer within")
}

func TestTheFirstAddressThatAnswersIsUsed(t *testing.T) {
	at := serve(t, script(broker).run)
	o := Options{Target: target(at), Resolver: func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.9"), at.Addr()}, nil
	}}
	o.Target.Host = "two"
	expect(t, look(t, o), "ok name: two is 127.0.0.9, 127.0.0.1", "warn reach: 127.0.0.1", "127.0.0.9 does not: connection refused", "ok credentials")
}

func TestSilenceIsToldFromHangingUp(t *testing.T) {
	at := serve(t, func(c net.Conn) { _, _ = bufio.NewReader(c).ReadString(0xFF) })
	expect(t, look(t, Options{Target: target(at), Timeout: 50 * time.Millisecond}), "fail protocol: no answer to CONNECT within")
}

// upgrade is a WebSocket broker's door: it answers the handshake for /mqtt.
func upgrade(conn net.Conn) {
	asked, err := request(conn)
	switch {
	case err != nil:
		fmt.Fprint(conn, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
	case asked.URL.Path != "/mqtt":
		fmt.Fprintf(conn, "HTTP/1.1 404 Not Found\r\nDate: %s\r\nContent-Length: 0\r\n\r\n", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
	default:
		protocol := asked.Header.Get("Sec-WebSocket-Protocol")
		if asked.URL.Query().Has("other") {
			protocol = "other"
		}
		fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: %s\r\nSec-WebSocket-Accept: %s\r\n\r\n",
			protocol, wsclient.Accept(asked.Header.Get("Sec-WebSocket-Key")))
		// One unmasked frame with the CONNACK, whatever comes.
		ack := (&packet.Connack{}).Append(nil, packet.V5)
		_, _ = conn.Write(append([]byte{0x82, byte(len(ack))}, ack...))
		_, _ = bufio.NewReader(conn).ReadByte()
	}
}

// request reads an HTTP request; what begins otherwise is none.
func request(conn net.Conn) (*http.Request, error) {
	r := bufio.NewReader(conn)
	if first, err := r.Peek(1); err != nil || first[0] != 'G' {
		return nil, errors.New("no request")
	}
	return http.ReadRequest(r)
}

func web(conn net.Conn) {
	_, err := request(conn)
	status := "200 OK"
	if err != nil {
		status = "400 Bad Request"
	}
	fmt.Fprintf(conn, "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", status)
}

// Whatever speaks on a port is known when something else was asked for.
func TestEveryLanguageIsRecognisedOnTheWrongPort(t *testing.T) {
	ca := pki.New(t, "Plant CA")
	pair := ca.Server(t, nil, "localhost").TLS()
	inTLS := func(inner func(net.Conn)) func(net.Conn) {
		return func(c net.Conn) {
			s := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pair}})
			if s.Handshake() == nil {
				inner(s)
			}
		}
	}
	servers := map[string]func(net.Conn){
		"plain MQTT": script(broker).run, "TLS": inTLS(script(broker).run), "HTTP": web, "MQTT over WebSocket": upgrade,
		"HTTPS": inTLS(web), "MQTT over secure WebSocket": inTLS(upgrade), "MQTT over TLS": inTLS(script(broker).run),
		"nothing": func(c net.Conn) {},
	}
	for _, c := range []struct{ asked, speaks, says string }{
		{"tcp", "TLS", "speaks TLS"}, {"tcp", "HTTP", "speaks HTTP"}, {"tcp", "MQTT over WebSocket", "speaks MQTT over WebSocket"},
		{"tcp", "nothing", "fail protocol: the connection is closed before any answer"},
		{"tls", "plain MQTT", "speaks plain MQTT"}, {"tls", "HTTP", "speaks HTTP"}, {"tls", "HTTPS", "speaks HTTPS"},
		{"tls", "MQTT over WebSocket", "speaks MQTT over WebSocket"}, {"tls", "MQTT over secure WebSocket", "speaks MQTT over secure WebSocket"},
		{"tls", "nothing", "fail tls: port"},
		{"ws", "plain MQTT", "speaks plain MQTT"}, {"ws", "TLS", "speaks TLS"}, {"ws", "HTTP", "fail websocket: /mqtt answers with HTTP status 200"},
		{"wss", "MQTT over TLS", "speaks MQTT over TLS"}, {"wss", "plain MQTT", "speaks plain MQTT"}, {"wss", "HTTPS", "HTTP status 200"},
		{"ws", "MQTT over WebSocket", "ok credentials"}, {"wss", "MQTT over secure WebSocket", "ok credentials"},
	} {
		o := Options{Target: target(serve(t, servers[c.speaks]))}
		o.Target.TLS, o.Target.WebSocket = strings.HasSuffix(c.asked, "s") && c.asked != "ws", strings.HasPrefix(c.asked, "ws")
		o.Target.Roots = ca.Pool()
		t.Run(c.asked+" on "+c.speaks, func(t *testing.T) { expect(t, look(t, o), c.says) })
	}
}

func TestPathsAndSubprotocolsOfWebSockets(t *testing.T) {
	o := Options{Target: target(serve(t, upgrade))}
	o.Target.WebSocket, o.Target.Path = true, "/other"
	expect(t, look(t, o), "fail websocket: /other answers with HTTP status 404", "warn clock: the broker's is", "ahead of this machine's")
	o.Target.Path = "/mqtt?other"
	expect(t, look(t, o), `it says "other"`)
}

// The door of a TLS server tells what it thinks of our certificate, in both versions.
func TestClientCertificatesAreAskedForAndRefused(t *testing.T) {
	ca, other := pki.New(t, "Plant CA"), pki.New(t, "Other CA")
	pair := ca.Server(t, nil, "localhost").TLS()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		at := serve(t, func(c net.Conn) {
			s := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool(), MinVersion: version, MaxVersion: version})
			if s.Handshake() == nil {
				script(broker).run(s)
			}
		})
		o := Options{Target: target(at)}
		o.Target.TLS, o.Target.Roots = true, ca.Pool()
		expect(t, look(t, o), "fail client certificate: the broker wants one, and none was given")
		o.Target.Certificate = true
		o.Certificates = []tls.Certificate{other.Client(t, nil, "press-7").TLS()}
		expect(t, look(t, o), "fail client certificate: the broker does not take ours")
		o.Certificates = []tls.Certificate{ca.Client(t, nil, "press-7").TLS()}
		expect(t, look(t, o), "ok client certificate: asked for and shown", "ok credentials")
	}
}

func TestVersionsOfTLSThatNobodyShares(t *testing.T) {
	pair := pki.New(t, "Plant CA").Server(t, nil, "localhost").TLS()
	at := serve(t, func(c net.Conn) {
		_ = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}).Handshake()
	})
	o := Options{Target: target(at)}
	o.Target.TLS = true
	expect(t, look(t, o), "fail tls: the broker refuses the version of TLS: protocol version not supported")
}

// Who cannot show who they are is told no password.
func TestNoPasswordIsSaidToStrangers(t *testing.T) {
	ca := pki.New(t, "Plant CA")
	said := make(chan []byte, 10)
	listening := func(got packet.Packet, v packet.Version) []packet.Packet {
		if c, ok := got.(*packet.Connect); ok {
			said <- slices.Clone(c.Password)
		}
		return broker(got, v)
	}
	for name, leaf := range map[string]*pki.Leaf{
		"certificate name":  ca.Server(t, func(c *x509.Certificate) { c.IPAddresses = nil }, "broker.local"),
		"certificate dates": ca.Server(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, "localhost"),
		"certificate chain": pki.New(t, "Other CA").Server(t, nil, "localhost"),
	} {
		at := serve(t, func(c net.Conn) {
			s := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{leaf.TLS()}})
			if s.Handshake() == nil {
				script(listening).run(s)
			}
		})
		o := Options{Target: target(at), Password: []byte("secret")}
		o.Target.TLS, o.Target.Roots, o.Target.Username = true, ca.Pool(), "press-7"
		expect(t, look(t, o), "fail "+name+":", "skipped credentials")
		if len(said) > 0 {
			t.Fatalf("%s: the broker was told %q", name, <-said)
		}
		o.Target.Insecure = true
		expect(t, look(t, o), "warn "+name+":", "ok credentials")
		if got := <-said; string(got) != "secret" {
			t.Errorf("%s, insecure: told %q", name, got)
		}
	}
}

// Old brokers answer in their own way, or hang up.
func TestOlderVersionsAreTried(t *testing.T) {
	only := func(old packet.Version, how func(net.Conn, packet.Version)) func(net.Conn) {
		return func(c net.Conn) {
			t := &talk{conn: c, version: packet.V311}
			got, err := t.receive(time.Now().Add(time.Minute))
			if hello, ok := got.(*packet.Connect); err == nil && ok {
				if hello.Version > old {
					how(c, hello.Version)
					return
				}
				t.version = hello.Version
				_ = t.send(&packet.Connack{}, time.Minute)
				_, _ = t.receive(time.Now().Add(time.Minute))
			}
		}
	}
	hangUp := func(net.Conn, packet.Version) {}
	inOld := func(c net.Conn, _ packet.Version) {
		_, _ = c.Write((&packet.Connack{Reason: packet.UnsupportedVersion}).Append(nil, packet.V311))
	}
	inNew := func(c net.Conn, v packet.Version) {
		_, _ = c.Write((&packet.Connack{Reason: packet.UnsupportedVersion}).Append(nil, v))
	}
	for _, old := range []packet.Version{packet.V311, packet.V31} {
		for _, how := range []func(net.Conn, packet.Version){hangUp, inOld, inNew} {
			o := Options{Target: target(serve(t, only(old, how)))}
			expect(t, look(t, o), "warn version: the broker does not take MQTT 5.0, but "+old.String(), "ok credentials")
		}
	}
}

func TestEveryRefusalIsPassedOn(t *testing.T) {
	for reason, want := range map[byte]string{
		packet.BadUserNameOrPassword: "fail credentials", packet.NotAuthorized: "fail credentials", packet.Banned: "fail ban", packet.ClientIDNotValid: "fail client id",
		packet.ServerBusy: "fail limits", packet.QuotaExceeded: "fail limits", packet.ConnectionRate: "fail limits", packet.UseAnotherServer: "fail redirect",
	} {
		at := serve(t, script(func(packet.Packet, packet.Version) []packet.Packet {
			return []packet.Packet{&packet.Connack{Reason: reason, ReasonString: []byte("because")}}
		}).run)
		expect(t, look(t, Options{Target: target(at)}), want, `the broker says: "because"`)
	}
}

func TestAnotherClientOfTheSameNameIsNoticed(t *testing.T) {
	at := serve(t, script(func(got packet.Packet, v packet.Version) []packet.Packet {
		if c, ok := got.(*packet.Connect); ok && string(c.ClientID) != "press-7" {
			return nil
		}
		return []packet.Packet{&packet.Connack{}, &packet.Disconnect{Reason: packet.SessionTakenOver}}
	}).run)
	o := Options{Target: target(at)}
	o.Target.ClientID, o.Target.TakeOver = "press-7", true
	expect(t, look(t, o), `fail client id: another client took the identifier "press-7" over`)
}

func TestRightsAndRoundTrips(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(packet.Packet) []packet.Packet
		want   string
	}{
		"subscribe": {func(got packet.Packet) []packet.Packet {
			if s, ok := got.(*packet.Subscribe); ok {
				return []packet.Packet{&packet.Suback{ID: s.ID, Reasons: []byte{packet.NotAuthorized}}}
			}
			return nil
		}, "fail subscribe: a/b is not allowed"},
		"publish": {func(got packet.Packet) []packet.Packet {
			if p, ok := got.(*packet.Publish); ok {
				return []packet.Packet{&packet.Ack{Kind: packet.TypePuback, ID: p.ID, Reason: packet.NotAuthorized}}
			}
			return nil
		}, "fail publish: a/b is not allowed"},
		"good-bye": {func(got packet.Packet) []packet.Packet {
			if _, ok := got.(*packet.Publish); ok {
				return []packet.Packet{&packet.Disconnect{Reason: packet.NotAuthorized}}
			}
			return nil
		}, "fail publish: the connection is ended on a/b"},
		"no way back": {func(got packet.Packet) []packet.Packet {
			if p, ok := got.(*packet.Publish); ok {
				return []packet.Packet{&packet.Ack{Kind: packet.TypePuback, ID: p.ID}}
			}
			return nil
		}, "fail round trip: 0 came back"},
	} {
		at := serve(t, script(func(got packet.Packet, v packet.Version) []packet.Packet {
			if a := c.answer(got); a != nil {
				return a
			}
			return broker(got, v)
		}).run)
		o := Options{Target: target(at)}
		if name == "no way back" {
			o.Timeout = time.Second
		}
		o.Target.Topic, o.Target.RoundTrip = "a/b", true
		t.Run(name, func(t *testing.T) {
			have := look(t, o)
			expect(t, have, c.want)
			if name == "subscribe" || name == "publish" {
				expect(t, have, "skipped round trip: not tried without the right")
			}
		})
	}
}

func TestSilentConnectionsThatAreCut(t *testing.T) {
	cut := func(how func(net.Conn)) netip.AddrPort {
		return serve(t, func(c net.Conn) {
			t := &talk{conn: c, version: packet.V5}
			if _, err := t.receive(time.Now().Add(time.Minute)); err == nil && t.send(&packet.Connack{}, time.Minute) == nil {
				how(c)
			}
		})
	}
	o := Options{Target: target(cut(func(net.Conn) {}))}
	o.Target.Wait = time.Minute
	expect(t, look(t, o), "fail idle: the silent connection was cut after")

	deaf := cut(func(c net.Conn) { _, _ = bufio.NewReader(c).ReadString(0xFF) })
	o.Target, o.Timeout = target(deaf), time.Second
	o.Target.Wait = 10 * time.Millisecond
	expect(t, look(t, o), "fail idle: after 10ms of silence nothing comes through")

	ended := cut(func(c net.Conn) {
		_, _ = c.Write((&packet.Disconnect{Reason: packet.KeepAliveTimeout}).Append(nil, packet.V5))
	})
	o.Target = target(ended)
	o.Target.Wait = time.Minute
	expect(t, look(t, o), "fail idle: the broker ended the silent connection", "Keep Alive timeout")
}

// Whatever a server sends is judged, and none of it ends this program.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\n\r\n"))
	f.Add((&packet.Connack{}).Append(nil, packet.V5))
	f.Add([]byte{0x20, 0xFF, 0xFF, 0xFF, 0x7F})
	f.Add([]byte{0x15, 3, 1, 0, 2, 2, 70})
	f.Fuzz(func(t *testing.T, answer []byte) {
		ours, theirs := net.Pipe()
		go func() { _, _ = theirs.Write(answer); theirs.Close() }()
		talking := &talk{conn: ours, version: packet.V5}
		for {
			if _, err := talking.receive(time.Now().Add(time.Second)); err != nil {
				break
			}
		}
		ours.Close()
	})
}
