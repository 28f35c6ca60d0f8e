package doctor

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

func (f *Facts) webSocket(l *list) {
	const check = "websocket"
	w := f.WebSocket
	switch {
	case !f.Target.WebSocket:
	case w == nil:
		l.skipped(check, "not looked at")
	case w.Status == 101 && w.Subprotocol == "mqtt" && w.Trouble == None:
		l.ok(check, "%s is a WebSocket with the subprotocol mqtt", f.Target.Path)
	case w.Status == 101 && w.Subprotocol != "mqtt":
		l.fail(check, "It is a WebSocket of something else. Check the path (Millrace and EMQX: /mqtt), or make the proxy pass the header Sec-WebSocket-Protocol on.", "%s is a WebSocket, but it does not agree to the subprotocol mqtt, it says %q", f.Target.Path, w.Subprotocol)
	case w.Status != 0:
		l.fail(check, statusAdvice(w), "%s answers with HTTP status %d", f.Target.Path, w.Status)
	case f.Speaks != Unknown:
		f.stranger(l, check)
	default:
		l.fail(check, "Check that this is the WebSocket port.", "no answer to the WebSocket handshake: %s", cmp.Or(w.Err, string(w.Trouble)))
	}
}

func statusAdvice(w *WebSocket) string {
	switch w.Status {
	case 404:
		return "There is no such path. Give the one of the listener with --path (Millrace and EMQX: /mqtt)."
	case 401, 403:
		return "The server or a proxy refuses it before MQTT: check its rules, and the listener's origins."
	case 301, 302, 303, 307, 308:
		return "It leads to " + w.Location + "; MQTT clients do not follow. Connect there."
	case 400, 405, 426, 200:
		return "A web server answers and makes no WebSocket of it. A proxy in between has to pass the headers Upgrade and Connection on; check the path, too."
	case 429, 503:
		return "The server has too much to do or as many connections as it may. Try later; the broker's limits tell."
	case 502, 504:
		return "A proxy answers and does not reach the broker behind it. Check that the broker runs."
	}
	return "Check the path and what stands in front of the broker."
}

// speeches says what a port speaks, and how to use it.
var speeches = map[Speech]struct{ is, advice string }{
	SpeaksMQTT:    {"plain MQTT, without TLS and WebSocket", "Use mqtt:// here, or the broker's own port for what you want."},
	SpeaksMQTTS:   {"MQTT over TLS, without WebSocket", "Use mqtts:// here, or the port for secure WebSocket, usually 8084."},
	SpeaksTLS:     {"TLS", "Use mqtts:// (or --tls) here, or the port for plain MQTT, usually 1883."},
	SpeaksHTTP:    {"HTTP", "This is a web server's port, perhaps the console's. The MQTT ports are usually 1883, 8883, 8083 and 8084."},
	SpeaksWS:      {"MQTT over WebSocket", "Use ws:// (or --ws) here, or the port for MQTT over TCP, usually 1883."},
	SpeaksHTTPS:   {"HTTPS", "This is a web server's port. The MQTT ports are usually 1883, 8883, 8083 and 8084."},
	SpeaksWSS:     {"MQTT over secure WebSocket", "Use wss:// here, or the port for MQTT over TLS, usually 8883."},
	SpeaksNothing: {"nothing that this program knows", "It takes connections and answers neither MQTT, TLS nor HTTP. Check the port; a broker behind the PROXY protocol answers proxies alone."},
}

func (f *Facts) stranger(l *list, check string) {
	s := speeches[f.Speaks]
	l.fail(check, s.advice, "port %d speaks %s, not %s", f.Target.Port, s.is, kindNames[f.Target.Kind()])
}

// answered is the attempt that got an answer in MQTT, the last one when none did.
func (f *Facts) answered() *Connect {
	for i := range f.Connects {
		if c := &f.Connects[i]; c.Trouble == None && c.Ack.Reason != packet.UnsupportedVersion {
			return c
		}
	}
	if len(f.Connects) == 0 {
		return nil
	}
	return &f.Connects[len(f.Connects)-1]
}

