package broker

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker/certs"
	"github.com/millrace/millrace/internal/broker/pace"
	"github.com/millrace/millrace/internal/broker/websocket"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/testkit/pki"
	"github.com/millrace/millrace/internal/testkit/wsconn"
)

// ways is a broker that can be come to by every way.
type ways struct {
	*Broker
	ca     *pki.Authority
	client *pki.Leaf
}

func openWays(t *testing.T, o Options) *ways {
	t.Helper()
	dir := t.TempDir()
	w := &ways{ca: pki.New(t, "Plant CA")}
	w.client = w.ca.Client(t, nil, "press-7")
	crt, key := w.ca.Server(t, nil, "localhost").Files(t, dir)
	secure := &certs.Options{Pairs: []certs.Pair{{Certificate: crt, Key: key}}, ClientCA: []string{w.ca.File(t, dir)}, ClientAuth: certs.OptionalCertificate}
	here := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	o.Listeners = []Listener{
		{Name: "tcp"}, {Name: "tls", TLS: secure}, {Name: "ws", WebSocket: &websocket.Options{}, Proxies: here},
		{Name: "wss", TLS: secure, WebSocket: &websocket.Options{}},
		{Name: "unix", Unix: true, Address: filepath.Join(dir, "s")},
		{Name: "proxied", ProxyProtocol: true, Proxies: here},
	}
	for i := range o.Listeners {
		o.Listeners[i].AnonymousLocal = true
	}
	w.Broker = start(t, o)
	return w
}

// come connects by the listener of that name.
func (w *ways) come(t *testing.T, name string, v packet.Version) *raw {
	t.Helper()
	d, err := w.doorNamed(name)
	if err != nil {
		t.Fatal(err)
	}
	nc, err := net.Dial(d.listener.Addr().Network(), d.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(patience))
	if d.kind == "tls" || d.kind == "wss" {
		secure := tls.Client(nc, &tls.Config{RootCAs: w.ca.Pool(), ServerName: "localhost", Certificates: []tls.Certificate{w.client.TLS()}})
		if err := secure.Handshake(); err != nil {
			t.Fatal(err)
		}
		nc = secure
	}
	if name == "proxied" {
		_, _ = io.WriteString(nc, "PROXY TCP4 203.0.113.9 10.0.0.1 4711 1883\r\n")
	}
	if d.kind == "ws" || d.kind == "wss" {
		var forwarded []string
		if d.proxied {
			forwarded = []string{"X-Forwarded-For: 203.0.113.9"}
		}
		if nc, err = wsconn.Client(nc, "/mqtt", forwarded...); err != nil {
			t.Fatal(err)
		}
	}
	return &raw{t: t, nc: nc, version: v}
}

func (c *raw) enterAs(id string) {
	c.t.Helper()
	c.write(connectBytes(c.version, id, nil))
	if a := expect[*packet.Connack](c); a.Reason != packet.Success {
		c.t.Fatalf("%s: CONNACK %s", id, packet.ReasonName(a.Reason))
	}
}

func TestOneSessionByEveryWay(t *testing.T) {
	w := openWays(t, Options{})
	plain := enter(t, w.Broker, packet.V5, "plain")
	plain.subscribe("a", 2)
	payload := string(bytes.Repeat([]byte("0123456789"), 10_000))
	for _, name := range []string{"tcp", "tls", "ws", "wss", "unix", "proxied"} {
		for _, v := range []packet.Version{packet.V31, packet.V311, packet.V5} {
			// Four identifiers, so that connections move between loops or do not.
			for i := range 4 {
				c := w.come(t, name, v)
				c.enterAs(name + string(rune('a'+i)))
				c.subscribe("b", 1)
				c.send(publish("a", payload, 1, 7), packet.Pingreq{})
				expect[*packet.Ack](c)
				expect[packet.Pingresp](c)
				m := expect[*packet.Publish](plain)
				if len(m.Payload) != len(payload) {
					t.Fatalf("%s: %d bytes", name, len(m.Payload))
				}
				plain.send(&packet.Ack{Kind: packet.TypePuback, ID: m.ID}, publish("b", payload, 0, 0))
				if m := expect[*packet.Publish](c); string(m.Payload) != payload {
					t.Fatalf("%s: %d bytes back", name, len(m.Payload))
				}
				again := w.come(t, name, v) // takes over
				again.enterAs(name + string(rune('a'+i)))
				if v == packet.V5 {
					expect[*packet.Disconnect](c)
				}
				c.closed()
				again.send(&packet.Disconnect{})
				again.closed()
			}
		}
	}
	for _, l := range w.Listeners() {
		want := uint64(24)
		if l.Name == "tcp" {
			want++
		}
		if l.BytesIn < 12*100_000 || l.BytesOut < 12*100_000 {
			t.Errorf("%s: %d bytes in, %d out", l.Name, l.BytesIn, l.BytesOut)
		}
		if l.Accepted != want || len(l.Refused) != 0 || !l.Listening {
			t.Errorf("%+v", l)
		}
		if secure := l.Kind == "tls" || l.Kind == "wss"; secure != (l.Certificates != nil) || secure && (l.Handshakes == nil || l.HandshakeTime == 0 || l.Certificates.Expires.IsZero()) {
			t.Errorf("%s: %+v", l.Name, l)
		}
	}
}

