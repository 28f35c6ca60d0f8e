package session

import (
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

var rewrite = flag.Bool("rewrite", false, "write what happens into the scripts")

// A script is blocks of commands, a line of four dashes, and what happens: "do"
// is the event for the shell, "send" a packet to the client. A session begins
// with "new". The topic "-" is the empty one.
func TestScripts(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(text))
			if *rewrite {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(text) {
				t.Errorf("%s tells another story (go test -rewrite shows it as a diff):\n%s", path, got)
			}
		})
	}
}

// play runs a script and returns it with what happened in the place of what was
// expected.
func play(t *testing.T, script string) string {
	var out strings.Builder
	p := &player{t: t}
	expected := false
	for line := range strings.Lines(script) {
		switch word := strings.TrimSpace(line); {
		case word == "----":
			expected = true
			out.WriteString("----\n" + p.happened.String())
			p.happened.Reset()
		case word == "":
			expected = false
			out.WriteString("\n")
		case !expected:
			out.WriteString(line)
			if word[0] != '#' {
				p.command(strings.Fields(word))
			}
		}
	}
	return out.String()
}

type player struct {
	t        *testing.T
	s        Session
	ev       Event
	limits   Limits
	now      int64
	version  packet.Version
	owed     Owed
	happened strings.Builder
}

func (p *player) say(format string, args ...any) { fmt.Fprintf(&p.happened, format+"\n", args...) }

// words are a command's arguments: those with = by name, the others by place.
type words struct {
	named map[string]string
	plain []string
}

func parse(fields []string) words {
	w := words{named: map[string]string{}}
	for _, f := range fields {
		if k, v, ok := strings.Cut(f, "="); ok {
			w.named[k] = v
		} else {
			w.plain = append(w.plain, f)
		}
	}
	return w
}

func (w words) num(name string, standard int) int {
	if n, err := strconv.ParseInt(w.named[name], 0, 64); err == nil {
		return int(n)
	}
	return standard
}

func (w words) has(flag string) bool {
	for _, f := range w.plain {
		if f == flag {
			return true
		}
	}
	return false
}

// fault is that of the code that comes first, with the words behind it for its text.
func (w words) fault(t *testing.T) error {
	return fault.New(code(t, w.plain[0]), "%s", strings.Join(w.plain[1:], " "))
}

// answer is of a reason code, or of the code of a fault.
func (w words) answer(t *testing.T) Answer {
	if c, ok := w.named["why"]; ok {
		return Refusal(code(t, c))
	}
	return Answer{Reason: byte(w.num("reason", 0))}
}

func (p *player) command(fields []string) {
	w := parse(fields[1:])
	if packets, ok := p.packets(fields[0], w); ok {
		for _, k := range packets {
			p.step(k.Append(nil, p.version))
		}
		return
	}
	p.shell(fields[0], w)
}

// packets are what the client sends by the command.
func (p *player) packets(command string, w words) ([]packet.Packet, bool) {
	id := uint16(w.num("id", 0))
	switch command {
	case "connect":
		return []packet.Packet{p.connect(w)}, true
	case "publish":
		return []packet.Packet{&packet.Publish{
			Topic: []byte(strings.TrimSuffix(w.plain[0], "-")), Payload: []byte(w.plain[1]), QoS: byte(w.num("qos", 0)), ID: id,
			Retain: w.has("retain"), Alias: uint16(w.num("alias", 0)),
			HasExpiry: w.named["expiry"] != "", Expiry: uint32(w.num("expiry", 0)),
		}}, true
	case "puback", "pubrec", "pubrel", "pubcomp":
		return []packet.Packet{&packet.Ack{Kind: ackKinds[command], ID: id, Reason: byte(w.num("reason", 0))}}, true
	case "subscribe":
		s := &packet.Subscribe{ID: id, SubscriptionID: uint32(w.num("subscription", 0))}
		for _, f := range w.plain {
			s.Filters = append(s.Filters, packet.Subscription{Filter: []byte(f), QoS: byte(w.num("qos", 0))})
		}
		return []packet.Packet{s}, true
	case "unsubscribe":
		return []packet.Packet{&packet.Unsubscribe{ID: id, Filters: [][]byte{[]byte(w.plain[0])}}}, true
	case "ping":
		return []packet.Packet{packet.Pingreq{}}, true
	case "disconnect":
		return []packet.Packet{&packet.Disconnect{
			Reason: byte(w.num("reason", 0)), HasSessionExpiry: w.named["expiry"] != "", SessionExpiry: uint32(w.num("expiry", 0)),
		}}, true
	}
	return nil, false
}

