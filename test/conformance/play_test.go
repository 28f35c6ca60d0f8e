package conformance

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/broker/websocket"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/testkit"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil { // stories mostly wait for the broker's clock
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// patience bounds every wait; nothing is measured against it.
const patience = 10 * time.Second

// TestScripts plays every story in each of its versions: on one loop, where the
// order of everything is fixed, on three loops of the portable transport, and, if
// it does not wait for the clock, over WebSocket. With MILLRACE_TEST_TRANSPORT=portable
// everything here goes over that transport.
func TestScripts(t *testing.T) {
	for _, s := range stories(t) {
		for _, v := range s.versions {
			t.Run(fmt.Sprintf("%s/%s/%s", s.file, s.title, v), func(t *testing.T) {
				t.Parallel()
				play(t, s, v, setting{loops: 1})
				if runtime.GOOS == "linux" {
					play(t, s, v, setting{loops: 3, transport: broker.Portable})
				}
				if !s.has("clock") {
					play(t, s, v, setting{loops: 2, webSocket: true})
				}
			})
		}
	}
}

// testClock stands still until it is moved.
type testClock struct{ ns atomic.Int64 }

func newClock() *testClock {
	c := new(testClock)
	c.ns.Store(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixNano())
	return c
}

func (c *testClock) now() time.Time { return time.Unix(0, c.ns.Load()) }

// player plays one story.
type player struct {
	t       *testing.T
	story   *story
	version packet.Version
	broker  *broker.Broker
	clock   *testClock
	clients map[string]*client
	order   []string // their names, by first appearance
	values  map[string]string
	line    *line
	pending []words // <* lines that wait for their packets
	ticks   int
	ended   int // clients that the broker has closed, not they themselves

	webSocket bool

	mu       sync.Mutex
	refusals []broker.Refusal
}

// setting is how a story is played.
type setting struct {
	loops     int
	transport broker.Transport
	webSocket bool
}

func play(t *testing.T, s *story, v packet.Version, how setting) {
	t.Helper()
	p := &player{t: t, story: s, version: v, clock: newClock(), clients: map[string]*client{}, values: map[string]string{}}
	o := options(s.settings)
	if p.webSocket = how.webSocket; p.webSocket {
		o.Listeners = []broker.Listener{{WebSocket: &websocket.Options{}}}
	}
	p.broker = startBroker(t, p.lookUp(o), p.clock, how.loops, how.transport)
	defer stop(t, p.broker)
	defer p.close()
	for i := range s.lines {
		l := s.lines[i]
		l.words = p.known(l.words)
		if p.line = &l; l.in(v) {
			p.do(i)
		}
	}
	if !s.has("broker-closes") {
		p.connect("w-", words{}).ping() // the others are still served
		p.everyEndIsCounted()
	}
}

// known is a copy of the words with the values that $ names have by now.
func (p *player) known(w words) words {
	named := map[string][]string{}
	for name, all := range w.named {
		named[name] = slices.Clone(all)
		for i, v := range all {
			if now, ok := p.values[v]; ok {
				named[name][i] = now
			}
		}
	}
	return words{named, slices.Clone(w.plain)}
}

func startBroker(t *testing.T, o broker.Options, clock *testClock, loops int, transport broker.Transport) *broker.Broker {
	t.Helper()
	if len(o.Listeners) == 0 {
		o.Listeners = []broker.Listener{{}}
	}
	o.Listeners[0].Address = "127.0.0.1:0"
	if transport == "" {
		transport = broker.Transport(os.Getenv(testkit.TransportVariable))
	}
	o.Loops, o.Transport, o.Now = loops, transport, clock.now
	b, err := broker.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return b
}

func stop(t *testing.T, b *broker.Broker) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := b.Close(ctx); err != nil {
		t.Error(err)
	}
}

