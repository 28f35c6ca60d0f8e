package broker

import (
	"bytes"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

// gatekeeper is an Authenticator and Authorizer that a test turns by hand. A client's
// verdict waits while its user is held; its password is its name.
type gatekeeper struct {
	mu     sync.Mutex
	held   map[string][]func() // verdicts that wait, by user
	errs   map[string]error    // what Recheck says, by user
	denied map[string]bool     // topics and filters
	asked  int
	given  int // Rights, so far
}

func newGatekeeper() *gatekeeper {
	return &gatekeeper{held: map[string][]func(){}, errs: map[string]error{}, denied: map[string]bool{}}
}

var errBadPassword = fault.New(fault.BadPassword, "The password is wrong.")

func (g *gatekeeper) Authenticate(l *Login, later func(Verdict)) (Verdict, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	user := string(l.Username)
	v := Verdict{Identity: &Identity{Username: user, By: "password"}}
	if !bytes.Equal(l.Username, l.Password) {
		v = Verdict{Err: errBadPassword}
	}
	if waiting, held := g.held[user]; held {
		g.held[user] = append(waiting, func() { later(v) })
		return Verdict{}, false
	}
	return v, true
}

func (g *gatekeeper) hold(user string) { g.held[user] = []func(){} }

// waiting is how many verdicts wait.
func (g *gatekeeper) waiting(user string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.held[user])
}

// tell gives the user's verdict with that number.
func (g *gatekeeper) tell(user string, n int) {
	g.mu.Lock()
	f := g.held[user][n]
	g.mu.Unlock()
	f()
}

func (g *gatekeeper) Recheck(id *Identity) (*Identity, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return id, g.errs[id.Username]
}

func (g *gatekeeper) set(user string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.errs[user] = err
}

// rights is how often rights were asked for.
func (g *gatekeeper) rights() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.given
}

func (g *gatekeeper) deny(topics ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, t := range topics {
		g.denied[t] = true
	}
}

func (g *gatekeeper) Exchange(method string, _ *Login) (Exchange, error) {
	if method != "KNOCK" {
		return nil, errAuthMethod
	}
	return &knocker{}, nil
}

// knocker is an authentication method of two steps: "who" and a name, "really" and yes.
type knocker struct{ name string }

func (k *knocker) Step(data []byte) ([]byte, *Identity, error) {
	switch {
	case k.name == "" && len(data) == 0:
		return []byte("who"), nil, nil
	case k.name == "":
		k.name = string(data)
		return []byte("really"), nil, nil
	case string(data) == "yes":
		return []byte("welcome"), &Identity{Username: k.name, By: "KNOCK"}, nil
	}
	return nil, nil, errBadPassword
}

func (k *knocker) User() string { return k.name }

func (g *gatekeeper) Rights(*Identity, *Login) Rights {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.given++
	denied := map[string]bool{}
	for t := range g.denied {
		denied[t] = true
	}
	return &deniedTopics{g, denied}
}

type deniedTopics struct {
	g      *gatekeeper
	denied map[string]bool
}

func (d *deniedTopics) MayPublish(topic []byte, _ byte, _ bool) bool {
	d.g.mu.Lock()
	d.g.asked++
	d.g.mu.Unlock()
	return !d.denied[string(topic)]
}

func (d *deniedTopics) MaySubscribe(filter []byte, _ byte) bool { return !d.denied[string(filter)] }

// guarded starts a broker behind the gatekeeper.
func guarded(t testing.TB, g *gatekeeper, o Options) *Broker {
	o.Authenticator, o.Authorizer = g, g
	return start(t, o)
}

func login(v packet.Version, id, user, password string) *packet.Connect {
	return &packet.Connect{Version: v, CleanStart: true, ClientID: []byte(id), Username: []byte(user), Password: []byte(password)}
}

// comeAs connects as the user, whose password is its name.
func comeAs(t testing.TB, b *Broker, v packet.Version, id, user string) *raw {
	t.Helper()
	c := dial(t, b, v)
	c.send(login(v, id, user, user))
	if a := expect[*packet.Connack](c); a.Reason != packet.Success {
		t.Fatalf("%s: %s", id, packet.ReasonName(a.Reason))
	}
	return c
}

