package doctor

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

func (f *Facts) subscribe(l *list) { f.grant(l, "subscribe", f.Subscribe) }

func (f *Facts) publish(l *list) {
	if wild(f.Target.Topic) {
		return
	}
	if g := f.Publish; g != nil && g.Trouble == None && f.answered().Version != packet.V5 && g.Reason < packet.UnspecifiedError {
		l.warn("publish", "Before MQTT 5.0 a broker cannot refuse a publish: see whether it arrives with --roundtrip, or ask the node.", "%s is acknowledged (%s), which says nothing about the right to", f.Target.Topic, span(g.Took))
		return
	}
	f.grant(l, "publish", f.Publish)
}

func (f *Facts) grant(l *list, check string, g *Grant) {
	topic := f.Target.Topic
	switch {
	case topic == "":
	case g == nil:
		l.skipped(check, "not looked at")
	case g.Trouble == Timeout:
		l.fail(check, "The broker did not answer: it may be out of disk space or overloaded. See millrace ctl status.", "no acknowledgement for %s within %s", topic, span(g.Took))
	case g.Trouble != None:
		l.fail(check, "The broker hangs up on it: most likely the access rules say no. millrace ctl access test tells which rule.", "the connection is ended on %s: %s%s", topic, cmp.Or(g.Err, string(g.Trouble)), reasonText(g.Reason))
	case g.Reason == packet.NotAuthorized, g.Reason == packet.UnspecifiedError && f.answered().Version != packet.V5:
		l.fail(check, "The access rules say no. millrace ctl access test tells which rule; docs/guides/access.md how to allow it.", "%s is not allowed%s%s", topic, reasonText(g.Reason), quoted(g.Text))
	case g.Reason >= packet.UnspecifiedError:
		l.fail(check, "The topic's form or a limit stands against it.", "%s is refused%s%s", topic, reasonText(g.Reason), quoted(g.Text))
	default:
		l.ok(check, "%s is allowed (%s)", topic, span(g.Took))
	}
}

func quoted(text string) string {
	if text == "" {
		return ""
	}
	return fmt.Sprintf("; the broker says: %q", text)
}

func (f *Facts) trips(l *list) {
	const check = "round trip"
	n := len(f.Trips)
	switch {
	case !f.Target.RoundTrip:
	case f.TripError != "":
		l.fail(check, "What is published does not come back: the rights differ for publish and subscribe, a rule rewrites the topic, or the broker is overloaded.", "%d came back, then: %s", n, f.TripError)
	case n == 0:
		l.skipped(check, "not tried without the right to subscribe and to publish")
	default:
		sorted := slices.Sorted(slices.Values(f.Trips))
		l.ok(check, "%d messages of QoS 1 came back: fastest %s, median %s, slowest %s", n, span(sorted[0]), span(sorted[n/2]), span(sorted[n-1]))
	}
}

func (f *Facts) idle(l *list) {
	const check = "idle"
	i := f.Idle
	switch {
	case f.Target.Wait == 0:
	case i == nil:
		l.skipped(check, "not looked at")
	case i.Trouble == None && i.Capped:
		l.warn(check, "The broker's own keep alive bounds how long a client may be silent; a longer wait would only find that.", "the connection stood %s of silence, the longest that the broker's keep alive allows", span(i.For))
	case i.Trouble == None:
		l.ok(check, "the connection stood %s of silence", span(i.For))
	case i.Reason != 0:
		l.fail(check, "The broker itself ended it.", "the broker ended the silent connection after %s%s", span(i.After), reasonText(i.Reason))
	case i.Trouble == Timeout:
		l.fail(check, fmt.Sprintf("A firewall or NAT on the way forgets silent connections. Set the client's keep alive to less than %s, such as a third of it.", span(i.For)), "after %s of silence nothing comes through any more", span(i.For))
	default:
		l.fail(check, fmt.Sprintf("A proxy, load balancer or firewall on the way cuts silent connections. Set the client's keep alive to half of that or less (%s), or lengthen the proxy's timeout.", span(i.After/2)), "the silent connection was cut after %s: %s", span(i.After), cmp.Or(i.Err, string(i.Trouble)))
	}
}

// The distance between clocks that is spoken of: certificates and expiries of messages
// bear some.
const (
	clockWarn = 5 * time.Second
	clockFar  = 5 * time.Minute
)

func (f *Facts) clock(l *list) {
	c := f.Dated
	if f.Node != nil && f.Node.Clock != nil {
		c = f.Node.Clock
	}
	if c == nil {
		l.skipped("clock", "the broker does not tell its time; with access to the node (--url, --data) it is compared")
		return
	}
	off := c.Theirs.Sub(c.Ours)
	size := max(off, -off) - c.Doubt
	switch {
	case size < clockWarn:
		l.ok("clock", "the broker's and this machine's agree within %s", span((max(off, -off) + c.Doubt).Round(time.Millisecond)))
	case size < clockFar:
		l.warn("clock", "Set both by NTP.", "the broker's is %s this machine's", apart(off))
	default:
		l.warn("clock", "Set both by NTP: certificates and tokens seem expired or not yet valid, and messages expire early.", "the broker's is %s this machine's", apart(off))
	}
}

func apart(off time.Duration) string {
	if off < 0 {
		return span(-off) + " behind"
	}
	return span(off) + " ahead of"
}