// protocol judges whether MQTT is spoken, and in which version.
func (f *Facts) protocol(l *list) {
	c := f.answered()
	switch {
	case c == nil:
		l.skipped("protocol", "not looked at")
	case c.Trouble == None && c.Ack.Reason == packet.UnsupportedVersion:
		l.fail("version", "Check what the broker speaks; this program tried all versions.", "the broker takes none of MQTT 5.0, 3.1.1 and 3.1")
	case c.Trouble == None && c.Version != f.Target.Version:
		l.warn("version", fmt.Sprintf("Set the client to MQTT %s, or update the broker.", c.Version), "the broker does not take MQTT %s, but %s", f.Target.Version, c.Version)
	case c.Trouble == None:
		l.ok("protocol", "the broker answers in MQTT %s (%s)", c.Version, span(c.Took))
	case f.Speaks != Unknown && f.Speaks != SpeaksNothing:
		f.stranger(l, "protocol")
	case c.Trouble == Timeout:
		l.fail("protocol", "Something takes the connection and says nothing: the wrong port, a proxy whose broker is gone, or a broker that waits for a PROXY header.", "no answer to CONNECT within %s", span(c.Took))
	case c.Trouble == Garbage:
		l.fail("protocol", "Check the port; something else than an MQTT broker answers.", "the answer to CONNECT is no MQTT: %s", c.Err)
	default:
		l.fail("protocol", "The broker or a proxy hangs up without a word: a ban or limit by address, a listener behind the PROXY protocol, or a port that speaks something else. The broker's list of refused clients tells (millrace ctl refused list).", "the connection is closed before any answer: %s", cmp.Or(c.Err, string(c.Trouble)))
	}
}

// credentials judges the answer to the login.
func (f *Facts) credentials(l *list) {
	c := f.answered()
	if c == nil {
		l.skipped("credentials", "not looked at")
		return
	}
	who := "without a user name"
	if f.Target.Username != "" {
		who = "as " + f.Target.Username
	}
	if c.Ack.Reason == packet.Success {
		l.ok("credentials", "let in %s (%s)", who, span(c.Took))
		return
	}
	verdict := f.refusal(c, who)
	saw := fmt.Sprintf("%s: %s (0x%02X)", verdict.saw, packet.ReasonName(c.Ack.Reason), c.Ack.Reason)
	if text := string(c.Ack.ReasonString); text != "" {
		saw += fmt.Sprintf("; the broker says: %q", text)
	}
	l.fail(verdict.check, verdict.advice, "%s", saw)
}

type verdict struct{ check, saw, advice string }

const oldCodes = " MQTT 3.1.1 has few codes; with MQTT 5.0 or on the node itself there is more to learn."

// refusal names the cause behind a CONNACK's reason.
func (f *Facts) refusal(c *Connect, who string) verdict {
	v := f.reason(c, who)
	if c.Version != packet.V5 && (c.Ack.Reason == packet.NotAuthorized || c.Ack.Reason == packet.ServerUnavailable) {
		v.advice += oldCodes
	}
	return v
}

