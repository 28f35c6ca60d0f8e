package ban

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// shelf is a Store in memory.
type shelf struct {
	mu   sync.Mutex
	kept map[string][]byte
	err  error         // of everything
	free chan struct{} // where it is not nil, values wait for it
}

func newShelf() *shelf { return &shelf{kept: map[string][]byte{}} }

func (s *shelf) Get(_ context.Context, key string) ([]byte, uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept[key], 0, s.err
}

func (s *shelf) Put(_ context.Context, key string, value []byte) (uint64, error) {
	if s.free != nil {
		<-s.free
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.kept[key] = value
	}
	return 0, s.err
}

func (s *shelf) Delete(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.kept, key)
	return s.err
}

func (s *shelf) Keys(context.Context, string) ([]string, error) {
	return s.keys(), s.err
}

func (s *shelf) fails(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *shelf) keys() (keys []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.kept {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func newKeeper(o Options) *Keeper { return NewKeeper(o, time.Now, slog.New(slog.DiscardHandler)) }

// running has the keeper run until end is called.
func running(k *Keeper) (end func()) {
	stopped, ended := make(chan struct{}), make(chan struct{})
	go func() { k.Run(stopped); close(ended) }()
	return func() { close(stopped); <-ended }
}

func TestWhatIsNoBan(t *testing.T) {
	store := newShelf()
	k := newKeeper(Options{Store: store})
	for _, ban := range []Ban{{Kind: "moon", Value: "x"}, {Kind: Address, Value: "x"}, {Kind: User}, {Kind: User, Value: "x", Until: 1}} {
		if _, err := k.Enter(t.Context(), ban); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", ban, err)
		}
	}
	store.fails(fault.New(fault.StorageFull, "full"))
	if _, err := k.Enter(t.Context(), Ban{Kind: User, Value: "x"}); fault.CodeOf(err) != fault.StorageFull || len(k.List()) != 0 {
		t.Errorf("a ban that is not kept stands: %v", err)
	}
}

// A keeper that comes after another has its bans, but those that were lifted or are over.
func TestBansSurviveTheKeeper(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		k := newKeeper(Options{Store: store})
		for _, name := range []string{"stays", "lifted", "short"} {
			b := Ban{Kind: User, Value: name}
			if name == "short" {
				b.Until = time.Now().Add(90 * time.Second).UnixNano()
			}
			if _, err := k.Enter(t.Context(), b); err != nil {
				t.Fatal(err)
			}
		}
		if err := k.Lift(t.Context(), User, "lifted"); err != nil {
			t.Fatal(err)
		}
		if err := k.Lift(t.Context(), User, "lifted"); fault.CodeOf(err) != fault.NotFound {
			t.Error(err)
		}
		again := newKeeper(Options{Store: store})
		if err := again.Load(t.Context()); err != nil || again.InForce() != 2 {
			t.Errorf("%v, %+v", err, again.List())
		}
		end := running(again)
		defer end()
		time.Sleep(2*time.Minute + time.Second) // of the test's clock
		if got := store.keys(); !slices.Equal(got, []string{"user/stays"}) || again.InForce() != 1 {
			t.Errorf("kept %q, in force %+v", got, again.List())
		}
	})
}

// Guessing a user's password bans that user from there, for the rule's time; an address
// that nobody knows has no logins.
func TestFailedLogins(t *testing.T) {
	k := newKeeper(Options{Logins: Rule{Most: 2, Window: time.Minute, For: time.Hour}})
	from, now := netip.MustParseAddr("192.0.2.7"), time.Now().UnixNano()
	for range 3 {
		k.LoginFailed("bob", from, 1, now)
		k.LoginFailed("bob", netip.Addr{}, 1, now)
	}
	bob := Who{User: "bob", Address: from}
	if !k.Bans(bob, now) || k.Bans(bob, now+int64(time.Hour)) || k.Bans(Who{User: "eve", Address: from}, now) {
		t.Errorf("%+v", k.List())
	}
	if list := k.List(); len(list) != 1 || list[0].Kind != Login || !strings.Contains(list[0].Reason, "2 logins failed within 1m0s") {
		t.Errorf("%+v", list)
	}
}

// Bans that the node makes while the disk is full are kept when there is room again,
// at the latest when it ends; those that were lifted meanwhile are not.
func TestBansMadeOnAFullDiskAreKeptLater(t *testing.T) {
	for name, wait := range map[string]time.Duration{"within a minute": time.Minute, "at the end": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newShelf()
				store.fails(fault.New(fault.StorageFull, "full"))
				var told bytes.Buffer
				k := NewKeeper(Options{Store: store, Flapping: Rule{Most: 1, Window: time.Minute, For: time.Hour}}, time.Now, slog.New(slog.NewTextHandler(&told, nil)))
				end := running(k)
				for _, id := range []string{"one", "two", "lifted"} {
					k.Flapped(id, time.Now().UnixNano())
				}
				synctest.Wait()
				if len(store.keys()) != 0 || k.Missed() != 0 || k.InForce() != 3 {
					t.Error("kept on a full disk, or given up:", store.keys(), k.Missed(), k.InForce())
				}
				store.fails(nil)
				if err := k.Lift(t.Context(), ClientID, "lifted"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(wait) // of the test's clock
				synctest.Wait()
				if early := len(store.keys()); early > 0 != (wait > 0) {
					t.Error(early, "are kept before the end")
				}
				end()
				if got := store.keys(); !slices.Equal(got, []string{"client_id/one", "client_id/two"}) || k.Missed() != 0 {
					t.Errorf("kept: %q", got)
				}
				if !strings.Contains(told.String(), "are not kept yet") || !strings.Contains(told.String(), "are kept again") {
					t.Errorf("told: %s", &told)
				}
			})
		})
	}
}

// What cannot be kept at the end is counted and told.
func TestBansThatEndWithTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		store.fails(fault.New(fault.StorageFull, "full"))
		k := newKeeper(Options{Store: store})
		end := running(k)
		k.Flapped("one", time.Now().UnixNano())
		end()
		if k.Missed() != 1 {
			t.Error("missed", k.Missed())
		}
	})
}

// A ban that is lifted while the node writes it down is lifted for good.
func TestABanIsLiftedWhileItIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		store.free = make(chan struct{})
		k := newKeeper(Options{Store: store})
		b := Ban{Kind: ClientID, Value: "press", Since: 1}
		k.list.Add(b)
		kept, lifted := make(chan error, 1), make(chan error, 1)
		go func() { kept <- k.keep(t.Context(), &b) }()
		synctest.Wait()
		go func() { lifted <- k.Lift(t.Context(), ClientID, "press") }()
		synctest.Wait()
		close(store.free)
		if err := errors.Join(<-kept, <-lifted); err != nil {
			t.Fatal(err)
		}
		if k.list.Holds(&b) || len(store.keys()) > 0 {
			t.Errorf("kept: %v", store.keys())
		}
	})
}