// What a client sends behind its CONNECT waits for the verdict, and is not lost.
func TestAVerdictIsWaitedFor(t *testing.T) {
	for _, v := range versions {
		g := newGatekeeper()
		g.hold("slow")
		b := guarded(t, g, Options{})
		sub := comeAs(t, b, packet.V5, "sub", "anna")
		sub.subscribe("a", 0)
		c := dial(t, b, v)
		c.send(login(v, "c", "slow", "slow"), publish("a", "early", 1, 7))
		eventually(t, "the verdict is asked for", func() bool { return g.waiting("slow") == 1 })
		if n := b.Stats().Connections; n != 1 {
			t.Errorf("%d are in before the verdict", n)
		}
		g.tell("slow", 0)
		if a := expect[*packet.Connack](c); a.Reason != packet.Success {
			t.Fatalf("%+v", a)
		}
		if a := expect[*packet.Ack](c); a.ID != 7 {
			t.Errorf("%+v", a)
		}
		if m := expect[*packet.Publish](sub); text(m) != "a=early" {
			t.Error(text(m))
		}
		if s := b.Stats().Access; s.Logins != 2 {
			t.Errorf("%+v", s)
		}
	}
}

func TestAVerdictFindsNobody(t *testing.T) {
	g := newGatekeeper()
	g.hold("slow")
	b := guarded(t, g, Options{})
	c := dial(t, b, packet.V5)
	c.send(login(packet.V5, "c", "slow", "slow"))
	eventually(t, "the verdict is asked for", func() bool { return g.waiting("slow") == 1 })
	_ = c.nc.Close()
	g.tell("slow", 0)
	g.tell("slow", 0) // a second one is none
	settle(b)
	eventually(t, "nobody is in", func() bool { return b.Stats().Connections == 0 })
	comeAs(t, b, packet.V5, "c", "anna")
}

func TestAWrongPasswordIsAnsweredLater(t *testing.T) {
	for _, v := range versions {
		g := newGatekeeper()
		g.hold("slow")
		b := guarded(t, g, Options{})
		c := dial(t, b, v)
		c.send(login(v, "c", "slow", "guess"))
		eventually(t, "the verdict is asked for", func() bool { return g.waiting("slow") == 1 })
		g.tell("slow", 0)
		if a := expect[*packet.Connack](c); a.Reason != packet.BadUserNameOrPassword {
			t.Errorf("%v: %s", v, packet.ReasonName(a.Reason))
		}
		c.closed()
		eventually(t, "it is counted by its reason", func() bool { return b.Stats().Refused[fault.BadPassword] == 1 })
	}
}

// Of two connections with one identifier the later one stays, in whichever order their
// verdicts come [MQTT-3.1.4-3].
func TestTheLaterOfTwoStays(t *testing.T) {
	for _, order := range [][2]int{{0, 1}, {1, 0}} {
		g := newGatekeeper()
		g.hold("slow")
		b := guarded(t, g, Options{})
		var both [2]*raw
		for i := range both {
			both[i] = dial(t, b, packet.V5)
			both[i].send(login(packet.V5, "same", "slow", "slow"))
			eventually(t, "the verdict is asked for", func() bool { return g.waiting("slow") == i+1 })
		}
		for _, n := range order {
			g.tell("slow", n)
			settle(b)
		}
		if a := expect[*packet.Connack](both[1]); a.Reason != packet.Success {
			t.Fatalf("%v: the later got %s", order, packet.ReasonName(a.Reason))
		}
		both[1].send(packet.Pingreq{})
		expect[packet.Pingresp](both[1])
	}
}

func TestWhoTakesTooLongIsClosed(t *testing.T) {
	g, clock := newGatekeeper(), newClock()
	g.hold("slow")
	b := guarded(t, g, Options{Now: clock.now})
	c := dial(t, b, packet.V5)
	c.send(login(packet.V5, "c", "slow", "slow"))
	eventually(t, "the verdict is asked for", func() bool { return g.waiting("slow") == 1 })
	clock.forward(11e9)
	b.tick()
	if a := expect[*packet.Connack](c); a.Reason == packet.Success {
		t.Error("in")
	}
	c.closed()
	g.tell("slow", 0)
	settle(b)
}

