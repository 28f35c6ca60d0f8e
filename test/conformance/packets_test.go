package conformance

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

func fromHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(fmt.Sprintf("%q is no hex: %v", s, err))
	}
	return b
}

// rawBytes are words of hex, and of text in quotes.
func rawBytes(fields []string) (b []byte) {
	for _, f := range fields {
		if f[0] == '"' {
			b = append(b, f[1:len(f)-1]...)
			continue
		}
		if n, what, ok := strings.Cut(f, "*"); ok {
			times, _ := strconv.Atoi(n)
			for range times {
				b = append(b, fromHex(what)...)
			}
			continue
		}
		b = append(b, fromHex(f)...)
	}
	return b
}

var ackTypes = map[string]packet.Type{
	"PUBACK": packet.TypePuback, "PUBREC": packet.TypePubrec, "PUBREL": packet.TypePubrel, "PUBCOMP": packet.TypePubcomp,
}

// build makes the packet that a line sends.
func build(kind string, w words, v packet.Version, client string) packet.Packet {
	if kind == "CONNECT" {
		return buildConnect(w, v, client)
	}
	id, reason := uint16(w.num("id", 1)), byte(w.num("reason", 0))
	switch kind {
	case "PUBLISH":
		return buildPublish(w)
	case "PUBACK", "PUBREC", "PUBREL", "PUBCOMP":
		return &packet.Ack{Kind: ackTypes[kind], ID: id, Reason: reason, ReasonString: optional(w, "why"), User: pairs(w)}
	case "SUBSCRIBE":
		return buildSubscribe(w, id)
	case "UNSUBSCRIBE":
		u := &packet.Unsubscribe{ID: id, User: pairs(w)}
		for _, f := range w.named["filter"] {
			u.Filters = append(u.Filters, literal(f))
		}
		return u
	case "PINGREQ":
		return packet.Pingreq{}
	case "PINGRESP":
		return packet.Pingresp{}
	case "DISCONNECT":
		return &packet.Disconnect{Reason: reason, HasSessionExpiry: w.has("expiry"), SessionExpiry: uint32(w.num("expiry", 0)), User: pairs(w)}
	case "AUTH":
		return &packet.Auth{Reason: reason, Method: optional(w, "method"), Data: optional(w, "data"), User: pairs(w)}
	case "CONNACK":
		return &packet.Connack{Reason: reason}
	case "SUBACK":
		return &packet.Suback{ID: id, Reasons: []byte{reason}}
	case "UNSUBACK":
		return &packet.Unsuback{ID: id, Reasons: []byte{reason}}
	}
	panic("unknown packet " + kind)
}

func optional(w words, name string) []byte {
	if !w.has(name) {
		return nil
	}
	return literal(w.get(name))
}

func pairs(w words) (user []packet.Pair) {
	for _, u := range w.named["user"] {
		user = append(user, pair(u))
	}
	return user
}

// pair is name:value; either may be hex:….
func pair(text string) packet.Pair {
	at := strings.Index(text, ":")
	if strings.HasPrefix(text, "hex:") {
		at = 4 + strings.Index(text[4:], ":")
	}
	return packet.Pair{Key: literal(text[:at]), Value: literal(text[at+1:])}
}

func buildConnect(w words, v packet.Version, client string) *packet.Connect {
	c := &packet.Connect{
		Version: v, CleanStart: w.num("clean", 1) == 1, ClientID: []byte(client), KeepAlive: uint16(w.num("keep-alive", 0)),
		Username: optional(w, "username"), Password: optional(w, "password"), SessionExpiry: uint32(w.num("expiry", 0)),
		ReceiveMaximum: uint16(w.num("receive-maximum", 0)), MaximumPacketSize: uint32(w.num("max-packet", 0)),
		TopicAliasMaximum: uint16(w.num("aliases", 0)), RequestResponse: w.num("request-response", 0) == 1,
		NoProblem: w.num("request-problem", 1) == 0, AuthMethod: optional(w, "method"), AuthData: optional(w, "data"), User: pairs(w),
	}
	if w.has("id") {
		c.ClientID = literal(w.get("id"))
	}
	if w.has("will") {
		c.HasWill = true
		c.Will = packet.Will{
			Topic: literal(w.get("will")), Payload: optional(w, "will-payload"), QoS: byte(w.num("will-qos", 0)), Retain: w.num("will-retain", 0) == 1,
			HasExpiry: w.has("will-expiry"), Expiry: uint32(w.num("will-expiry", 0)), Delay: uint32(w.num("will-delay", 0)), Properties: willProperties(w),
		}
	}
	return c
}

func buildPublish(w words) *packet.Publish {
	p := &packet.Publish{
		Topic: optional(w, "topic"), Payload: optional(w, "payload"), QoS: byte(w.num("qos", 0)), Retain: w.num("retain", 0) == 1, Dup: w.num("dup", 0) == 1,
		Alias: uint16(w.num("alias", 0)), HasExpiry: w.has("expiry"), Expiry: uint32(w.num("expiry", 0)), Properties: properties(w),
	}
	if p.QoS > 0 {
		p.ID = uint16(w.num("id", 1))
	}
	for _, s := range w.named["subscription"] {
		n, _ := strconv.Atoi(s)
		p.SubscriptionIDs = append(p.SubscriptionIDs, uint32(n))
	}
	return p
}

// properties are those that travel with a message.
func properties(w words) (b []byte) { return travelling(w, "") }

func willProperties(w words) (b []byte) { return travelling(w, "will-") }

