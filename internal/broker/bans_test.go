package broker

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace/millrace/internal/broker/limit"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// banShelf is a BanStore in memory.
type banShelf struct {
	mu   sync.Mutex
	kept map[string][]byte
	err  error
	nays int // values that were not taken
}

func (s *banShelf) Get(_ context.Context, key string) ([]byte, uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept[key], 0, s.err
}

func (s *banShelf) Put(_ context.Context, key string, value []byte) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.kept[key] = value
	} else {
		s.nays++
	}
	return 0, s.err
}

func (s *banShelf) refused() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.nays
}

func (s *banShelf) fails(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *banShelf) Delete(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.kept, key)
	return s.err
}

func (s *banShelf) Keys(context.Context, string) (keys []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.kept {
		keys = append(keys, k)
	}
	return keys, s.err
}

func (s *banShelf) has(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept[key] != nil
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
	store := &banShelf{kept: map[string][]byte{}}
	clock := newClock()
	b := start(t, Options{Now: clock.now, Bans: BanOptions{Store: store}})
	in, old, other := enter(t, b, packet.V5, "press-1"), enter(t, b, packet.V311, "press-2"), enter(t, b, packet.V5, "oven")
	ban, err := b.Ban(t.Context(), limit.Ban{Kind: limit.ClientPrefix, Value: "press-", By: "ann", Until: clock.now().Add(time.Hour).UnixNano()})
	if err != nil || ban.Since == 0 || len(b.Bans()) != 1 {
		t.Fatal(ban, err)
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
	again := start(t, Options{Now: clock.now, Bans: BanOptions{Store: store}})
	if r := knock(t, again, packet.V5, "press-9", ""); r != packet.Banned {
		t.Error("after a restart: " + packet.ReasonName(r))
	}
	clock.forward(time.Hour)
	again.tick()
	settle(again)
	if r := knock(t, again, packet.V5, "press-9", ""); r != packet.Success {
		t.Error("after its hour: " + packet.ReasonName(r))
	}
	again.endBans()
	if store.has("client_prefix/press-") || again.Stats().Bans != 0 {
		t.Error("the ban is kept beyond its end")
	}
}

func TestABannedAddressIsClosedAtOnce(t *testing.T) {
	b := start(t, Options{})
	in := enter(t, b, packet.V5, "a")
	if _, err := b.Ban(t.Context(), limit.Ban{Kind: limit.Network, Value: "127.0.0.0/8"}); err != nil {
		t.Fatal(err)
	}
	expect[*packet.Disconnect](in)
	dial(t, b, packet.V5).closed()
	if err := b.Unban(t.Context(), limit.Network, "127.0.0.0/8"); err != nil {
		t.Fatal(err)
	}
	if r := knock(t, b, packet.V5, "a", ""); r != packet.Success {
		t.Error(packet.ReasonName(r))
	}
	if err := b.Unban(t.Context(), limit.Network, "127.0.0.0/8"); fault.CodeOf(err) != fault.NotFound {
		t.Error(err)
	}
}

func TestWhatIsNoBan(t *testing.T) {
	store := &banShelf{kept: map[string][]byte{}}
	b := start(t, Options{Bans: BanOptions{Store: store}})
	for _, ban := range []limit.Ban{{Kind: "moon", Value: "x"}, {Kind: limit.Address, Value: "x"}, {Kind: limit.User}, {Kind: limit.User, Value: "x", Until: 1}} {
		if _, err := b.Ban(t.Context(), ban); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", ban, err)
		}
	}
	store.err = fault.New(fault.StorageFull, "full")
	if _, err := b.Ban(t.Context(), limit.Ban{Kind: limit.User, Value: "x"}); fault.CodeOf(err) != fault.StorageFull || len(b.Bans()) != 0 {
		t.Errorf("a ban that is not kept stands: %v", err)
	}
}