var ackKinds = map[string]packet.Type{
	"puback": packet.TypePuback, "pubrec": packet.TypePubrec, "pubrel": packet.TypePubrel, "pubcomp": packet.TypePubcomp,
}

func (p *player) connect(w words) *packet.Connect {
	p.version = packet.Version(w.num("version", 5))
	c := &packet.Connect{
		Version: p.version, CleanStart: !w.has("kept"), ClientID: []byte(w.named["id"]), NoProblem: w.has("terse"), KeepAlive: uint16(w.num("keepalive", 0)),
		ReceiveMaximum: uint16(w.num("receive-maximum", 0)), MaximumPacketSize: uint32(w.num("largest", 0)), SessionExpiry: uint32(w.num("expiry", 0)), TopicAliasMaximum: uint16(w.num("aliases", 0)),
	}
	if topic := w.named["will"]; topic != "" {
		c.HasWill = true
		c.Will = packet.Will{Topic: []byte(topic), Payload: []byte("gone"), QoS: byte(w.num("will-qos", 0)), Retain: w.has("will-retain"), Delay: uint32(w.num("will-delay", 0))}
	}
	return c
}

var policies = map[string]Policy{"oldest": DropOldest, "qos0": DropQoS0First, "disconnect": Disconnect}

func (p *player) step(frame []byte) { p.tell(p.s.Step(frame, p.now, &p.ev, nil), true) }

