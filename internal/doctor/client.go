package doctor

import (
	"fmt"
	"strings"
	"time"
)

// client judges the client's side, step by step; what lies behind a step that failed
// is skipped.
func (f *Facts) client() []Finding {
	if f.Target == nil {
		return nil
	}
	l := &list{side: FromClient}
	steps := []struct {
		name  string
		judge func(*list)
	}{
		{"name", f.name}, {"reach", f.reach}, {"tls", f.tls}, {"websocket", f.webSocket},
		{"protocol", f.protocol}, {"credentials", f.credentials}, {"client id", f.watch}, {"limits", f.limits}, {"clock", f.clock},
		{"subscribe", f.subscribe}, {"publish", f.publish}, {"round trip", f.trips}, {"idle", f.idle},
	}
	broken := ""
	for _, s := range steps {
		if broken != "" && s.name != "clock" {
			if f.wanted(s.name) {
				l.skipped(s.name, "not looked at, because of the failure above (%s)", broken)
			}
			continue
		}
		before := len(l.all)
		s.judge(l)
		if l.failed() && broken == "" && gates[s.name] {
			broken = l.all[before].Check
			for _, x := range l.all[before:] {
				if x.State == Fail {
					broken = x.Check
					break
				}
			}
		}
	}
	return l.all
}

// gates are the steps without which none of the later ones can be made.
var gates = map[string]bool{"name": true, "reach": true, "tls": true, "websocket": true, "protocol": true, "credentials": true}

// wanted says whether a step was asked for.
func (f *Facts) wanted(step string) bool {
	t := f.Target
	switch step {
	case "tls":
		return t.TLS
	case "websocket":
		return t.WebSocket
	case "client id":
		return t.TakeOver
	case "subscribe":
		return t.Topic != ""
	case "publish":
		return t.Topic != "" && !wild(t.Topic)
	case "round trip":
		return t.RoundTrip
	case "idle":
		return t.Wait > 0
	}
	return true
}

func wild(topic string) bool { return strings.ContainsAny(topic, "+#") }

func (f *Facts) name(l *list) {
	n, host := f.Name, f.Target.Host
	switch {
	case n == nil:
		l.skipped("name", "not looked at")
	case n.Literal:
		l.ok("name", "%s is an address; no name to look up", host)
	case n.Trouble == NotFound:
		l.fail("name", "Check the spelling, this machine's DNS servers and search domain, or use the broker's address.", "no address is known for %s: %s", host, n.Err)
	case n.Trouble == Timeout:
		l.fail("name", "The DNS server does not answer. Check this machine's network and its DNS settings, or use the broker's address.", "looking up %s took too long (%s)", host, span(n.Took))
	case n.Trouble != None:
		l.fail("name", "Check this machine's DNS settings, or use the broker's address.", "%s cannot be looked up: %s", host, n.Err)
	default:
		texts := make([]string, len(n.Addresses))
		for i, a := range n.Addresses {
			texts[i] = a.String()
		}
		l.ok("name", "%s is %s (%s)", host, strings.Join(texts, ", "), span(n.Took))
	}
}

func (f *Facts) reach(l *list) {
	var open, shut []Dial
	for _, d := range f.Dials {
		if d.Trouble == None {
			open = append(open, d)
		} else {
			shut = append(shut, d)
		}
	}
	port := f.Target.Port
	switch {
	case len(f.Dials) == 0:
		l.skipped("reach", "not looked at")
	case len(open) == 0:
		f.unreached(l, shut)
	case len(shut) > 0:
		l.warn("reach", "A client that tries that address first waits or fails. Have the broker listen there, or take the address out of DNS.",
			"%s port %d answers (%s), but %s does not: %s", open[0].Address, port, span(open[0].Took), shut[0].Address, dialText(shut[0]))
	default:
		l.ok("reach", "%s port %d answers (%s)", open[0].Address, port, span(open[0].Took))
	}
}

// unreached tells a machine that says no from a silent firewall.
func (f *Facts) unreached(l *list, shut []Dial) {
	d, port := shut[0], f.Target.Port
	advice := "Check the address, and this machine's network."
	switch d.Trouble {
	case Refused:
		advice = "The machine is there, but nothing listens on this port: check the port, that the broker runs, and that it listens on this address and not on 127.0.0.1 alone. A firewall that rejects looks the same."
	case Timeout:
		advice = "Packets are lost without a word: a firewall drops them, or the machine is off or has another address. Open the port on the way, also on the broker's own machine."
	case Unreachable:
		advice = "There is no way to that network. Check the address, this machine's routes, and whether a VPN is needed."
	}
	if len(f.Others) > 0 {
		advice = fmt.Sprintf("On this machine %s answers: perhaps that is the port you mean. ", ports(f.Others)) + advice
	}
	l.fail("reach", advice, "%s port %d: %s", d.Address, port, dialText(d))
}

var usual = map[int]string{1883: "MQTT", 8883: "MQTT over TLS", 8083: "WebSocket", 8084: "secure WebSocket"}

func ports(list []int) string {
	var texts []string
	for _, p := range list {
		texts = append(texts, fmt.Sprintf("port %d (%s)", p, usual[p]))
	}
	return strings.Join(texts, ", ")
}

func dialText(d Dial) string {
	switch d.Trouble {
	case Refused:
		return fmt.Sprintf("connection refused after %s", span(d.Took))
	case Timeout:
		return fmt.Sprintf("no answer within %s", span(d.Took))
	case Unreachable:
		return "unreachable: " + d.Err
	}
	return d.Err
}

// span writes a duration with three digits at most.
func span(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + span(-d)
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d < time.Second:
		return d.Round(100 * time.Microsecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	case d < 48*time.Hour:
		return d.Round(time.Second).String()
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
