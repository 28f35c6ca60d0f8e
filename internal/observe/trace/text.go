package trace

import (
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// textWriter writes a line for each packet.
type textWriter struct {
	w        io.Writer
	payloads bool
	line     []byte
}

func (t *textWriter) head() error { return nil }

func (t *textWriter) write(p *Packet) error {
	t.line = time.Unix(0, p.At).UTC().AppendFormat(t.line[:0], "2006-01-02T15:04:05.000000Z")
	t.word(strconv.FormatUint(p.Conn, 36))
	t.quoted(p.Client)
	if p.Remote.IsValid() {
		t.word(p.Remote.String())
	} else {
		t.word("unix")
	}
	if p.In {
		t.word(">")
	} else {
		t.word("<")
	}
	t.packet(p)
	t.line = append(t.line, '\n')
	_, err := t.w.Write(t.line)
	return err
}

func (t *textWriter) word(s string) { t.line = append(append(t.line, ' '), s...) }

func (t *textWriter) quoted(s string) {
	t.line = strconv.AppendQuote(append(t.line, ' '), s)
}

// field writes name=value, text in quotes.
func (t *textWriter) field(name string, value any) {
	t.word(name)
	t.line = append(t.line, '=')
	switch v := value.(type) {
	case []byte:
		t.line = strconv.AppendQuote(t.line, string(v))
	case string:
		t.line = append(t.line, v...)
	default:
		t.line = fmt.Append(t.line, v)
	}
}

// given writes the field unless it is absent.
func (t *textWriter) given(name string, value []byte) {
	if value != nil {
		t.field(name, value)
	}
}

// flag writes the word when it is set.
func (t *textWriter) flag(set bool, word string) {
	if set {
		t.word(word)
	}
}

// number writes the field unless it is 0.
func number[N uint16 | uint32 | byte](t *textWriter, name string, n N) {
	if n != 0 {
		t.field(name, n)
	}
}

func (t *textWriter) packet(p *Packet) {
	t.word(packet.TypeOf(p.Bytes[0]).String())
	decoded, err := packet.Decode(p.Bytes, p.Version)
	if err != nil {
		t.field("bytes", len(p.Bytes))
		t.field("malformed", []byte(err.Error()))
		return
	}
	switch d := decoded.(type) {
	case *packet.Connect:
		t.connect(d)
	case *packet.Connack:
		t.connack(d)
	case *packet.Publish:
		t.publish(d)
	case *packet.Ack:
		t.field("id", d.ID)
		t.reason(d.Reason, d.ReasonString, d.User)
	case *packet.Subscribe:
		t.subscribe(d)
	case *packet.Suback:
		t.reasons(d.ID, d.Reasons, d.ReasonString, d.User)
	case *packet.Unsubscribe:
		t.field("id", d.ID)
		for _, f := range d.Filters {
			t.field("filter", f)
		}
		t.user(d.User)
	case *packet.Unsuback:
		t.reasons(d.ID, d.Reasons, d.ReasonString, d.User)
	case *packet.Disconnect:
		if d.HasSessionExpiry {
			t.field("session_expiry", d.SessionExpiry)
		}
		t.given("server", d.ServerReference)
		t.reason(d.Reason, d.ReasonString, d.User)
	case *packet.Auth:
		t.given("method", d.Method)
		t.reason(d.Reason, d.ReasonString, d.User)
	}
}

func (t *textWriter) connect(c *packet.Connect) {
	t.field("version", c.Version.String())
	t.field("client", c.ClientID)
	t.flag(c.CleanStart, "clean")
	t.field("keep_alive", c.KeepAlive)
	t.given("user", c.Username)
	if c.Password != nil {
		t.field("password", "***")
	}
	number(t, "session_expiry", c.SessionExpiry)
	if c.ReceiveMaximum != 65535 {
		t.field("receive_maximum", c.ReceiveMaximum)
	}
	number(t, "max_packet", c.MaximumPacketSize)
	number(t, "aliases", c.TopicAliasMaximum)
	t.given("auth", c.AuthMethod)
	if c.HasWill {
		t.field("will", c.Will.Topic)
		t.field("will_qos", c.Will.QoS)
		t.flag(c.Will.Retain, "will_retain")
		number(t, "will_delay", c.Will.Delay)
		t.payload("will_payload", c.Will.Payload)
	}
	t.user(c.User)
}

func (t *textWriter) connack(c *packet.Connack) {
	t.flag(c.SessionPresent, "session_present")
	t.given("assigned", c.AssignedClientID)
	if c.HasServerKeepAlive {
		t.field("keep_alive", c.ServerKeepAlive)
	}
	if c.HasSessionExpiry {
		t.field("session_expiry", c.SessionExpiry)
	}
	t.given("server", c.ServerReference)
	t.reason(c.Reason, c.ReasonString, c.User)
}

func (t *textWriter) publish(p *packet.Publish) {
	t.field("topic", p.Topic)
	number(t, "alias", p.Alias)
	t.field("qos", p.QoS)
	number(t, "id", p.ID)
	t.flag(p.Dup, "dup")
	t.flag(p.Retain, "retain")
	if p.HasExpiry {
		t.field("expiry", p.Expiry)
	}
	for _, id := range p.SubscriptionIDs {
		t.field("subscription", id)
	}
	t.payload("payload", p.Payload)
}

// payload writes its size or, when it was asked for, the payload itself.
func (t *textWriter) payload(name string, b []byte) {
	switch {
	case !t.payloads:
		t.field(name, strconv.Itoa(len(b))+"B")
	case utf8.Valid(b):
		t.field(name, b)
	default:
		t.field(name, fmt.Sprintf("0x%x", b))
	}
}

func (t *textWriter) subscribe(s *packet.Subscribe) {
	t.field("id", s.ID)
	number(t, "subscription", s.SubscriptionID)
	for _, f := range s.Filters {
		t.field("filter", f.Filter)
		t.field("qos", f.QoS)
		t.flag(f.NoLocal, "no_local")
		t.flag(f.RetainAsPublished, "as_published")
		number(t, "retain_handling", f.RetainHandling)
	}
	t.user(s.User)
}

func (t *textWriter) reasons(id uint16, reasons, text []byte, user []packet.Pair) {
	t.field("id", id)
	for _, r := range reasons {
		t.field("reason", fmt.Sprintf("0x%02x", r))
	}
	t.given("text", text)
	t.user(user)
}

func (t *textWriter) reason(reason byte, text []byte, user []packet.Pair) {
	t.field("reason", fmt.Sprintf("0x%02x", reason))
	t.given("text", text)
	t.user(user)
}

// user counts the user properties: they may be as long as payloads.
func (t *textWriter) user(pairs []packet.Pair) {
	if len(pairs) > 0 {
		t.field("user_properties", len(pairs))
	}
}
