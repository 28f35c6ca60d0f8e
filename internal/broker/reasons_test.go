package broker

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker/ban"
	"github.com/millrace/millrace/internal/broker/certs"
	"github.com/millrace/millrace/internal/broker/limit"
	"github.com/millrace/millrace/internal/broker/pace"
	"github.com/millrace/millrace/internal/broker/refused"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/broker/websocket"
	"github.com/millrace/millrace/internal/broker/why"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/testkit/pki"
)

// inquired is a broker of which it is asked why.
type inquired struct {
	*Broker
	t       *testing.T
	refused *refused.Store
	pub     *raw
}

func inquire(t *testing.T, o Options) *inquired {
	k := &inquired{t: t, refused: refused.New(0, 0)}
	o.Refused = k.remember
	k.Broker = start(t, o)
	return k
}

func (k *inquired) remember(r Refusal) {
	k.refused.Add(refused.Refusal{At: r.At, Client: r.Client, User: r.User, Address: r.Address, Listener: r.Listener, Admitted: r.Admitted, Code: r.Code, Text: r.Text})
}

// why asks as millrace why does, but for the log.
func (k *inquired) why(client, topic string) why.Answer {
	k.t.Helper()
	settle(k.Broker)
	ctx := k.t.Context()
	s, here, err := k.Standing(ctx, client)
	if err != nil {
		k.t.Fatal(err)
	}
	parts, err := k.Recordings(ctx)
	if err != nil {
		k.t.Fatal(err)
	}
	var loops []why.Loop
	for _, p := range parts {
		loops = append(loops, why.Loop{Segments: p.Segments, From: p.From, Forgot: p.Forgot})
	}
	kept := func(number uint8) string { return fmt.Sprint("stream", number) }
	f := why.Gather(why.Question{Client: client, Topic: topic, Since: why.Everything, Most: 10}, loops, k.LoopOf(client), s.Conn, why.Names{Kept: kept, Logged: k.StreamName})
	if here {
		f.Standing = &why.Standing{Loop: s.Loop, Conn: s.Conn, Connected: s.Connected, Since: s.Since, Lasting: s.Lasting, Durable: s.Durable, Inflight: s.Inflight, Queued: s.Queued, Streams: map[string]why.Progress{}}
		for _, x := range s.Subscribed {
			f.Standing.Subscribed = append(f.Standing.Subscribed, why.Subscription(x))
		}
		for name, p := range s.Streams {
			f.Standing.Streams[name] = why.Progress(p)
		}
	}
	names, err := k.Named(ctx, f.Unnamed())
	if err != nil {
		k.t.Fatal(err)
	}
	f.Name(names)
	f.Now = k.options.Now().UnixNano()
	all, _ := k.refused.List(refused.Query{}, k.options.Now())
	for _, r := range all {
		x := why.Refusal{At: r.LastAt.UnixNano(), Address: r.From(), Listener: r.Listener, Admitted: r.Admitted, Code: r.Code, Text: r.Text}
		if r.Client == shown(client) {
			f.Refusals = append(f.Refusals, x)
		} else if r.Client == "" {
			f.Nameless = append(f.Nameless, x)
		}
	}
	return why.Tell(f)
}

// enter connects a client that ends with its connection.
func (k *inquired) enter(id string) *raw { return enter(k.t, k.Broker, packet.V5, id) }

// publish publishes with QoS 1 from one publisher, in turn, and waits for the answers.
func (k *inquired) publish(topics ...string) {
	if k.pub == nil {
		k.pub = k.enter("pub")
	}
	for i, name := range topics {
		k.pub.send(publish(name, "payload", 1, uint16(i+1)))
		expect[*packet.Ack](k.pub)
	}
}

// closes enters a client, does something that closes it, publishes, and asks.
func (k *inquired) closes(what func(c *raw)) why.Answer {
	c := k.enter("c")
	c.subscribe("a", 1)
	what(c)
	c.untilClosed()
	k.publish("a")
	return k.why("c", "a")
}