// options are the broker's settings by their names in scripts.
func options(w words) (o broker.Options) {
	o.MaxPacketSize = w.num("max-packet", 0)
	o.ReceiveMaximum = uint16(w.num("receive-maximum", 0))
	o.KeepAlive = uint16(w.num("keep-alive", 0))
	o.Inflight = w.num("inflight", 0)
	o.Queue = w.num("queue", 0)
	o.Subscriptions = w.num("subscriptions", 0)
	o.TopicAliases = w.num("aliases", 0)
	o.MaxClientID = w.num("client-id", 0)
	if w.has("gate") {
		o.Authenticator, o.Authorizer = gate{}, gate{}
	}
	return o
}

func (p *player) close() {
	for _, name := range p.order {
		_ = p.clients[name].nc.Close()
	}
}

func (p *player) fail(format string, args ...any) {
	p.t.Helper()
	p.t.Fatalf("scripts/%s.txt line %d, MQTT %s: %s\n\t%s", p.story.file, p.line.number, p.version, p.line.text, fmt.Sprintf(format, args...))
}

func (p *player) do(at int) {
	l := p.line
	switch l.verb {
	case "clock":
		p.forward(l.words.plain[0])
	case "counted":
		p.counted(l.words.plain[0])
	case "broker-closes":
		go stop(p.t, p.broker)
	case "dial":
		p.dial(l.subject)
	case "connect":
		p.connect(l.subject, l.words)
	case ">":
		p.client().send(l.words)
	case "<":
		p.expect(l.words)
	case "<*":
		p.pending = append(p.pending, l.words)
		if !p.more(at) {
			p.expectAll()
		}
	default:
		p.short(l)
	}
}

// more says whether the next line that is played goes on with the set.
func (p *player) more(at int) bool {
	for i := at + 1; i < len(p.story.lines); i++ {
		if l := &p.story.lines[i]; l.in(p.version) {
			return l.verb == "<*" && l.subject == p.line.subject
		}
	}
	return false
}

// short are the commands that stand for an exchange.
func (p *player) short(l *line) {
	c := p.client()
	switch l.verb {
	case "cut":
		_ = c.nc.Close()
	case "leave":
		c.send(words{plain: []string{"DISCONNECT"}, named: l.words.named})
		c.closed()
	case "half-close":
		c.left = true
		_ = c.nc.(interface{ CloseWrite() error }).CloseWrite()
	case "subscribe":
		p.subscribe(c, l.words)
	case "unsubscribe":
		c.write((&packet.Unsubscribe{ID: 65001, Filters: [][]byte{literal(l.words.plain[0])}}).Append(nil, c.version))
		p.take(c, "UNSUBACK")
	case "publish":
		p.publish(c, l.words)
	case "take":
		p.acknowledge(c, l.words)
	default:
		p.fail("unknown command %s", l.verb)
	}
}

func (p *player) subscribe(c *client, w words) {
	s := &packet.Subscribe{ID: 65000, SubscriptionID: uint32(w.num("subscription", 0))}
	want := ""
	for i, f := range w.plain {
		sub := subscription(f)
		if w.has("qos") {
			sub.QoS = byte(w.num("qos", 0))
		}
		if i > 0 {
			want += ","
		}
		want += fmt.Sprintf("0x%02x", sub.QoS)
		s.Filters = append(s.Filters, sub)
	}
	c.write(s.Append(nil, c.version))
	if got := p.take(c, "SUBACK")["reasons"]; got != want {
		p.fail("SUBACK %s, want %s", got, want)
	}
}

// publish sends a message and completes its handshake.
func (p *player) publish(c *client, w words) {
	w.named["topic"], w.named["payload"] = w.plain[:1], w.plain[1:]
	m := buildPublish(w)
	if m.QoS > 0 && !w.has("id") {
		m.ID = 64000
	}
	c.write(m.Append(nil, c.version))
	switch m.QoS {
	case 1:
		p.take(c, "PUBACK")
	case 2:
		p.take(c, "PUBREC")
		c.write(packet.AppendAck(nil, packet.TypePubrel, m.ID, 0, c.version))
		p.take(c, "PUBCOMP")
	default:
		c.ping()
	}
}