func travelling(w words, prefix string) (b []byte) {
	if w.has(prefix + "format") {
		b = packet.AppendProperty(b, packet.Property{ID: packet.PayloadFormat, Num: uint32(w.num(prefix+"format", 0))})
	}
	for i, name := range []string{"type", "response", "correlation"} {
		if v := optional(w, prefix+name); v != nil {
			id := []packet.PropertyID{packet.ContentType, packet.ResponseTopic, packet.CorrelationData}[i]
			b = packet.AppendProperty(b, packet.Property{ID: id, Value: v})
		}
	}
	for _, u := range w.named[prefix+"user"] {
		p := pair(u)
		b = packet.AppendProperty(b, packet.Property{ID: packet.UserProperty, Key: p.Key, Value: p.Value})
	}
	return b
}

// buildSubscribe reads filter=a/b,1,nl,rap,rh2: filter, QoS, options.
func buildSubscribe(w words, id uint16) *packet.Subscribe {
	s := &packet.Subscribe{ID: id, SubscriptionID: uint32(w.num("subscription", 0)), User: pairs(w)}
	for _, f := range w.named["filter"] {
		s.Filters = append(s.Filters, subscription(f))
	}
	return s
}

func subscription(text string) packet.Subscription {
	parts := strings.Split(text, ",")
	s := packet.Subscription{Filter: literal(parts[0])}
	for _, o := range parts[1:] {
		switch o {
		case "0", "1", "2", "3":
			s.QoS = o[0] - '0'
		case "nl":
			s.NoLocal = true
		case "rap":
			s.RetainAsPublished = true
		case "rh1":
			s.RetainHandling = 1
		case "rh2":
			s.RetainHandling = 2
		default:
			panic("unknown subscription option " + o)
		}
	}
	return s
}

// fields are what a script may ask about a packet that came.
func fields(p packet.Packet) map[string]string {
	f := map[string]string{}
	num := func(name string, v int) { f[name] = strconv.Itoa(v) }
	flag := func(name string, v bool) {
		f[name] = "0"
		if v {
			f[name] = "1"
		}
	}
	text := func(name string, v []byte) {
		if v != nil {
			f[name] = string(v)
		}
	}
	switch p := p.(type) {
	case *packet.Connack:
		flag("present", p.SessionPresent)
		num("reason", int(p.Reason))
		num("receive-maximum", int(p.ReceiveMaximum))
		num("max-packet", int(p.MaximumPacketSize))
		num("aliases", int(p.TopicAliasMaximum))
		if p.HasServerKeepAlive {
			num("keep-alive", int(p.ServerKeepAlive))
		}
		if p.HasSessionExpiry {
			num("expiry", int(p.SessionExpiry))
		}
		if p.HasMaximumQoS {
			num("max-qos", int(p.MaximumQoS))
		}
		flag("retain-available", !p.NoRetain)
		text("assigned", p.AssignedClientID)
		text("why", p.ReasonString)
		text("response-information", p.ResponseInformation)
		text("reference", p.ServerReference)
		text("method", p.AuthMethod)
		text("data", p.AuthData)
	case *packet.Publish:
		publishFields(p, f, num, flag, text)
	case *packet.Ack:
		num("id", int(p.ID))
		num("reason", int(p.Reason))
		text("why", p.ReasonString)
	case *packet.Suback:
		num("id", int(p.ID))
		f["reasons"] = reasonsText(p.Reasons)
		text("why", p.ReasonString)
	case *packet.Unsuback:
		num("id", int(p.ID))
		f["reasons"] = reasonsText(p.Reasons)
		text("why", p.ReasonString)
	case *packet.Disconnect:
		num("reason", int(p.Reason))
		text("why", p.ReasonString)
		text("reference", p.ServerReference)
		if p.HasSessionExpiry {
			num("expiry", int(p.SessionExpiry))
		}
	case *packet.Auth:
		num("reason", int(p.Reason))
		text("method", p.Method)
		text("data", p.Data)
		text("why", p.ReasonString)
	}
	return f
}

func publishFields(p *packet.Publish, f map[string]string, num func(string, int), flag func(string, bool), text func(string, []byte)) {
	num("qos", int(p.QoS))
	num("id", int(p.ID))
	flag("dup", p.Dup)
	flag("retain", p.Retain)
	f["topic"], f["payload"] = string(p.Topic), string(p.Payload)
	num("alias", int(p.Alias))
	if p.HasExpiry {
		num("expiry", int(p.Expiry))
	}
	var ids, user []string
	for _, id := range p.SubscriptionIDs {
		ids = append(ids, strconv.Itoa(int(id)))
	}
	if ids != nil {
		f["subscription"] = strings.Join(ids, ",")
	}
	for rest := p.Properties; len(rest) > 0; {
		var prop packet.Property
		prop, rest, _ = packet.NextProperty(rest)
		switch prop.ID {
		case packet.PayloadFormat:
			num("format", int(prop.Num))
		case packet.ContentType:
			text("type", prop.Value)
		case packet.ResponseTopic:
			text("response", prop.Value)
		case packet.CorrelationData:
			text("correlation", prop.Value)
		case packet.UserProperty:
			user = append(user, string(prop.Key)+":"+string(prop.Value))
		}
	}
	if user != nil {
		f["user"] = strings.Join(user, ",")
	}
}

// reasonsText is "0x00,0x01".
func reasonsText(reasons []byte) string {
	var words []string
	for _, r := range reasons {
		words = append(words, fmt.Sprintf("0x%02x", r))
	}
	return strings.Join(words, ",")
}

func sameNumber(a, b string) bool {
	x, err1 := strconv.ParseInt(a, 0, 64)
	y, err2 := strconv.ParseInt(b, 0, 64)
	return err1 == nil && err2 == nil && x == y
}
