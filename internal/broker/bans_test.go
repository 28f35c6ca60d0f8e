package broker

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker/ban"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// banShelf is a ban.Store in memory.
type banShelf struct{ kept sync.Map }

func (s *banShelf) Get(_ context.Context, key string) ([]byte, uint64, error) {
	value, _ := s.kept.Load(key)
	return value.([]byte), 0, nil
}

func (s *banShelf) Put(_ context.Context, key string, value []byte) (uint64, error) {
	s.kept.Store(key, value)
	return 0, nil
}

func (s *banShelf) Delete(_ context.Context, key string) error {
	s.kept.Delete(key)
	return nil
}

func (s *banShelf) Keys(context.Context, string) (keys []string, err error) {
	for k := range s.kept.Range {
		keys = append(keys, k.(string))
	}
	return keys, nil
}

func (s *banShelf) has(key string) bool {
	_, has := s.kept.Load(key)
	return has
}

// knock connects and returns what CONNACK says.
func knock(t *testing.T, b *Broker, v packet.Version, id, user string) byte {
	t.Helper()
	c := dial(t, b, v)
	p := &packet.Connect{Version: v, CleanStart: true, ClientID: []byte(id)}
	if user != "" {
		p.Username = []byte(user)
	}
	c.send(p)
	reason := expect[*packet.Connack](c).Reason
	_ = c.nc.Close()
	return reason
}

func TestABannedClientIsPutOutAndStaysOut(t *testing.T) {
	t.Parallel() // it waits, for a second at most
	store := new(banShelf)
	clock := newClock()
	b := start(t, Options{Now: clock.now, Bans: ban.Options{Store: store}})
	in, old, other := enter(t, b, packet.V5, "press-1"), enter(t, b, packet.V311, "press-2"), enter(t, b, packet.V5, "oven")
	entered, err := b.Ban(t.Context(), ban.Ban{Kind: ban.ClientPrefix, Value: "press-", By: "ann", Until: clock.now().Add(time.Hour).UnixNano()})
	if err != nil || entered.Since == 0 || len(b.Bans()) != 1 {
		t.Fatal(entered, err)
	}
	if d := expect[*packet.Disconnect](in); d.Reason != packet.AdministrativeAction {
		t.Errorf("told %s", packet.ReasonName(d.Reason))
	}
	old.closed()
	other.send(packet.Pingreq{})
	expect[packet.Pingresp](other)
	if r := knock(t, b, packet.V5, "press-1", ""); r != packet.Banned {
		t.Error(packet.ReasonName(r))
	}
	if r := knock(t, b, packet.V311, "press-1", ""); r != packet.NotAuthorized {
		t.Error(packet.ReasonName(r))
	}
	eventually(t, "two put out and two refused are counted", func() bool {
		s := b.Stats()
		return s.Closed[fault.Banned] == 2 && s.Refused[fault.Banned] == 2
	})

	_ = stop(b) // and the ban is still there
	again := start(t, Options{Now: clock.now, Bans: ban.Options{Store: store}})
	if r := knock(t, again, packet.V5, "press-9", ""); r != packet.Banned {
		t.Error("after a restart: " + packet.ReasonName(r))
	}
	clock.forward(time.Hour)
	again.tick()
	settle(again)
	if r := knock(t, again, packet.V5, "press-9", ""); r != packet.Success {
		t.Error("after its hour: " + packet.ReasonName(r))
	}
	again.bans.Expire()
	if store.has("client_prefix/press-") || again.Stats().Bans != 0 {
		t.Error("the ban is kept beyond its end")
	}
}

func TestABannedAddressIsClosedAtOnce(t *testing.T) {
	b := start(t, Options{})
	in := enter(t, b, packet.V5, "a")
	if _, err := b.Ban(t.Context(), ban.Ban{Kind: ban.Network, Value: "127.0.0.0/8"}); err != nil {
		t.Fatal(err)
	}
	expect[*packet.Disconnect](in)
	dial(t, b, packet.V5).closed()
	if err := b.Unban(t.Context(), ban.Network, "127.0.0.0/8"); err != nil {
		t.Fatal(err)
	}
	if r := knock(t, b, packet.V5, "a", ""); r != packet.Success {
		t.Error(packet.ReasonName(r))
	}
	if err := b.Unban(t.Context(), ban.Network, "127.0.0.0/8"); fault.CodeOf(err) != fault.NotFound {
		t.Error(err)
	}
}

func TestAFlappingClientIsBannedForAWhile(t *testing.T) {
	store := new(banShelf)
	clock := newClock()
	b := start(t, Options{Now: clock.now, Bans: ban.Options{Store: store, Flapping: ban.Rule{Most: 3, Window: time.Minute, For: 5 * time.Minute}}})
	for range 4 {
		c := enter(t, b, packet.V5, "flap")
		c.send(&packet.Disconnect{})
		c.closed()
	}
	if r := knock(t, b, packet.V5, "flap", ""); r != packet.Banned {
		t.Error(packet.ReasonName(r))
	}
	if r := knock(t, b, packet.V5, "calm", ""); r != packet.Success {
		t.Error(packet.ReasonName(r))
	}
	eventually(t, "the ban is kept", func() bool { return store.has("client_id/flap") })
	if list := b.Bans(); len(list) != 1 || list[0].By != "" || !strings.Contains(list[0].Reason, "3 times") {
		t.Errorf("%+v", list)
	}
	clock.forward(5 * time.Minute)
	b.tick()
	settle(b)
	if r := knock(t, b, packet.V5, "flap", ""); r != packet.Success {
		t.Error(packet.ReasonName(r))
	}
}