// shell are the commands of whoever drives the session.
func (p *player) shell(command string, w words) {
	switch command {
	case "new":
		p.limits = Limits{
			Policy: policies[w.named["policy"]], QueueQoS0: w.has("queue-qos0"), SessionExpiry: uint32(w.num("session-expiry", 0)), SessionExpiry3: uint32(w.num("session-expiry3", 100)),
			ReceiveMaximum: uint16(w.num("receive-maximum", 10)), MaximumPacketSize: 1000, Inflight: w.num("inflight", 10),
			Queue: w.num("queue", 10), QueueBytes: w.num("queue-bytes", 1000), Subscriptions: 2, TopicAliases: uint16(w.num("aliases", 0)), KeepAlive: uint16(w.num("keep-alive", 0)), Retain: w.has("retain"), NoReasons: !w.has("reasons"),
		}
		p.s, p.now = New(&p.limits), 0
	case "bytes":
		b, err := hex.DecodeString(w.plain[0])
		if err != nil {
			p.t.Fatal(err)
		}
		p.step(b)
	case "accept":
		p.tell(p.s.Accept(nil, &p.ev.Connect, w.plain[0], Admission{Assigned: w.has("assigned"), Present: w.has("present"), Unkept: w.has("unkept")}), false)
	case "refuse":
		p.tell(p.s.Refuse(nil, w.fault(p.t)), false)
	case "await":
		p.say("place %d", p.s.Await(uint16(w.num("id", 0)), byte(w.num("qos", 1))))
	case "acknowledge":
		p.tell(p.s.Acknowledge(nil, uint16(w.num("id", 0)), byte(w.num("qos", 1)), w.answer(p.t)), false)
	case "settle":
		p.tell(p.s.Settle(nil, Place(w.num("place", 0)), w.answer(p.t)), false)
	case "grant":
		p.grant(w)
	case "deliver":
		p.deliver(w)
	case "next":
		out, outcome, c := p.s.Next(nil, p.now)
		p.say("%s waiting=%d inflight=%d", outcomes(outcome, c), p.s.Waiting(), p.s.Inflight())
		p.tell(out, false)
	case "clock":
		d, err := time.ParseDuration(w.plain[0])
		if err != nil {
			p.t.Fatal(err)
		}
		p.now += int64(d)
		p.say("silent=%v deadline=%v", p.s.Silent(p.now), time.Duration(p.s.Deadline()))
	case "leave": // the connection ends
		stays, owed := p.s.Leave()
		if p.say("stays=%v expiry=%d", stays, p.s.Expiry()); owed.Any() {
			p.owed = owed
			p.say("owes PUBREC")
		}
		if delay, ok := p.s.WillDelay(); ok {
			p.say("will after %d s", delay)
		}
	case "resume": // the client comes back, by a CONNECT with these words
		fresh := New(&p.limits)
		fresh.Step(p.connect(w).Append(nil, p.version), p.now, &p.ev, nil)
		p.s.Resume(&fresh)
		p.tell(p.s.Accept(nil, &p.ev.Connect, string(p.ev.Connect.ClientID), Admission{Present: true}), false)
	case "rest": // all that may go
		for {
			out, outcome, c := p.s.Next(nil, p.now)
			if outcome == Queued {
				break
			}
			if outcome == Dropped {
				p.say("dropped %v", c)
			}
			p.tell(out, false)
		}
		p.say("waiting=%d inflight=%d", p.s.Waiting(), p.s.Inflight())
	case "settle-owed":
		out, again := p.s.SettleOwed(nil, p.owed, Place(w.num("place", 0)), w.answer(p.t))
		p.say("again=%v more=%v", again, p.s.Owes(p.owed))
		p.tell(out, false)
	case "unsettled":
		p.s.Unsettled(p.now, w.has("waiting"), func(share uint32, m *msg.Message) {
			p.say("by %d: %s=%s qos=%d expiry=%d", share, m.Topic, m.Payload, m.QoS, m.Expiry)
		})
	case "discard":
		p.say("%d lost", p.s.Discard())
	case "withhold":
		p.say("%d withheld waiting=%d", p.s.Withhold(func(topic []byte) bool { return string(topic) == w.plain[0] }), p.s.Waiting())
	case "will":
		if m := p.s.Will(p.now); m != nil {
			p.say("will %s=%s qos=%d retain=%v publisher=%s time=%v", m.Topic, m.Payload, m.QoS, m.Retain, m.Publisher, time.Duration(m.Time))
		} else {
			p.say("no will")
		}
	case "end":
		p.tell(p.s.End(nil, w.fault(p.t)), false)
	default:
		p.t.Fatalf("unknown command %s", command)
	}
}

func outcomes(o Outcome, c fault.Code) string {
	return [...]string{"sent", "nothing sent", "dropped " + c.String()}[o]
}

func (p *player) grant(w words) {
	var reasons []byte
	var refused error
	for i, f := range p.ev.Subscribe.Filters {
		r, c, ok := p.s.Grant(&f, i)
		if reasons = append(reasons, r); !ok {
			p.say("refused %s: %v", f.Filter, c)
			refused = fault.New(c, "The filter is refused.")
		}
	}
	p.tell(p.s.Granted(nil, p.ev.Subscribe.ID, reasons, refused), false)
}

func (p *player) deliver(w words) {
	m := packet.Publish{Topic: []byte(w.plain[0]), Payload: []byte(w.plain[1]), QoS: byte(w.num("qos", 0)), HasExpiry: w.named["expiry"] != "", Expiry: uint32(w.num("expiry", 0))}
	image, idAt := m.AppendImage(nil, p.s.Version())
	out, outcome, c := p.s.DeliverShared(nil, &Image{Bytes: image, IDAt: idAt, QoS: m.QoS, Of: m.QoS, Expires: m.HasExpiry && p.s.Version() == packet.V5, V5: p.s.Version() == packet.V5}, uint32(w.num("share", 0)), p.now, !w.has("no-room"))
	switch outcome {
	case Queued:
		p.say("queued waiting=%d", p.s.Waiting())
		if n, why := p.s.Evicted(); n > 0 {
			p.say("dropped %d %v", n, why)
		}
	case Dropped:
		p.say("dropped %v", c)
	}
	p.tell(out, false)
}