func TestWhatRulesDeny(t *testing.T) {
	for _, v := range versions {
		g := newGatekeeper()
		g.deny("secret", "secret/#")
		b := guarded(t, g, Options{})
		all := comeAs(t, b, packet.V5, "all", "anna")
		all.subscribe("#", 0)
		c := comeAs(t, b, v, "c", "anna")
		c.send(&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte("a")}, {Filter: []byte("secret/#")}, {Filter: []byte("$share/g/secret/#")}}})
		want := []byte{0, packet.NotAuthorized, packet.NotAuthorized}
		if v != packet.V5 {
			want = []byte{0, 0x80, 0x80}
		}
		if a := expect[*packet.Suback](c); !bytes.Equal(a.Reasons, want) {
			t.Errorf("%v: SUBACK % x", v, a.Reasons)
		}
		c.send(publish("secret", "0", 0, 0), publish("secret", "1", 1, 1), publish("secret", "2", 2, 2), publish("open", "yes", 1, 3))
		reason := packet.Success
		if v == packet.V5 {
			reason = packet.NotAuthorized
		}
		for _, id := range []uint16{1, 2} {
			if a := expect[*packet.Ack](c); a.ID != id || a.Reason != reason {
				t.Errorf("%v: %+v", v, a)
			}
		}
		expect[*packet.Ack](c)
		if m := expect[*packet.Publish](all); text(m) != "open=yes" {
			t.Errorf("%v: %s", v, text(m))
		}
		eventually(t, "all is counted", func() bool {
			s := b.Stats()
			return s.Dropped[fault.AccessDenied] == 3 && s.SubscriptionsRefused[fault.AccessDenied] == 2 && s.Access.PublishDenied == 3 && s.Access.SubscribeDenied == 2 && s.Access.PublishAllowed == 1
		})
	}
}

func TestMQTT3ClientsMayBeClosedForIt(t *testing.T) {
	g := newGatekeeper()
	g.deny("secret")
	b := guarded(t, g, Options{CloseDenied: true})
	c := comeAs(t, b, packet.V311, "c", "anna")
	c.send(publish("secret", "x", 1, 1))
	c.closed()
}

func TestAWillIsAskedAboutAtTheLogin(t *testing.T) {
	g := newGatekeeper()
	g.deny("secret")
	b := guarded(t, g, Options{})
	for _, v := range versions {
		c, p := dial(t, b, v), login(v, "c", "anna", "anna")
		p.HasWill, p.Will = true, packet.Will{Topic: []byte("secret"), Payload: []byte("x")}
		c.send(p)
		if a := expect[*packet.Connack](c); a.Reason != packet.NotAuthorized {
			t.Errorf("%v: %s", v, packet.ReasonName(a.Reason))
		}
		c.closed()
	}
}