func (f *Facts) reason(c *Connect, who string) verdict {
	switch r := c.Ack.Reason; r {
	case packet.BadUserNameOrPassword:
		return verdict{"credentials", "the broker does not take the user name or the password, tried " + who, "Check both, and that the client sends a password at all; millrace passwd sets one."}
	case packet.NotAuthorized:
		if f.Target.Username == "" {
			return verdict{"credentials", "the broker lets nobody in without a user name", "Give --username and --password-file, or a client certificate; a listener lets strangers in with anonymous: true."}
		}
		return verdict{"credentials", "the broker knows what it was shown and does not allow it in, tried " + who, "The user may be disabled, bound to a certificate, or not allowed by rules. See millrace ctl refused list."}
	case packet.Banned:
		return verdict{"ban", "the client, its user or its address is banned", "millrace ctl bans list shows the ban, and ctl bans delete ends it. Bans for failed logins and for flapping end by themselves."}
	case packet.BadAuthMethod:
		return verdict{"credentials", "the broker does not take this way of logging in", "Use user name and password, or the method that the broker asks for."}
	case packet.ClientIDNotValid:
		return verdict{"client id", "the broker does not take the client identifier", "Use a shorter one without special characters; some brokers refuse an empty one."}
	case packet.ServerUnavailable, packet.ServerBusy:
		return verdict{"limits", "the broker takes nobody in at this moment", "Memory is nearly used up, too many log in at once, or it is starting. Try again; on the node see millrace ctl status and alarms."}
	case packet.QuotaExceeded:
		return verdict{"limits", "a limit of the broker is reached", "Usually the number of connections, in all or from one address: mqtt.max_connections and the listener's max_connections and max_per_address."}
	case packet.ConnectionRate:
		return verdict{"limits", "clients connect faster than the broker allows", "Have clients wait longer before they connect again, each a different time; mqtt.limits sets the rates."}
	case packet.UseAnotherServer, packet.ServerMoved:
		return verdict{"redirect", "the broker sends clients to another server, " + cmp.Or(string(c.Ack.ServerReference), "unnamed"), "Connect there. On a Millrace node millrace ctl redirect shows and ends it."}
	case packet.PacketTooLarge:
		return verdict{"limits", "the CONNECT is larger than the broker takes", "Make will, user name or password smaller; mqtt.max_connect_size sets the limit."}
	}
	return verdict{"protocol", "the broker refuses the login", "The broker's log and its list of refused clients have its side of it."}
}

func (f *Facts) watch(l *list) {
	const check = "client id"
	w := f.Watch
	switch {
	case !f.Target.TakeOver:
	case w == nil:
		l.skipped(check, "not looked at")
	case w.Trouble == None:
		l.ok(check, "nobody else came under the identifier %q within %s", f.Target.ClientID, span(w.For))
	case w.Reason == packet.SessionTakenOver:
		l.fail(check, "Two clients use this identifier and throw each other out. Give each its own; millrace ctl clients show tells where the other comes from.", "another client took the identifier %q over after %s", f.Target.ClientID, span(w.After))
	default:
		l.fail(check, "When it happens again and again, another client uses this identifier; before MQTT 5.0 a broker gives no reason.", "the connection as %q was ended after %s%s", f.Target.ClientID, span(w.After), reasonText(w.Reason))
	}
}

func reasonText(reason byte) string {
	if reason == 0 {
		return ""
	}
	return fmt.Sprintf(": %s (0x%02X)", packet.ReasonName(reason), reason)
}

// limits tells what the broker grants.
func (f *Facts) limits(l *list) {
	c := f.answered()
	if c == nil || c.Version != packet.V5 {
		l.skipped("limits", "a broker tells its limits in MQTT 5.0 only")
		return
	}
	a := &c.Ack
	size := "any size"
	if a.MaximumPacketSize > 0 {
		size = fmt.Sprintf("%d bytes", a.MaximumPacketSize)
	}
	saw := fmt.Sprintf("packets of %s, %d messages under way", size, a.ReceiveMaximum)
	var lacks []string
	for what, missing := range map[string]bool{
		"QoS 2": a.HasMaximumQoS, "QoS 1": a.HasMaximumQoS && a.MaximumQoS == 0, "retained messages": a.NoRetain,
		"wildcards": a.NoWildcards, "shared subscriptions": a.NoShared,
	} {
		if missing {
			lacks = append(lacks, what)
		}
	}
	slices.Sort(lacks)
	if a.HasServerKeepAlive {
		saw += fmt.Sprintf(", keep alive %s", time.Duration(a.ServerKeepAlive)*time.Second)
	}
	if len(lacks) > 0 {
		l.warn("limits", "A client that uses them is disconnected.", "%s; the broker does not offer: %v", saw, lacks)
		return
	}
	l.ok("limits", "%s", saw)
}