// acknowledge expects a PUBLISH and completes its handshake.
func (p *player) acknowledge(c *client, w words) {
	w.plain = append([]string{"PUBLISH"}, w.plain...)
	p.expect(w)
	m := c.last.(*packet.Publish)
	switch m.QoS {
	case 1:
		c.write(packet.AppendAck(nil, packet.TypePuback, m.ID, 0, c.version))
	case 2:
		c.write(packet.AppendAck(nil, packet.TypePubrec, m.ID, 0, c.version))
		p.take(c, "PUBREL")
		c.write(packet.AppendAck(nil, packet.TypePubcomp, m.ID, 0, c.version))
	}
}

// take expects a packet of that type without an error in it.
func (p *player) take(c *client, kind string) map[string]string {
	got := p.next(c, kind)
	if r, err := strconv.Atoi(got["reason"]); err == nil && r >= 0x80 {
		p.fail("%s %s", kind, describe(c.last))
	}
	return got
}

func (p *player) next(c *client, kind string) map[string]string {
	k, err := c.read()
	if err != nil {
		p.fail("want %s, got %v", kind, err)
	}
	if k.Type().String() != kind {
		p.fail("want %s, got %s", kind, describe(k))
	}
	return fields(k)
}

func (p *player) client() *client {
	c := p.clients[p.line.subject]
	if c == nil {
		p.fail("no client %s", p.line.subject)
	}
	return c
}

func (p *player) dial(name string) *client {
	nc, err := net.Dial("tcp", p.broker.Addr().String())
	if err != nil {
		p.fail("%v", err)
	}
	if p.webSocket {
		ws, answer, err := upgrade(nc, "mqtt")
		if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
			p.fail("%+v, %v", answer, err)
		}
		nc = ws
	}
	c := &client{p: p, name: name, nc: nc, version: p.version}
	if old := p.clients[name]; old != nil {
		_ = old.nc.Close()
	} else {
		p.order = append(p.order, name)
	}
	p.clients[name] = c
	return c
}

// connect dials and expects to be admitted; named fields of the form ack-… are
// CONNACK's.
func (p *player) connect(name string, w words) *client {
	c := p.dial(name)
	want := words{named: map[string][]string{"reason": {"0"}}}
	for k, v := range w.named {
		if field, ok := strings.CutPrefix(k, "ack-"); ok {
			want.named[field] = v
		}
	}
	if v, ok := versionNames[w.get("version")]; ok {
		c.version = v
	}
	c.write(buildConnect(w, c.version, name).Append(nil, c.version))
	p.compare("CONNACK", p.next(c, "CONNACK"), want, c)
	return c
}

func (p *player) expect(w words) {
	p.t.Helper()
	c := p.client()
	switch w.plain[0] {
	case "closed":
		c.closed()
	case "gone":
		c.gone()
	case "silence":
		p.silence(c)
	default:
		p.compare(w.plain[0], p.next(c, w.plain[0]), w, c)
	}
}

// expectAll takes as many packets as are pending and gives each its line.
func (p *player) expectAll() {
	c := p.client()
	for len(p.pending) > 0 {
		k, err := c.read()
		if err != nil {
			p.fail("%d packets are missing: %v", len(p.pending), err)
		}
		i := slices.IndexFunc(p.pending, func(w words) bool {
			return w.plain[0] == k.Type().String() && p.differs(fields(k), w) == ""
		})
		if i < 0 {
			p.fail("nobody waits for %s", describe(k))
		}
		p.pending = slices.Delete(p.pending, i, i+1)
	}
}

func (p *player) compare(kind string, got map[string]string, w words, c *client) {
	p.t.Helper()
	if d := p.differs(got, w); d != "" {
		p.fail("%s: %s", describe(c.last), d)
	}
}