func TestWhoAClientIsByItsConnection(t *testing.T) {
	w := openWays(t, Options{})
	for _, c := range []struct{ way, remote, name string }{
		{"tls", "127.0.0.1", "press-7"}, {"wss", "127.0.0.1", "press-7"}, {"ws", "203.0.113.9", ""}, {"proxied", "203.0.113.9", ""}, {"tcp", "127.0.0.1", ""},
	} {
		r := w.come(t, c.way, packet.V5)
		r.enterAs("client-" + c.way)
		found := false
		err := w.tell(t.Context(), w.homeOf("client-"+c.way), func(worker *worker) {
			if x := worker.clients["client-"+c.way]; x != nil {
				found = true
				remote, name := x.conn.RemoteAddrPort(), certificateName(x.conn)
				if remote.Addr().String() != c.remote || name != c.name || x.door.name != c.way {
					t.Errorf("%s: %v, %q, by %s", c.way, remote, name, x.door.name)
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if !found {
			t.Errorf("%s: no such client", c.way)
		}
	}
}

func TestAListenerStopsAndStarts(t *testing.T) {
	w := openWays(t, Options{})
	stays := w.come(t, "tls", packet.V5)
	stays.enterAs("stays")
	door, _ := w.doorNamed("tls")
	address := door.listener.Addr().String()
	if err := w.StopListener("tls"); err != nil {
		t.Fatal(err)
	}
	if nc, err := net.Dial("tcp", address); err == nil {
		_ = nc.Close()
		t.Fatal("still listening")
	}
	if s := w.Listeners()[1]; s.Listening || s.Open != 1 || s.Address != address {
		t.Errorf("%+v", s)
	}
	if err := w.StartListener(t.Context(), "tls"); err != nil {
		t.Fatal(err)
	}
	w.come(t, "tls", packet.V5).enterAs("comes")
	stays.send(packet.Pingreq{})
	expect[packet.Pingresp](stays)
	if names, err := w.ReloadCertificates(); err != nil || len(names) != 2 {
		t.Error(names, err)
	}
	if err := w.StopListener("none"); fault.CodeOf(err) != fault.NotFound {
		t.Error(err)
	}
}

func TestWhatBreaksTheCodecsRulesIsCounted(t *testing.T) {
	w := openWays(t, Options{})
	c := w.come(t, "ws", packet.V5)
	c.enterAs("talks")
	_, _ = c.nc.(*wsconn.Conn).Conn.Write(wsconn.Frame(0x81, []byte("text")))
	c.closed()
	eventually(t, "counted", func() bool { return w.Stats().Closed[fault.WebSocket] == 1 })
	_, _ = w.come(t, "ws", packet.V5).nc.(*wsconn.Conn).Conn.Write(wsconn.Frame(0x81, []byte("text")))
	eventually(t, "counted with its listener", func() bool {
		return w.Stats().Refused[fault.WebSocket] == 1 && w.Listeners()[2].Refused[fault.WebSocket] == 1
	})
	nc, err := net.Dial("tcp", w.Listeners()[1].Address)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	_, _ = io.WriteString(nc, "\x10\x0c\x00\x04MQTT\x04\x02\x00\x00\x00\x00")
	eventually(t, "counted", func() bool {
		return w.Stats().Refused[fault.TLS] == 1 && w.Listeners()[1].Refused[fault.TLS] == 1
	})
}

// The close frame of a WebSocket says why, where MQTT's DISCONNECT cannot or does.
func TestAWebSocketIsToldWhyItIsClosed(t *testing.T) {
	connect := connectBytes(packet.V5, "c", nil)
	for _, transport := range []Transport{"", Portable} {
		w := openWays(t, Options{Transport: transport, Authenticator: strict{}})
		for _, way := range []string{"ws", "wss"} {
			for name, c := range map[string]struct {
				send []byte
				code uint16
			}{
				"a broken packet":         {[]byte{0xC0, 0}, 1002},
				"who may not come in":     {connect, 1008},
				"a second CONNECT":        {join(connect, connect), 1002},
				"one who leaves in order": {join(connect, []byte{0xE0, 0}), 1000},
			} {
				if in := way == "wss"; in == (c.code == 1008) || !in && len(c.send) > len(connect) {
					continue // at wss everybody may come in, at ws nobody
				}
				conn := w.come(t, way, packet.V5)
				conn.write(c.send)
				all, _ := io.ReadAll(conn.nc.(*wsconn.Conn).Conn)
				if !bytes.HasSuffix(all, []byte{0x88, 2, byte(c.code >> 8), byte(c.code)}) {
					t.Errorf("%q, %s: %s: % x", transport, way, name, all)
				}
			}
		}
	}
}

// A WebSocket is told to come back later when the node ends, or has too much to do.
func TestAWebSocketIsToldWhenToComeBack(t *testing.T) {
	w := openWays(t, Options{Now: newClock().now, TotalRates: pace.Rates{Connects: perSecond(2, 2)}, Zone: Zone{OverRate: Refuse}})
	ends := func(c *raw, way string, code uint16) {
		defer c.nc.Close()
		all, _ := io.ReadAll(c.nc.(*wsconn.Conn).Conn)
		if !bytes.HasSuffix(all, []byte{0x88, 2, byte(code >> 8), byte(code)}) {
			t.Errorf("%s, %d: % x", way, code, all)
		}
	}
	in := map[string]*raw{"ws": w.come(t, "ws", packet.V5), "wss": w.come(t, "wss", packet.V5)}
	for way, c := range in {
		c.enterAs("in-" + way)
	}
	for way := range in {
		c := w.come(t, way, packet.V5)
		c.write(connectBytes(packet.V5, "too-many-"+way, nil))
		ends(c, way, 1013)
	}
	ended := make(chan error)
	go func() { ended <- stop(w.Broker) }()
	for way, c := range in {
		ends(c, way, 1001)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestATransportThatIsNone(t *testing.T) {
	if _, err := New(Options{Transport: "carrier pigeon"}); fault.CodeOf(err) != fault.Invalid {
		t.Error(err)
	}
}
