package doctor

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// node judges what the node says.
func (f *Facts) node() []Finding {
	n := f.Node
	l := &list{side: FromNode}
	if n == nil {
		if f.Target != nil {
			l.skipped("node", "not asked; --url with an API key, or --data on its machine, shows the broker's side")
		}
		return l.all
	}
	if n.Err != "" {
		check := l.warn
		if f.Target == nil {
			check = l.fail
		}
		check("node", "Without it the broker's side stays unseen. Give --url and --api-key-file, or --data on the node's machine.", "%s", n.Err)
		return l.all
	}
	n.health(l)
	f.listener(l)
	if f.Target != nil {
		f.bans(l)
		f.known(l)
		f.refusals(l)
		f.rules(l)
	}
	for _, m := range n.Missing {
		l.warn("node", "A key of a higher role sees more (millrace ctl api-key create --role).", "not answered: %s", m)
	}
	return l.all
}

func (n *Node) health(l *list) {
	var parts []string
	for _, p := range n.NotReady {
		parts = append(parts, p.Name+": "+p.Err)
	}
	switch {
	case !n.Ready && len(parts) > 0:
		l.fail("node", "See the node's log.", "%s, version %s, is not ready: %s", n.Name, n.Version, strings.Join(parts, "; "))
	case !n.Ready:
		l.fail("node", "See the node's log.", "%s, version %s, is not ready", n.Name, n.Version)
	default:
		l.ok("node", "%s, version %s, is ready, with %s", n.Name, n.Version, count(uint64(n.Connections), "connection"))
	}
	switch {
	case len(n.Refusing) > 0:
		l.fail("disk", "Free some space: until then publishes that are to be kept are not acknowledged.", "the disk is too full for %s; %s of %s are free", strings.Join(n.Refusing, ", "), bytes(n.DiskFree), bytes(n.DiskTotal))
	case n.DiskTotal > 0 && n.DiskFree < n.DiskTotal/20:
		l.warn("disk", "Free some space, or give the streams a max_bytes.", "%s of %s are free", bytes(n.DiskFree), bytes(n.DiskTotal))
	case n.DiskTotal > 0:
		l.ok("disk", "%s of %s are free", bytes(n.DiskFree), bytes(n.DiskTotal))
	}
	for _, a := range n.Alarms {
		l.warn("alarm", a.Detail, "%s (priority %d)", a.Title, a.Priority)
	}
}

// listener finds the one that the client means, by its port; a proxy or NAT may have
// another.
func (f *Facts) listener(l *list) {
	var all []string
	found := false
	for _, x := range f.Node.Listeners {
		all = append(all, fmt.Sprintf("%s %s (%s)", x.Name, x.Address, x.Kind))
		if f.Target == nil || f.Serves(x) {
			found = true
			f.oneListener(l, x)
		}
	}
	if f.Target != nil && !found && len(all) > 0 {
		l.warn("listener", "Unless a proxy or NAT stands between, the client has the wrong port.", "the node listens nowhere on port %d; it has %s", f.Target.Port, strings.Join(all, ", "))
	}
}

// Serves says whether the listener is the one on the port that the client goes to.
func (f *Facts) Serves(x Listener) bool {
	_, port, err := net.SplitHostPort(x.Address)
	return err == nil && port == strconv.Itoa(f.Target.Port)
}

func (f *Facts) oneListener(l *list, x Listener) {
	const check = "listener"
	name := fmt.Sprintf("%s on %s", x.Name, x.Address)
	switch {
	case !x.Listening:
		l.fail(check, "See the node's log for why.", "%s is stopped", name)
	case f.Target != nil && x.Kind != f.Target.Kind():
		l.fail(check, "Connect with "+schemes[x.Kind]+", or to another port.", "%s speaks %s, and the client was to use %s", name, kindNames[x.Kind], kindNames[f.Target.Kind()])
	case f.Target != nil && !f.Target.TLS && !x.Anonymous && f.Target.Username == "" && !Loopback(f.Target.Host):
		l.warn(check, "The client needs a user name there.", "%s, %s, lets no stranger in", name, kindNames[x.Kind])
	default:
		l.ok(check, "%s, %s", name, kindNames[x.Kind])
	}
	if x.Failed != "" {
		l.warn(check, "Mend the files; what was read before stays in force.", "%s could not read its new certificate: %s", name, x.Failed)
	}
	if left := x.Ends.Sub(f.Now); !x.Ends.IsZero() && left < soon {
		l.warn(check, "Renew it.", "a certificate of %s ends at %s", name, stamp(x.Ends))
	}
}

var schemes = map[string]string{"tcp": "mqtt://", "tls": "mqtts://", "ws": "ws://", "wss": "wss://", "unix": "the socket's file"}