// differs says which field is not as the words want it.
func (p *player) differs(got map[string]string, w words) string {
	for name, all := range w.named {
		want := all[0]
		if len(all) > 1 {
			want = strings.Join(all, ",")
		}
		have, there := got[name]
		if want[:min(1, len(want))] == "$" {
			if !there {
				return name + " is absent"
			}
			p.values[want] = have
			continue
		}
		switch {
		case want == "none" && !there:
		case !there:
			return name + " is absent"
		case name == "reasons" && !strings.EqualFold(have, want), name != "reasons" && have != string(literal(want)) && !sameNumber(have, want):
			return fmt.Sprintf("%s is %.80q, want %.80q", name, have, want)
		}
	}
	return ""
}

// silence shows that nothing is under way to the client: what the others sent has
// been taken, and the next packet is the answer to a ping.
func (p *player) silence(c *client) {
	for range 2 {
		for _, name := range p.order {
			if o := p.clients[name]; o != c && o.admitted && !o.over {
				o.sync()
			}
		}
	}
	c.ping()
}

// forward moves the clock and waits until the broker has looked at its timers:
// until clients that keep silent have been closed on every loop.
func (p *player) forward(by string) {
	d, err := time.ParseDuration(by)
	if err != nil {
		p.fail("%v", err)
	}
	var silent []*client
	for i := range 24 { // some on every loop
		p.ticks++
		c := p.connect(fmt.Sprintf("tick %d-%d", p.ticks, i), words{named: map[string][]string{"keep-alive": {"1"}}})
		silent = append(silent, c)
	}
	p.clock.ns.Add(int64(max(d, 2*time.Second)))
	for _, c := range silent {
		if c.version == packet.V5 {
			p.next(c, "DISCONNECT")
		}
		c.closed()
	}
}

// lookUp has the refusals told to the player.
func (p *player) lookUp(o broker.Options) broker.Options {
	o.Refused = func(r broker.Refusal) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(p.refusals) < 100 {
			p.refusals = append(p.refusals, r)
		}
	}
	return o
}

// counted waits until a refusal for that reason, or the end of a client that was in, is
// counted, and can be looked up with words for people.
func (p *player) counted(reason string) {
	var s broker.Stats
	defer func() {
		if p.t.Failed() {
			p.fail("refused: %v, closed: %v, told: %v", s.Refused, s.Closed, p.refusals)
		}
	}()
	testkit.Within(p.t, patience, func() bool {
		counted := false
		s = p.broker.Stats()
		for _, code := range fault.Codes() {
			counted = counted || code.String() == reason && s.Refused[code]+s.Closed[code] == 1
		}
		return counted && p.told(reason)
	}, "a refusal for "+reason)
}

func (p *player) told(reason string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.refusals, func(r broker.Refusal) bool {
		return r.Code.String() == reason && r.Text != "" && r.Address.IsValid() && r.Listener != ""
	})
}

// everyEndIsCounted waits until as many refusals and ends are counted as there were,
// and those that are the clients' fault can be looked up.
func (p *player) everyEndIsCounted() {
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		s, counted, faults := p.broker.Stats(), 0, 0
		for _, code := range fault.Codes() {
			n := int(s.Refused[code] + s.Closed[code])
			if counted += n; code != fault.TakenOver && code != fault.KeepAlive {
				faults += n
			}
		}
		p.mu.Lock()
		told := len(p.refusals)
		p.mu.Unlock()
		if counted >= p.ended && told >= faults {
			return
		}
		if time.Now().After(end) {
			p.t.Fatalf("%d clients were put out: refused %v, closed %v, told %d: %v", p.ended, s.Refused, s.Closed, told, p.refusals)
		}
	}
}

// client speaks MQTT packet by packet over a real socket.
type client struct {
	p        *player
	name     string
	nc       net.Conn
	version  packet.Version
	in       []byte
	admitted bool
	left     bool // it has said, or shown, that it goes
	over     bool
	last     packet.Packet
	early    []packet.Packet // read while waiting for a ping's answer
}