var doing = map[Action]string{Connect: "connect", Publish: "publish", Refused: "refused", Subscribe: "subscribe", Unsubscribe: "unsubscribe", Acknowledged: "acknowledged", End: "end"}

// tell writes down the event, when a Step made one, and the packets sent.
func (p *player) tell(sent []byte, step bool) {
	if step && p.ev.Do != Nothing {
		p.say("do %s", strings.TrimSpace(doing[p.ev.Do]+p.about()))
	}
	for len(sent) > 0 {
		n, err := packet.Frame(sent, 0)
		if err != nil {
			p.t.Fatal(err)
		}
		k, err := packet.Decode(sent[:n], p.s.Version())
		if err != nil {
			p.t.Fatal(err)
		}
		p.say("send %s", describe(k))
		sent = sent[n:]
	}
}

func (p *player) about() string {
	switch {
	case p.ev.Err != nil:
		return ": " + fault.CodeOf(p.ev.Err).String() + ": " + fault.UserMessage(p.ev.Err)
	case p.ev.Do == Publish:
		return fmt.Sprintf(" %s=%s qos=%d id=%d", p.ev.Message.Topic, p.ev.Message.Payload, p.ev.Message.QoS, p.ev.PacketID)
	}
	return ""
}

func describe(k packet.Packet) string {
	switch k := k.(type) {
	case *packet.Connack:
		text := "CONNACK " + packet.ReasonName(k.Reason)
		if k.SessionPresent {
			text += ", session present"
		}
		if k.HasMaximumQoS {
			text += fmt.Sprintf(", maximum QoS %d", k.MaximumQoS)
		}
		if k.NoRetain {
			text += ", no retain"
		}
		if k.NoShared {
			text += ", no shared"
		}
		return text + connackNumbers(k) + quoted(k.ReasonString)
	case *packet.Ack:
		return fmt.Sprintf("%v id=%d %s", k.Kind, k.ID, packet.ReasonName(k.Reason)) + quoted(k.ReasonString)
	case *packet.Publish:
		text := fmt.Sprintf("PUBLISH %s=%s qos=%d id=%d", k.Topic, k.Payload, k.QoS, k.ID)
		if k.Alias > 0 {
			text += fmt.Sprintf(" alias=%d", k.Alias)
		}
		if k.Dup {
			text += " dup"
		}
		if k.HasExpiry {
			text += fmt.Sprintf(" expiry=%d", k.Expiry)
		}
		return text
	case *packet.Suback:
		return fmt.Sprintf("SUBACK id=%d % x", k.ID, k.Reasons) + quoted(k.ReasonString)
	case *packet.Disconnect:
		return "DISCONNECT " + packet.ReasonName(k.Reason) + quoted(k.ReasonString)
	}
	return k.Type().String()
}

func quoted(reason []byte) string {
	if reason == nil {
		return ""
	}
	return fmt.Sprintf(" %q", reason)
}

func connackNumbers(k *packet.Connack) (text string) {
	if k.ReceiveMaximum != 65535 {
		text += fmt.Sprintf(", receive maximum %d", k.ReceiveMaximum)
	}
	if k.TopicAliasMaximum > 0 {
		text += fmt.Sprintf(", topic aliases %d", k.TopicAliasMaximum)
	}
	if k.HasSessionExpiry {
		text += fmt.Sprintf(", session expiry %d", k.SessionExpiry)
	}
	if k.HasServerKeepAlive {
		text += fmt.Sprintf(", keep alive %d", k.ServerKeepAlive)
	}
	if k.AssignedClientID != nil {
		text += ", assigned " + string(k.AssignedClientID)
	}
	return text
}

func code(t *testing.T, word string) fault.Code {
	for _, c := range fault.Codes() {
		if c.String() == word {
			return c
		}
	}
	t.Fatalf("no code %s", word)
	return 0
}