func (c *raw) untilClosed() {
	c.t.Helper()
	for {
		if _, err := c.read(); isClosed(err) {
			return
		} else if err != nil {
			c.t.Fatal(err)
		}
	}
}

// turnedAway sends bytes to the broker, until it closes, and asks about the client c.
func (k *inquired) turnedAway(first []byte) why.Answer {
	c := dial(k.t, k.Broker, packet.V5)
	if len(first) > 0 {
		c.write(first)
	}
	_, _ = io.Copy(io.Discard, c.nc)
	eventually(k.t, "it is refused", func() bool { _, n := k.refused.List(refused.Query{}, k.options.Now()); return n > 0 })
	return k.why("c", "a")
}

// verdicts answers every login with that fault.
type verdicts struct{ expiring }

func (verdicts) Authenticate(l *Login, _ func(Verdict)) (Verdict, bool) {
	for _, c := range fault.Codes() {
		if c.String() == string(l.Username) {
			return Verdict{Err: fault.New(c, "No.")}, true
		}
	}
	return Verdict{Identity: &Identity{}}, true
}

// byLogin is a client whom the Authenticator refuses for that reason.
func byLogin(code fault.Code) func(*testing.T) why.Answer {
	return func(t *testing.T) why.Answer {
		k := inquire(t, Options{Authenticator: verdicts{}})
		return k.turnedAway(connectBytes(packet.V5, "c", func(p *packet.Connect) { p.Username = []byte(code.String()) }))
	}
}

// byLog is a message that the log refuses.
func byLog(code fault.Code) func(*testing.T) why.Answer {
	return func(t *testing.T) why.Answer {
		log := &fakeLog{prefix: "a"}
		log.release(fault.New(code, "The log says no."))
		k := inquire(t, Options{Keeper: log})
		k.publish("a")
		return k.why("sub", "a")
	}
}

// byQueue publishes to a client that acknowledges nothing and has room for one message
// beside one in flight.
func byQueue(policy session.Policy, about string) func(*testing.T) why.Answer {
	return func(t *testing.T) why.Answer {
		k := inquire(t, Options{Zone: Zone{Inflight: 1, Queue: 1, QueuePolicy: policy}})
		k.enter("sub").subscribe("#", 1)
		k.publish("a/1", "a/2", "a/3")
		return k.why("sub", about)
	}
}

// byRights is a client whose user changes while it is in.
func byRights(code fault.Code) func(*testing.T) why.Answer {
	return func(t *testing.T) why.Answer {
		g := newGatekeeper()
		k := inquire(t, Options{Authenticator: g, Authorizer: g})
		c := comeAs(t, k.Broker, packet.V5, "c", "anna")
		c.subscribe("a", 1)
		g.set("anna", fault.New(code, "Changed."))
		k.Reauthorize()
		c.untilClosed()
		k.pub = comeAs(t, k.Broker, packet.V5, "pub", "inner")
		k.publish("a")
		return k.why("c", "a")
	}
}

// bySubscribe is a client whose subscription is refused.
func bySubscribe(o Options, filters ...string) func(*testing.T) why.Answer {
	return func(t *testing.T) why.Answer {
		k := inquire(t, o)
		c := k.enter("c")
		for i, f := range filters {
			c.send(&packet.Subscribe{ID: uint16(i + 1), Filters: []packet.Subscription{{Filter: []byte(f), QoS: 1}}})
			expect[*packet.Suback](c)
		}
		k.publish("a/b/c")
		return k.why("c", "a/b/c")
	}
}

func loopback() []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }

// byTLS comes to a listener with TLS whose client certificates are revoked.
func byTLS(handshake time.Duration, come func(*testing.T, net.Conn, *pki.Authority, *pki.Leaf)) func(*testing.T) why.Answer {
	return func(t *testing.T) why.Answer {
		ca, dir := pki.New(t, "Plant CA"), t.TempDir()
		crt, key := ca.Server(t, nil, "localhost").Files(t, dir)
		leaf := ca.Client(t, nil, "c")
		crl := pki.Write(t, filepath.Join(dir, "crl"), "X509 CRL", ca.Revoke(t, time.Now().Add(time.Hour), leaf))
		o := &certs.Options{Pairs: []certs.Pair{{Certificate: crt, Key: key}}, ClientCA: []string{ca.File(t, dir)}, ClientAuth: certs.RequiredCertificate, RevocationLists: []string{crl}}
		k := inquire(t, Options{Listeners: []Listener{{TLS: o, HandshakeTimeout: handshake, Anonymous: true}}})
		c := dial(t, k.Broker, packet.V5)
		come(t, c.nc, ca, leaf)
		eventually(t, "it is refused", func() bool { return len(k.Stats().Refused) > 0 })
		return k.why("c", "a")
	}
}

// reasons provokes each reason on a broker and asks why.
var reasons = map[fault.Code]func(*testing.T) why.Answer{
	fault.NoSubscriber: func(t *testing.T) why.Answer {
		k := inquire(t, Options{})
		k.publish("a")
		return k.why("pub", "a")
	},
	fault.Away: func(t *testing.T) why.Answer {
		k := inquire(t, Options{})
		sub, _ := come(t, k.Broker, "sub", 100, nil)
		sub.subscribe("a", 1)
		sub.drop(k.Broker)
		k.enter("pub").send(publish("a", "x", 0, 0))
		eventually(t, "it is dropped", func() bool { return k.Stats().Dropped[fault.Away] == 1 })
		return k.why("sub", "a")
	},
	fault.QueueFull:    byQueue(session.DropNewest, "a/3"),
	fault.QueueOldest:  byQueue(session.DropOldest, "a/2"),
	fault.QueueOverrun: byQueue(session.Disconnect, "a/3"),
	fault.QueueQoS0: func(t *testing.T) why.Answer {
		k := inquire(t, Options{Zone: Zone{Queue: 1, QueuePolicy: session.DropQoS0First, QueueQoS0: true}})
		sub, _ := come(t, k.Broker, "sub", 100, nil)
		sub.subscribe("#", 1)
		sub.drop(k.Broker)
		k.pub = k.enter("pub")
		k.pub.send(publish("zero", "x", 0, 0))
		k.publish("one")
		return k.why("sub", "zero")
	},
	fault.QueueMemory: func(t *testing.T) why.Answer {
		k := inquire(t, Options{Loops: 1, SessionBytes: 10_000, Zone: Zone{Inflight: 1}})
		k.enter("sub").subscribe("#", 1)
		k.pub = k.enter("pub")
		for i := range 30 {
			k.pub.send(publish(fmt.Sprint("a/", i), string(make([]byte, 1000)), 1, uint16(i+1)))
			expect[*packet.Ack](k.pub)
		}
		return k.why("sub", "a/29")
	},
	fault.SlowReader: func(t *testing.T) why.Answer {
		k := inquire(t, Options{Loops: 1, Zone: Zone{OutputBuffer: 1}})
		k.enter("sub").subscribe("#", 0)
		k.pub = k.enter("pub")
		for k.Stats().Dropped[fault.SlowReader] == 0 { // the two may come in two turns, and either be dropped
			k.pub.send(publish("b", "x", 0, 0), publish("b", "x", 0, 0), packet.Pingreq{})
			expect[packet.Pingresp](k.pub)
		}
		return k.why("sub", "b")
	},
	fault.Expired: func(t *testing.T) why.Answer {
		clock := newClock()
		k := inquire(t, Options{Now: clock.now})
		sub, _ := come(t, k.Broker, "sub", 100, nil)
		sub.subscribe("a", 1)
		sub.drop(k.Broker)
		p := publish("a", "x", 1, 1)
		p.HasExpiry, p.Expiry = true, 1
		pub := k.enter("pub")
		pub.send(p)
		expect[*packet.Ack](pub)
		settle(k.Broker)
		clock.forward(2 * time.Second)
		come(t, k.Broker, "sub", 100, nil)
		return k.why("sub", "a")
	},
	fault.PacketTooLarge: func(t *testing.T) why.Answer {
		k := inquire(t, Options{})
		sub, _ := come(t, k.Broker, "sub", 0, func(p *packet.Connect) { p.MaximumPacketSize = 200 })
		sub.subscribe("a", 1)
		k.pub = k.enter("pub")
		k.pub.send(publish("a", string(make([]byte, 300)), 1, 1))
		expect[*packet.Ack](k.pub)
		return k.why("sub", "a")
	},
	fault.SessionEnded: func(t *testing.T) why.Answer {
		k := inquire(t, Options{})
		sub, _ := come(t, k.Broker, "sub", 100, nil)
		sub.subscribe("a", 1)
		sub.drop(k.Broker)
		k.publish("a")
		come(t, k.Broker, "sub", 0, func(p *packet.Connect) { p.CleanStart = true })
		return k.why("sub", "a")
	},
	fault.Retention: func(t *testing.T) why.Answer {
		k := &inquired{t: t, refused: refused.New(0, 0)}
		k.Broker, _ = newDisk().node(t, Options{Backlog: Backlog{Messages: 5}, Zone: Zone{Queue: 2}})
		sub, _ := come(t, k.Broker, "sub", 100, nil)
		sub.subscribe("kept/#", 1)
		sub.drop(k.Broker)
		k.pub = k.enter("pub")
		for i := range 200 {
			k.publish(fmt.Sprint("kept/", i))
		}
		eventually(t, "some are given up", func() bool { k.tick(); return k.Stats().Dropped[fault.Retention] > 100 })
		return k.why("sub", "kept/50")
	},
	fault.AccessDenied: func(t *testing.T) why.Answer {
		g := newGatekeeper()
		g.deny("a")
		k := inquire(t, Options{Authenticator: g, Authorizer: g})
		k.pub = comeAs(t, k.Broker, packet.V5, "pub", "inner")
		k.publish("a")
		return k.why("sub", "a")
	},
	fault.AccessRevoked: func(t *testing.T) why.Answer {
		g := newGatekeeper()
		k := inquire(t, Options{Authenticator: g, Authorizer: g, Zone: Zone{Inflight: 1}})
		comeAs(t, k.Broker, packet.V5, "sub", "anna").subscribe("a/#", 1)
		k.pub = comeAs(t, k.Broker, packet.V5, "pub", "inner")
		k.publish("a/1", "a/2")
		g.deny("a/#")
		k.Reauthorize()
		eventually(t, "it is dropped", func() bool { return k.Stats().Dropped[fault.AccessRevoked] == 1 })
		return k.why("sub", "a/2")
	},
	fault.RateExceeded: func(t *testing.T) why.Answer {
		clock := newClock()
		k := inquire(t, Options{Now: clock.now, Zone: Zone{OverRate: Refuse, Rates: pace.Rates{Messages: perSecond(1, 1)}}})
		k.publish("b", "a")
		return k.why("sub", "a")
	},
	fault.MemoryGuard: func(t *testing.T) why.Answer {
		var b *Broker
		k := &inquired{t: t, refused: refused.New(0, 0)}
		b = start(t, Options{Zone: Zone{Inflight: 1, Queue: 1 << 20, QueueBytes: 64 << 20}, Memory: MemoryOptions{Used: func() uint64 { return uint64(max(b.queued.Load(), 0)) }}})
		k.Broker = b
		k.enter("sub").subscribe("#", 1)
		k.pub = k.enter("pub")
		for i := range 1500 {
			k.pub.send(publish(fmt.Sprint("a/", i), string(make([]byte, 1000)), 1, uint16(i+1)))
			expect[*packet.Ack](k.pub)
		}
		settle(b)
		b.lookAtMemory(&guard{Guard: limit.Guard{Limit: 1 << 20}})
		return k.why("sub", "a/2")
	},
	fault.StorageFull: byLog(fault.StorageFull),
	fault.Unavailable: byLog(fault.Unavailable),
	fault.Timeout:     byLog(fault.Timeout),
	fault.Internal:    byLog(fault.Internal),
	fault.TooMany: func(t *testing.T) why.Answer {
		k := inquire(t, Options{DelayedMessages: 1})
		k.publish("$delayed/100/b", "$delayed/100/a")
		return k.why("sub", "a")
	},
	fault.TooLarge: func(t *testing.T) why.Answer {
		k := inquire(t, Options{RetainedSize: 3})
		k.pub = k.enter("pub")
		p := publish("a", "too long", 1, 1)
		p.Retain = true
		k.pub.send(p)
		expect[*packet.Ack](k.pub)
		return k.why("pub", "a")
	},
	fault.Forbidden: func(t *testing.T) why.Answer {
		k := inquire(t, Options{})
		k.publish("$own/a")
		return k.why("pub", "$own/a")
	},
	fault.BadTopicName: func(t *testing.T) why.Answer {
		k := inquire(t, Options{Zone: Zone{Topics: topic.Limits{Levels: 2}}})
		k.publish("a/b/c")
		return k.why("pub", "a/b/c")
	},
	fault.PayloadFormat: func(t *testing.T) why.Answer {
		k := inquire(t, Options{Zone: Zone{CheckPayload: true}})
		k.pub = k.enter("pub")
		p := publish("a", "\xff", 1, 1)
		p.Properties = []byte{byte(packet.PayloadFormat), 1}
		k.pub.send(p)
		expect[*packet.Ack](k.pub)
		return k.why("pub", "a")
	},

	fault.BadTopicFilter: bySubscribe(Options{Zone: Zone{Topics: topic.Limits{Wildcards: 1}}}, "a/+/#"),
	fault.ExclusiveTaken: func(t *testing.T) why.Answer {
		k := inquire(t, Options{})
		k.enter("first").subscribe("$exclusive/a", 1)
		c := k.enter("c")
		c.send(&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte("$exclusive/a"), QoS: 1}}})
		expect[*packet.Suback](c)
		k.publish("a")
		return k.why("c", "a")
	},

	fault.Malformed: func(t *testing.T) why.Answer {
		return inquire(t, Options{}).closes(func(c *raw) { c.write([]byte{0x32, 1, 0}) })
	},
	fault.Protocol: func(t *testing.T) why.Answer {
		return inquire(t, Options{}).closes(func(c *raw) { c.write(connectBytes(packet.V5, "c", nil)) })
	},
	fault.ReceiveMaximum: func(t *testing.T) why.Answer {
		k := inquire(t, Options{Zone: Zone{ReceiveMaximum: 1}})
		return k.closes(func(c *raw) { c.send(publish("b", "x", 2, 1), publish("b", "x", 2, 2)) })
	},
	fault.TopicAlias: func(t *testing.T) why.Answer {
		k := inquire(t, Options{Zone: Zone{TopicAliases: 1}})
		return k.closes(func(c *raw) {
			p := publish("b", "x", 0, 0)
			p.Alias = 9
			c.send(p)
		})
	},
	fault.KeepAlive: func(t *testing.T) why.Answer {
		clock := newClock()
		k := inquire(t, Options{Now: clock.now})
		c, _ := come(t, k.Broker, "c", 0, func(p *packet.Connect) { p.KeepAlive = 1 })
		c.subscribe("a", 1)
		clock.forward(time.Minute)
		k.tick()
		c.untilClosed()
		k.publish("a")
		return k.why("c", "a")
	},
	fault.TakenOver: func(t *testing.T) why.Answer {
		k := inquire(t, Options{})
		return k.closes(func(*raw) { k.enter("c") })
	},
	fault.Kicked: func(t *testing.T) why.Answer {
		k := inquire(t, Options{})
		return k.closes(func(*raw) { _ = k.Kick(t.Context(), "c", true) })
	},
	fault.UseAnotherServer: func(t *testing.T) why.Answer {
		k := inquire(t, Options{})
		k.pub = k.enter("pub")
		c := k.enter("c")
		c.subscribe("a", 1)
		k.publish("a")
		k.Refer("other:1883", false)
		c.untilClosed()
		return k.why("c", "a")
	},
	fault.ServerMoved: func(t *testing.T) why.Answer {
		k := inquire(t, Options{})
		k.pub = k.enter("pub")
		c := k.enter("c")
		c.subscribe("a", 1)
		k.publish("a")
		k.Refer("other:1883", true)
		c.untilClosed()
		return k.why("c", "a")
	},
	fault.CredentialsExpired: func(t *testing.T) why.Answer {
		clock := newClock()
		k := inquire(t, Options{Now: clock.now, Authenticator: expiring{clock.now().UnixNano() + 60e9}})
		return k.closes(func(*raw) { clock.forward(61e9); k.tick() })
	},
	fault.UserRemoved:        byRights(fault.UserRemoved),
	fault.CredentialsChanged: byRights(fault.CredentialsChanged),
	fault.Banned: func(t *testing.T) why.Answer {
		k := inquire(t, Options{})
		if _, err := k.Ban(t.Context(), ban.Ban{Kind: ban.ClientID, Value: "c"}); err != nil {
			t.Fatal(err)
		}
		return k.turnedAway(connectBytes(packet.V5, "c", nil))
	},
	fault.ConnectRate: func(t *testing.T) why.Answer {
		clock := newClock()
		k := inquire(t, Options{Now: clock.now, Zone: Zone{OverRate: Refuse, Rates: pace.Rates{Connects: perSecond(1, 1)}}})
		k.enter("c").send(&packet.Disconnect{})
		return k.turnedAway(connectBytes(packet.V5, "c", nil))
	},
	fault.NoCredentials:  byLogin(fault.NoCredentials),
	fault.UnknownUser:    byLogin(fault.UnknownUser),
	fault.BadPassword:    byLogin(fault.BadPassword),
	fault.UserDisabled:   byLogin(fault.UserDisabled),
	fault.BadCertificate: byLogin(fault.BadCertificate),
	fault.AuthBusy:       byLogin(fault.AuthBusy),
	fault.BadAuthMethod: func(t *testing.T) why.Answer {
		return inquire(t, Options{Authenticator: verdicts{}}).turnedAway(connectBytes(packet.V5, "c", func(p *packet.Connect) { p.AuthMethod = []byte("X") }))
	},
	fault.BadClientID: func(t *testing.T) why.Answer {
		k := inquire(t, Options{Zone: Zone{MaxClientID: 10}})
		long := strings.Repeat("c", 20)
		c := dial(t, k.Broker, packet.V5)
		c.write(connectBytes(packet.V5, long, nil))
		c.untilClosed()
		return k.why(long, "a")
	},
	fault.UnsupportedVersion: func(t *testing.T) why.Answer {
		b := connectBytes(packet.V5, "c", nil)
		b[8] = 99
		return inquire(t, Options{}).turnedAway(b)
	},
	fault.ConnectTimeout: func(t *testing.T) why.Answer {
		return inquire(t, Options{Zone: Zone{ConnectTimeout: time.Millisecond}}).turnedAway(nil)
	},
	fault.ConnectionLimit: func(t *testing.T) why.Answer {
		k := inquire(t, Options{Listeners: []Listener{{MaxConnections: 1}}})
		k.enter("first")
		return k.turnedAway(nil)
	},
	fault.AddressLimit: func(t *testing.T) why.Answer {
		k := inquire(t, Options{Listeners: []Listener{{MaxPerAddress: 1}}})
		k.enter("first")
		return k.turnedAway(nil)
	},
	fault.TLS: byTLS(patience, func(_ *testing.T, nc net.Conn, _ *pki.Authority, _ *pki.Leaf) {
		_, _ = nc.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
	}),
	fault.ClientCertificate: byTLS(patience, func(_ *testing.T, nc net.Conn, ca *pki.Authority, l *pki.Leaf) {
		secure := tls.Client(nc, &tls.Config{RootCAs: ca.Pool(), ServerName: "localhost", Certificates: []tls.Certificate{l.TLS()}})
		_ = secure.Handshake()
	}),
	fault.HandshakeTimeout: byTLS(50*time.Millisecond, func(*testing.T, net.Conn, *pki.Authority, *pki.Leaf) {}),
	fault.ProxyHeader: func(t *testing.T) why.Answer {
		k := inquire(t, Options{Listeners: []Listener{{ProxyProtocol: true, Proxies: loopback(), Anonymous: true}}})
		return k.turnedAway(connectBytes(packet.V5, "c", nil))
	},
	fault.ProxyUntrusted: func(t *testing.T) why.Answer {
		k := inquire(t, Options{Listeners: []Listener{{ProxyProtocol: true, Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Anonymous: true}}})
		return k.turnedAway(nil)
	},
	fault.WebSocket: func(t *testing.T) why.Answer {
		k := inquire(t, Options{Listeners: []Listener{{WebSocket: &websocket.Options{}}}})
		return k.turnedAway([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
	},
}

// elsewhere are the reasons that no client of the broker is refused or loses a message for,
// and where they are told.
var elsewhere = map[fault.Code]string{
	fault.Invalid:                   "the answer to whoever asks the API",
	fault.NotFound:                  "the answer to whoever asks the API",
	fault.Conflict:                  "the answer to whoever asks the API",
	fault.Unauthenticated:           "the answer to whoever asks the API",
	fault.CSRF:                      "the answer to whoever asks the API",
	fault.LockedOut:                 "the answer to who signs in to the console",
	fault.MethodNotAllowed:          "the answer to whoever asks the API",
	fault.UnsupportedMedia:          "the answer to whoever asks the API",
	fault.QoSUnsupported:            "the answer to who publishes by the API",
	fault.SharedUnsupported:         "the answer to who watches or counts topics by the API",
	fault.RetainUnsupported:         "nobody is refused for it: retained messages are always there",
	fault.SubscriptionIDUnsupported: "nobody is refused for it: identifiers are always there",
	fault.WildcardUnsupported:       "nobody is refused for it: wildcards are always there",
	fault.ServerShutdown:            "the node is no more there to be asked",
	fault.Undecodable:               "the historian takes no value of a stored message: test/e2e TestWhyNamesWhatTheHistorianRejects",
	fault.SeriesLimit:               "the same",
	fault.TimeOutOfRange:            "the same",
	fault.TimeUnreadable:            "the same",
	fault.NoValues:                  "the same",
}

// TestWhyNamesEveryReason holds every reason that there is: who adds one adds its case.
func TestWhyNamesEveryReason(t *testing.T) {
	for _, code := range fault.Codes() {
		provoke, told := reasons[code], elsewhere[code]
		switch {
		case provoke != nil && told != "":
			t.Errorf("%v has a case, and is told elsewhere", code)
		case told != "":
		case provoke == nil:
			t.Errorf("nothing provokes %v and asks why", code)
		default:
			t.Run(code.String(), func(t *testing.T) {
				if a := provoke(t); !slices.Contains(named(a), code) {
					t.Errorf("it is not named: %s", spelt(a))
				}
			})
		}
	}
}

// named are the reasons that an answer names.
func named(a why.Answer) (codes []fault.Code) {
	add := func(c *fault.Code) {
		if c != nil {
			codes = append(codes, *c)
		}
	}
	add(a.Reason)
	for _, s := range a.Stories {
		add(s.Reason)
		for _, n := range s.Steps {
			add(n.Reason)
		}
	}
	for _, n := range a.Notes {
		add(n.Reason)
	}
	return codes
}

func spelt(a why.Answer) string {
	lines := []string{fmt.Sprint(a.Outcome, ": ", a.Text)}
	for _, s := range a.Stories {
		lines = append(lines, "message: "+s.Text.String())
		for _, n := range s.Steps {
			lines = append(lines, "  "+n.Text.String())
		}
	}
	for _, n := range a.Notes {
		lines = append(lines, "note: "+n.Text.String())
	}
	return strings.Join(lines, "\n")
}