// Loopback says whether a host is this machine by its name or address.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (f *Facts) bans(l *list) {
	for _, b := range f.Node.Bans {
		until := "for ever"
		if !b.Until.IsZero() {
			until = "until " + stamp(b.Until)
		}
		by := b.By
		if by == "" {
			by = "the node itself"
		}
		l.fail("ban", fmt.Sprintf("millrace ctl bans delete %s %q ends it.", b.Kind, b.Value), "%s %q is banned %s, by %s: %s", b.Kind, b.Value, until, by, b.Reason)
	}
}

// known tells what the node has under the client's identifier.
func (f *Facts) known(l *list) {
	const check = "client id"
	c, id := f.Node.Client, f.Target.ClientID
	switch {
	case id == "":
	case c == nil:
		l.ok(check, "no client with the identifier %q is connected, and it has no session", id)
	case c.Connected:
		l.warn(check, "If that is not the client in question, two use one identifier and throw each other out: give each its own.", "%q is connected from %s%s since %s, by %s%s", id, c.Address, asUser(c.User), stamp(c.Since), c.Listener, lastError(c))
	default:
		l.ok(check, "%q is away since %s, last from %s%s; %d messages wait for it%s", id, stamp(c.Since), c.Address, asUser(c.User), c.Queued, lastError(c))
	}
}

func asUser(user string) string {
	if user == "" {
		return ""
	}
	return " as " + user
}

func lastError(c *Client) string {
	if c.LastError == "" {
		return ""
	}
	return "; its last error: " + c.LastError
}

// refusals are what the node says of its refusals: of this program's own attempt it is
// the very cause.
func (f *Facts) refusals(l *list) {
	const check = "refused"
	none := true
	for _, r := range f.Node.Refusals {
		own := f.own(r)
		if !own && f.noise(r) {
			continue
		}
		none = false
		judge, whose := l.warn, ""
		if own {
			judge, whose = l.fail, "this program's attempt, "
		}
		judge(check, "millrace ctl refused list has more; "+r.Code+" is explained in the API's page (/api/docs).", "%s%s: %s (%s), %s, last %s", whose, refusalOf(r), r.Text, r.Reason, count(r.Count, "time"), stamp(r.Last))
	}
	if none {
		l.ok(check, "the node refused nobody else that fits in the last %s", span(Recent))
	}
}

// own says whether a refusal is that of this program's attempt: by its identifier, or
// where it did not get so far, by address and time.
func (f *Facts) own(r Refusal) bool {
	if r.Client != "" {
		return r.Client == f.Identity
	}
	return f.meanwhile(r) && f.unheard()
}

// noise is what this program's looking about leaves behind, now and at other times.
func (f *Facts) noise(r Refusal) bool {
	return strings.HasPrefix(r.Client, IdentityPrefix) || r.Client == "" && f.meanwhile(r)
}

// meanwhile says whether a refusal came while this program looked, by the node's clock.
func (f *Facts) meanwhile(r Refusal) bool {
	began := f.Now
	if c := f.Node.Clock; c != nil {
		began = began.Add(c.Theirs.Sub(c.Ours) - c.Doubt)
	}
	return !r.Last.Before(began)
}

// unheard says whether the broker ended the attempt without an answer in MQTT, in the
// language that it speaks.
func (f *Facts) unheard() bool {
	switch {
	case f.Speaks != Unknown && f.Speaks != SpeaksNothing:
		return false
	case f.TLS != nil && f.TLS.Trouble == None && f.TLS.Alert == "" && len(f.Connects) == 0:
		return f.WebSocket != nil && f.WebSocket.Trouble != None
	}
	c := f.answered()
	return c == nil || c.Trouble != None
}

// count is a number with its noun.
func count[N int | uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Recent is how far back refusals are asked for.
const Recent = 10 * time.Minute

func refusalOf(r Refusal) string {
	text := "a client"
	if r.Client != "" {
		text = fmt.Sprintf("%q", r.Client)
	}
	return text + asUser(r.User) + " from " + r.Address
}

func (f *Facts) rules(l *list) {
	for _, a := range f.Node.Access {
		if a.Allowed {
			l.ok("access", "%s %s is allowed: %s", a.Action, a.Topic, a.Why)
		} else {
			l.fail("access", "Change the rules file; millrace ctl access test tries it.", "%s %s is denied: %s", a.Action, a.Topic, a.Why)
		}
	}
}

// bytes writes a size in the unit that suits.
func bytes(n int64) string {
	v, units := float64(n), []string{"B", "KiB", "MiB", "GiB", "TiB"}
	for v >= 1024 && len(units) > 1 {
		v, units = v/1024, units[1:]
	}
	return fmt.Sprintf("%.4g %s", v, units[0])
}