// What a certificate alone leaves unread is said in the log.
func TestWhatACertificateLeavesUnread(t *testing.T) {
	for want, p := range map[string]*packet.Connect{
		"":                   {Username: []byte("press-1")},
		"another name, anna": {Username: []byte("anna"), Password: []byte("x")},
		"the password":       {Username: []byte("press-1"), Password: []byte("x")},
	} {
		if got := unread(p, "press-1"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if got := unread(p, ""); got != "" {
			t.Errorf("without a certificate: %q", got)
		}
	}
}

// Rules that forbid a will by the time it is due keep it in, whether its client was
// there when they changed or had left.
func TestAWillIsAskedAboutWhenItIsDue(t *testing.T) {
	t.Parallel() // it waits, for a second at most
	g := newGatekeeper()
	b := guarded(t, g, Options{})
	heir := comeAs(t, b, packet.V5, "heir", "anna")
	heir.subscribe("#", 0)
	dying := func(id, topic string, delay uint32) *raw {
		c, p := dial(t, b, packet.V5), login(packet.V5, id, "anna", "anna")
		p.HasWill, p.Will, p.SessionExpiry = true, packet.Will{Topic: []byte(topic), Payload: []byte(id), Delay: delay}, 1
		c.send(p)
		expect[*packet.Connack](c)
		return c
	}
	here, away, last := dying("here", "secret", 0), dying("away", "secret", 1), dying("last", "open", 1)
	away.nc.Close()
	eventually(t, "one has left", func() bool { return b.Stats().Connections == 3 })
	g.deny("secret")
	before := b.Stats().Access.PublishDenied
	b.Reauthorize()
	eventually(t, "rules are asked anew", func() bool { return g.rights() == 8 })
	here.nc.Close()
	last.nc.Close()
	if m := expect[*packet.Publish](heir); text(m) != "open=last" {
		t.Error(text(m))
	}
	eventually(t, "both wills are dropped", func() bool {
		s := b.Stats()
		return s.Dropped[fault.AccessDenied] == 2 && s.Access.PublishDenied == before+2
	})
}

// A change of rules and users counts for those who are connected.
func TestAChangeCountsForThoseWhoAreIn(t *testing.T) {
	g := newGatekeeper()
	b := guarded(t, g, Options{})
	c := comeAs(t, b, packet.V5, "c", "anna")
	c.subscribe("a", 0)
	c.subscribe("b", 0)
	removed, changed := comeAs(t, b, packet.V5, "r", "rita"), comeAs(t, b, packet.V5, "p", "paul")
	old := comeAs(t, b, packet.V311, "o", "rita")
	pub := comeAs(t, b, packet.V5, "pub", "inner")
	pub.send(publish("x", "1", 1, 1))
	expect[*packet.Ack](pub)

	g.deny("a", "x")
	g.set("rita", fault.New(fault.UserRemoved, "The user was removed."))
	g.set("paul", fault.New(fault.CredentialsChanged, "The password was changed."))
	b.Reauthorize()

	if d := expect[*packet.Disconnect](removed); d.Reason != packet.NotAuthorized {
		t.Errorf("removed: %s", packet.ReasonName(d.Reason))
	}
	if d := expect[*packet.Disconnect](changed); d.Reason != packet.AdministrativeAction {
		t.Errorf("changed: %s", packet.ReasonName(d.Reason))
	}
	old.closed()
	eventually(t, "a subscription ends", func() bool { return b.Stats().Access.Revoked == 1 })
	pub.send(publish("x", "2", 1, 2))
	if a := expect[*packet.Ack](pub); a.Reason != packet.NotAuthorized {
		t.Errorf("an old verdict was remembered: %+v", a)
	}
	pub.send(publish("a", "no", 0, 0), publish("b", "yes", 0, 0))
	if m := expect[*packet.Publish](c); text(m) != "b=yes" {
		t.Error(text(m))
	}
}

// What waits by a subscription that has ended for its rights is not delivered, to a
// client that is connected nor to one that comes back. What another subscription brings,
// too, and what was sent before, is.
func TestWhatWaitsGoesWithItsRight(t *testing.T) {
	for _, v := range versions {
		g := newGatekeeper()
		b := guarded(t, g, Options{Zone: Zone{Inflight: 1}})
		enter := func(id string, present bool) *raw {
			c, p := dial(t, b, v), login(v, id, "anna", "anna")
			p.CleanStart, p.SessionExpiry = false, 3600
			c.send(p)
			if a := expect[*packet.Connack](c); v != packet.V31 && a.SessionPresent != present {
				t.Fatalf("%v: %+v", v, a)
			}
			return c
		}
		live, away := enter("live", false), enter("away", false)
		for id, c := range map[string]*raw{"live": live, "away": away} {
			for _, f := range []string{"a/#", "a/both", "b", "$share/" + id + "/s"} {
				c.subscribe(f, 1)
			}
		}
		away.send(&packet.Disconnect{})
		away.closed()
		pub := comeAs(t, b, v, "pub", "inner")
		for i, name := range []string{"b", "a/1", "s", "a/both", "a/2", "b"} {
			pub.send(publish(name, strconv.Itoa(i), 1, uint16(i+1)))
			expect[*packet.Ack](pub)
		}
		first := expect[*packet.Publish](live)

		g.deny("a/#", "s")
		b.Reauthorize()
		eventually(t, "the subscriptions end", func() bool { return b.Stats().Access.Revoked == 4 })

		rest := func(who string, c *raw, m *packet.Publish) {
			got := text(m)
			for c.send(&packet.Ack{Kind: packet.TypePuback, ID: m.ID}); text(m) != "b=5"; c.send(&packet.Ack{Kind: packet.TypePuback, ID: m.ID}) {
				m = expect[*packet.Publish](c)
				got += " " + text(m)
			}
			if got != "b=0 a/both=3 b=5" {
				t.Errorf("%v %s: %s", v, who, got)
			}
		}
		rest("live", live, first)
		back := enter("away", true)
		rest("away", back, expect[*packet.Publish](back))
		eventually(t, "what waited is counted", func() bool { return b.Stats().Dropped[fault.AccessRevoked] == 6 })
	}
}

// Retained messages that are lined up by a subscription that has ended for its rights go
// with it, too, and those of others come.
func TestLinedUpRetainedMessagesGoWithTheirRight(t *testing.T) {
	for _, v := range versions {
		g := newGatekeeper()
		b := guarded(t, g, Options{Zone: Zone{Inflight: 1}})
		pub := comeAs(t, b, v, "pub", "inner")
		for i, name := range []string{"a/1", "a/2", "a/3", "a/4", "a/both", "b"} {
			p := publish(name, "kept", 1, uint16(i+1))
			p.Retain = true
			pub.send(p)
			expect[*packet.Ack](pub)
		}
		c := comeAs(t, b, v, "c", "anna")
		c.subscribe("a/#", 1)
		first := expect[*packet.Publish](c) // one more waits in the queue, three are lined up
		c.subscribe("a/both", 1)
		c.subscribe("b", 1)

		g.deny("a/#")
		b.Reauthorize()
		eventually(t, "the subscription ends", func() bool { return b.Stats().Access.Revoked == 1 })
		var got []string
		for m := first; text(m) != "b=kept"; m = expect[*packet.Publish](c) {
			got = append(got, text(m))
			c.send(&packet.Ack{Kind: packet.TypePuback, ID: m.ID})
		}
		allowed := func(text string) bool { return text == "a/both=kept" }
		if denied := slices.DeleteFunc(got[1:], allowed); len(denied) > 0 {
			t.Errorf("%v: after its right, %v", v, denied)
		}
		dropped := uint64(3) // and one was sent
		if text(first) == "a/both=kept" {
			dropped = 4
		}
		eventually(t, "what waited is counted", func() bool { return b.Stats().Dropped[fault.AccessRevoked] == dropped })
	}
}

// What was kept for one user does not reach another that takes the same identifier.
func TestASessionIsOneUsers(t *testing.T) {
	g := newGatekeeper()
	b := guarded(t, g, Options{})
	lasting := func(user string) *packet.Connack {
		c, p := dial(t, b, packet.V5), login(packet.V5, "same", user, user)
		p.CleanStart, p.SessionExpiry = false, 3600
		c.send(p)
		a := expect[*packet.Connack](c)
		c.send(&packet.Disconnect{})
		c.closed()
		return a
	}
	lasting("anna")
	if !lasting("anna").SessionPresent {
		t.Error("anna's session is gone")
	}
	if lasting("bert").SessionPresent {
		t.Error("bert has anna's session")
	}
}

// So it is when the node has started anew meanwhile.
func TestARecoveredSessionIsOneUsers(t *testing.T) {
	for _, user := range []string{"anna", "bert"} {
		g, d := newGatekeeper(), newDisk()
		o := Options{Authenticator: g, Authorizer: g}
		b, _ := d.node(t, o)
		as := func(user string) (*raw, bool) {
			c, a := come(t, b, "same", 1000, func(p *packet.Connect) { p.Username, p.Password = []byte(user), []byte(user) })
			return c, a.SessionPresent
		}
		c, _ := as("anna")
		c.subscribe("kept/#", 1)
		b, _ = d.killed(t).node(t, o)
		if _, present := as(user); present != (user == "anna") {
			t.Errorf("%s: session present %t", user, present)
		}
	}
}

func TestAnIdentityThatRunsOut(t *testing.T) {
	clock := newClock()
	b := start(t, Options{Now: clock.now, Authenticator: expiring{clock.now().UnixNano() + 60e9}})
	c := enter(t, b, packet.V5, "c")
	clock.forward(61e9)
	b.tick()
	if d := expect[*packet.Disconnect](c); d.Reason != packet.NotAuthorized {
		t.Errorf("%s", packet.ReasonName(d.Reason))
	}
	eventually(t, "it is counted", func() bool { return b.Stats().Closed[fault.CredentialsExpired] == 1 })
}

// expiring lets everybody in until then.
type expiring struct{ until int64 }

func (e expiring) Authenticate(*Login, func(Verdict)) (Verdict, bool) {
	return Verdict{Identity: &Identity{Expires: e.until}}, true
}
func (e expiring) Exchange(string, *Login) (Exchange, error) { return nil, errAuthMethod }
func (e expiring) Recheck(id *Identity) (*Identity, error)   { return id, nil }

func knocking(data string) *packet.Connect {
	p := &packet.Connect{Version: packet.V5, CleanStart: true, ClientID: []byte("k"), AuthMethod: []byte("KNOCK")}
	if data != "" {
		p.AuthData = []byte(data)
	}
	return p
}

func auth(reason byte, data string) *packet.Auth {
	return &packet.Auth{Reason: reason, Method: []byte("KNOCK"), Data: []byte(data)}
}

func TestAnAuthenticationByAUTH(t *testing.T) {
	b := guarded(t, newGatekeeper(), Options{})
	c := dial(t, b, packet.V5)
	c.send(knocking(""))
	for _, step := range [][2]string{{"who", "anna"}, {"really", "yes"}} {
		if a := expect[*packet.Auth](c); a.Reason != packet.ContinueAuth || string(a.Data) != step[0] || string(a.Method) != "KNOCK" {
			t.Fatalf("%+v", a)
		}
		c.send(auth(packet.ContinueAuth, step[1]))
	}
	if a := expect[*packet.Connack](c); a.Reason != packet.Success || string(a.AuthMethod) != "KNOCK" || string(a.AuthData) != "welcome" {
		t.Fatalf("%+v", a)
	}
	// Once more while it is in, and traffic goes on meanwhile.
	c.subscribe("a", 0)
	c.send(auth(packet.ReAuthenticate, "anna"), publish("a", "meanwhile", 0, 0))
	if a := expect[*packet.Auth](c); string(a.Data) != "really" {
		t.Fatalf("%+v", a)
	}
	if m := expect[*packet.Publish](c); text(m) != "a=meanwhile" {
		t.Error(text(m))
	}
	c.send(auth(packet.ContinueAuth, "yes"))
	if a := expect[*packet.Auth](c); a.Reason != packet.Success || string(a.Data) != "welcome" {
		t.Fatalf("%+v", a)
	}
	// As somebody else it is closed.
	c.send(auth(packet.ReAuthenticate, "bert"))
	expect[*packet.Auth](c)
	c.send(auth(packet.ContinueAuth, "yes"))
	if d := expect[*packet.Disconnect](c); d.Reason != packet.NotAuthorized {
		t.Error(packet.ReasonName(d.Reason))
	}
	c.closed()
}

func TestAuthenticationsThatFail(t *testing.T) {
	other := auth(packet.ContinueAuth, "x")
	other.Method = []byte("OTHER")
	for name, c := range map[string]struct {
		connect *packet.Connect
		then    packet.Packet
		reason  byte
	}{
		"unknown method":  {&packet.Connect{Version: packet.V5, CleanStart: true, AuthMethod: []byte("NONE")}, nil, packet.BadAuthMethod},
		"wrong answer":    {knocking("anna"), auth(packet.ContinueAuth, "no"), packet.BadUserNameOrPassword},
		"another method":  {knocking("anna"), other, packet.BadAuthMethod},
		"a publish":       {knocking("anna"), publish("a", "x", 0, 0), packet.ProtocolError},
		"re-authenticate": {knocking("anna"), auth(packet.ReAuthenticate, "x"), packet.ProtocolError},
	} {
		t.Run(name, func(t *testing.T) {
			b := guarded(t, newGatekeeper(), Options{})
			r := dial(t, b, packet.V5)
			r.send(c.connect)
			if c.then != nil {
				expect[*packet.Auth](r)
				r.send(c.then)
			}
			if a := expect[*packet.Connack](r); a.Reason != c.reason {
				t.Errorf("%s", packet.ReasonName(a.Reason))
			}
			r.closed()
		})
	}
	b := guarded(t, newGatekeeper(), Options{})
	r := comeAs(t, b, packet.V5, "c", "anna") // by password
	r.send(auth(packet.ReAuthenticate, "anna"))
	if d := expect[*packet.Disconnect](r); d.Reason != packet.ProtocolError {
		t.Error(packet.ReasonName(d.Reason))
	}
}

// A topic that comes again is decided by the last verdict, for each QoS and retain.
func TestAVerdictIsRemembered(t *testing.T) {
	g := newGatekeeper()
	w := &worker{}
	c := &client{access: &access{rights: g.Rights(nil, nil)}}
	for range 100 {
		for i := range 2 { // as many as one place holds, whatever their hashes are
			m := &msg.Message{Topic: []byte("plant/line-" + string(rune('0'+i)) + "/t")}
			if !w.mayPublish(c, m) {
				t.Fatal("denied")
			}
		}
	}
	if g.asked != 2 || w.counts.access.remembered != 198 {
		t.Errorf("asked %d times, remembered %d", g.asked, w.counts.access.remembered)
	}
	before := g.asked
	w.mayPublish(c, &msg.Message{Topic: []byte("plant/line-0/t"), QoS: 1})
	w.mayPublish(c, &msg.Message{Topic: []byte("plant/line-0/t"), QoS: 1, Retain: true})
	if g.asked != before+2 {
		t.Error("QoS and retain are not told apart")
	}
	w.mayPublish(c, &msg.Message{Topic: []byte(strings.Repeat("x", 1000))})
}

type always bool

func (a always) MayPublish([]byte, byte, bool) bool { return bool(a) }
func (a always) MaySubscribe([]byte, byte) bool     { return bool(a) }

// BenchmarkMayPublish is what the check adds to a message on a topic that came before.
func BenchmarkMayPublish(b *testing.B) {
	w, m := &worker{}, &msg.Message{Topic: []byte("plant/hall-7/press-1/state"), QoS: 1}
	for name, rights := range map[string]Rights{"off": nil, "on": always(true)} {
		b.Run(name, func(b *testing.B) {
			c := &client{access: &access{rights: rights}}
			b.ReportAllocs()
			for b.Loop() {
				w.mayPublish(c, m)
			}
		})
	}
}

// strict lets in who may come without a name, and nobody else.
type strict struct{ expiring }

func (strict) Authenticate(l *Login, _ func(Verdict)) (Verdict, bool) {
	if !l.Anonymous {
		return Verdict{Err: errBadPassword}, true
	}
	return Verdict{Identity: &Identity{By: "anonymous"}}, true
}

// A proxy on this machine speaks for clients from anywhere.
func TestOnlyThisMachineComesInUnknown(t *testing.T) {
	w := openWays(t, Options{Authenticator: strict{}})
	for _, c := range []struct {
		way    string
		reason byte
	}{
		{"tcp", packet.Success}, {"tls", packet.Success}, {"wss", packet.Success}, {"unix", packet.Success},
		{"ws", packet.BadUserNameOrPassword}, {"proxied", packet.BadUserNameOrPassword},
	} {
		r := w.come(t, c.way, packet.V5)
		r.write(connectBytes(packet.V5, c.way, nil))
		if a := expect[*packet.Connack](r); a.Reason != c.reason {
			t.Errorf("%s: CONNACK %s, want %s", c.way, packet.ReasonName(a.Reason), packet.ReasonName(c.reason))
		}
	}
	for _, l := range w.Listeners() {
		if behind := l.Name == "ws" || l.Name == "proxied"; l.Anonymous || l.AnonymousLocal == behind {
			t.Errorf("%s: %t, this machine %t", l.Name, l.Anonymous, l.AnonymousLocal)
		}
	}
	for from, want := range map[string]bool{"127.0.0.1": true, "::1": true, "::ffff:127.0.0.1": true, "203.0.113.9": false, "::": false} {
		if ofThisMachine(netip.MustParseAddr(from)) != want {
			t.Errorf("%s: %t", from, !want)
		}
	}
}