func (c *client) send(w words) {
	c.p.t.Helper()
	kind := w.plain[0]
	c.left = c.left || kind == "DISCONNECT"
	if kind == "hex" {
		b := rawBytes(w.plain[1:])
		c.left = c.left || bytes.HasPrefix(b, []byte{0xE0, 0})
		c.write(b)
		return
	}
	b := build(kind, w, c.version, c.name).Append(nil, c.version)
	if w.has("slowly") { // a byte at a time
		for i := range b {
			c.write(b[i : i+1])
		}
		return
	}
	c.write(b)
}

func (c *client) write(b []byte) {
	c.p.t.Helper()
	if _, err := c.nc.Write(b); err != nil {
		c.p.fail("%v", err)
	}
}

// read returns the next packet.
func (c *client) read() (packet.Packet, error) {
	if len(c.early) > 0 {
		k := c.early[0]
		c.early = c.early[1:]
		c.last = k
		return k, nil
	}
	return c.receive()
}

func (c *client) receive() (packet.Packet, error) {
	_ = c.nc.SetReadDeadline(time.Now().Add(patience))
	for {
		size, err := packet.Frame(c.in, 0)
		if err != nil {
			return nil, err
		}
		if size > 0 && size <= len(c.in) {
			k, err := packet.Decode(bytes.Clone(c.in[:size]), c.version)
			c.in = c.in[size:]
			if a, ok := k.(*packet.Connack); ok && a.Reason == 0 {
				c.admitted = true
			}
			c.last = k
			return k, err
		}
		b := make([]byte, 64<<10)
		n, err := c.nc.Read(b)
		c.in = append(c.in, b[:n]...)
		if err != nil && n == 0 {
			c.over = true
			return nil, err
		}
	}
}

// ping expects the answer to a ping as the next packet.
func (c *client) ping() {
	c.p.t.Helper()
	c.write(packet.Pingreq{}.Append(nil, c.version))
	k, err := c.read()
	if err != nil {
		c.p.fail("want silence, got %v", err)
	}
	if k.Type() != packet.TypePingresp {
		c.p.fail("want silence, got %s", describe(k))
	}
}

// sync waits until the broker has taken all that the client sent.
func (c *client) sync() {
	if _, err := c.nc.Write(packet.Pingreq{}.Append(nil, c.version)); err != nil {
		c.over = true
		return
	}
	for {
		k, err := c.receive()
		if err != nil || k.Type() == packet.TypePingresp {
			return
		}
		c.early = append(c.early, k)
	}
}

// closed expects the broker to close.
func (c *client) closed() {
	c.p.t.Helper()
	if k, err := c.read(); !isClosed(err) {
		c.p.fail("want the end, got %s, %v", describe(k), err)
	}
	c.end()
}

// gone expects the broker to close after whatever it sends.
func (c *client) gone() {
	c.p.t.Helper()
	for {
		if _, err := c.read(); isClosed(err) {
			c.end()
			return
		} else if err != nil {
			c.p.fail("want the end, got %v", err)
		}
	}
}

// end notes that the broker has closed.
func (c *client) end() {
	if c.over = true; !c.left {
		c.p.ended++
	}
	_ = c.nc.Close()
}

func isClosed(err error) bool {
	var netErr net.Error
	if errors.As(err, &netErr) && netErr.Timeout() {
		return false
	}
	return err != nil && (errors.Is(err, io.EOF) || errors.As(err, &netErr))
}

func describe(k packet.Packet) string {
	if k == nil {
		return "nothing"
	}
	var words []string
	for name, v := range fields(k) {
		words = append(words, fmt.Sprintf("%s=%.80s", name, v))
	}
	slices.Sort(words)
	return k.Type().String() + " " + strings.Join(words, " ")
}