func TestAFlappingClientIsBannedForAWhile(t *testing.T) {
	store := &banShelf{kept: map[string][]byte{}}
	clock := newClock()
	b := start(t, Options{Now: clock.now, Bans: BanOptions{Store: store, Flapping: StrikesOptions{Most: 3, Window: time.Minute, For: 5 * time.Minute}}})
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
	b := guarded(t, newGatekeeper(), Options{Refused: func(r Refusal) { told <- r }, Bans: BanOptions{Logins: StrikesOptions{Most: 1, Window: time.Minute, For: time.Minute}}})
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
	if _, err := b.Ban(t.Context(), limit.Ban{Kind: limit.User, Value: "anna"}); err != nil {
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
	b := start(t, Options{Authenticator: onlyAnn{}, Bans: BanOptions{Logins: StrikesOptions{Most: 2, Window: time.Minute, For: time.Minute}}})
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
	if _, err := b.Ban(t.Context(), limit.Ban{Kind: limit.User, Value: "alice"}); err != nil {
		t.Fatal(err)
	}
	expect[*packet.Disconnect](alice)
	alice.closed()
	bob.send(packet.Pingreq{})
	expect[packet.Pingresp](bob)
}

// Bans that the node makes while the disk is full are kept when there is room again,
// at the latest when it ends; those that were lifted meanwhile are not.
func TestBansMadeOnAFullDiskAreKeptLater(t *testing.T) {
	t.Parallel() // it waits, for a second at most
	full := fault.New(fault.StorageFull, "full")
	store := &banShelf{kept: map[string][]byte{}, err: full}
	b := start(t, Options{Bans: BanOptions{Store: store, Flapping: StrikesOptions{Most: 1, Window: time.Minute, For: time.Hour}}})
	flap := func(id string) {
		for range 2 {
			c := enter(t, b, packet.V5, id)
			c.send(&packet.Disconnect{})
			c.closed()
		}
		eventually(t, id+" is banned", func() bool { return knock(t, b, packet.V5, id, "") == packet.Banned })
	}
	for _, id := range []string{"one", "two", "lifted"} {
		flap(id)
	}
	eventually(t, "the store was asked", func() bool { return store.refused() > 0 })
	if store.has("client_id/one") || b.Stats().BansMissed != 0 {
		t.Error("kept on a full disk, or given up:", b.Stats().BansMissed)
	}
	store.fails(nil)
	if err := b.Unban(t.Context(), limit.ClientID, "lifted"); err != nil {
		t.Fatal(err)
	}
	_ = stop(b)
	if !store.has("client_id/one") || !store.has("client_id/two") || store.has("client_id/lifted") {
		t.Errorf("kept: %v", store.kept)
	}
}

// slowShelf takes its time to keep a ban.
type slowShelf struct {
	banShelf
	free chan struct{}
}

func (s *slowShelf) Put(ctx context.Context, key string, value []byte) (uint64, error) {
	<-s.free
	return s.banShelf.Put(ctx, key, value)
}

// A ban that is lifted while the node writes it down is lifted for good.
func TestABanIsLiftedWhileItIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slowShelf{banShelf{kept: map[string][]byte{}}, make(chan struct{})}
		b, err := New(Options{Bans: BanOptions{Store: store}})
		if err != nil {
			t.Fatal(err)
		}
		ban := limit.Ban{Kind: limit.ClientID, Value: "press", Since: 1}
		b.bans.list.Add(ban)
		kept, lifted := make(chan error, 1), make(chan error, 1)
		go func() { kept <- b.keepBan(t.Context(), &ban) }()
		synctest.Wait()
		go func() { lifted <- b.Unban(t.Context(), limit.ClientID, "press") }()
		synctest.Wait()
		close(store.free)
		if err := errors.Join(<-kept, <-lifted); err != nil {
			t.Fatal(err)
		}
		if b.bans.list.Holds(&ban) || store.has("client_id/press") {
			t.Errorf("kept: %v", store.kept)
		}
	})
}