// onlyAnn lets ann in.
type onlyAnn struct{ nobodyButAnna }

func (onlyAnn) Authenticate(l *Login, _ func(Verdict)) (Verdict, bool) {
	if string(l.Username) == "ann" {
		return Verdict{Identity: &Identity{Username: "ann"}}, true
	}
	return Verdict{Err: fault.New(fault.BadPassword, "")}, true
}

// The same by an authentication method.
func TestFailedExchangesBanOneUserFromOneAddress(t *testing.T) {
	told := make(chan Refusal, 10)
	b := guarded(t, newGatekeeper(), Options{Refused: func(r Refusal) { told <- r }, Bans: ban.Options{Logins: ban.Rule{Most: 1, Window: time.Minute, For: time.Minute}}})
	guess := func(word string) byte {
		r := dial(t, b, packet.V5)
		r.send(knocking(""))
		expect[*packet.Auth](r)
		r.send(auth(packet.ContinueAuth, "anna"))
		p, err := r.read()
		if err != nil {
			t.Fatal(err)
		}
		if a, ok := p.(*packet.Connack); ok {
			r.closed()
			return a.Reason
		}
		r.send(auth(packet.ContinueAuth, word))
		defer r.closed()
		return expect[*packet.Connack](r).Reason
	}
	bad := packet.BadUserNameOrPassword
	for i, want := range []byte{bad, bad, packet.Banned} {
		if got := guess(map[bool]string{true: "yes", false: "no"}[want == packet.Banned]); got != want {
			t.Errorf("guess %d: %s", i, packet.ReasonName(got))
		}
		if r := <-told; r.User != "anna" {
			t.Errorf("%+v", r)
		}
	}
	eve := dial(t, b, packet.V5)
	eve.send(knocking(""))
	expect[*packet.Auth](eve)
	eve.send(auth(packet.ContinueAuth, "eve"))
	expect[*packet.Auth](eve)
	eve.send(auth(packet.ContinueAuth, "yes"))
	if a := expect[*packet.Connack](eve); a.Reason != packet.Success {
		t.Error(packet.ReasonName(a.Reason))
	}
}

// A ban of a user is one of the name that a certificate or an exchange has shown, too.
func TestABannedUserIsWhoTheyShowTheyAre(t *testing.T) {
	b := guarded(t, newGatekeeper(), Options{})
	if _, err := b.Ban(t.Context(), ban.Ban{Kind: ban.User, Value: "anna"}); err != nil {
		t.Fatal(err)
	}
	r := dial(t, b, packet.V5)
	r.send(knocking("anna"))
	if a := expect[*packet.Connack](r); a.Reason != packet.Banned {
		t.Error(packet.ReasonName(a.Reason))
	}
}

// Guessing a user's password bans that user from there, and nobody else behind the
// same address.
func TestFailedLoginsBanOneUserFromOneAddress(t *testing.T) {
	b := start(t, Options{Authenticator: onlyAnn{}, Bans: ban.Options{Logins: ban.Rule{Most: 2, Window: time.Minute, For: time.Minute}}})
	var got []byte
	for range 4 {
		got = append(got, knock(t, b, packet.V5, "x", "bob"))
	}
	bad := packet.BadUserNameOrPassword
	if !slices.Equal(got, []byte{bad, bad, bad, packet.Banned}) {
		t.Errorf("%x", got)
	}
	if r := knock(t, b, packet.V5, "y", "eve"); r != bad {
		t.Error(packet.ReasonName(r))
	}
	if r := knock(t, b, packet.V5, "z", "ann"); r != packet.Success {
		t.Error(packet.ReasonName(r))
	}
}

// openHouse lets everybody in and knows nobody.
type openHouse struct{ *gatekeeper }

func (openHouse) Authenticate(*Login, func(Verdict)) (Verdict, bool) {
	return Verdict{Identity: &Identity{By: "nobody"}}, true
}

// Where nobody checks names, a ban of a user still means who says that name.
func TestABanOfANameThatNobodyChecks(t *testing.T) {
	b := start(t, Options{Authenticator: openHouse{newGatekeeper()}})
	alice, bob := dial(t, b, packet.V5), dial(t, b, packet.V5)
	for c, name := range map[*raw]string{alice: "alice", bob: "bob"} {
		c.send(&packet.Connect{Version: packet.V5, CleanStart: true, ClientID: []byte("c-" + name), Username: []byte(name)})
		expect[*packet.Connack](c)
	}
	if _, err := b.Ban(t.Context(), ban.Ban{Kind: ban.User, Value: "alice"}); err != nil {
		t.Fatal(err)
	}
	expect[*packet.Disconnect](alice)
	alice.closed()
	bob.send(packet.Pingreq{})
	expect[packet.Pingresp](bob)
}
