package people

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// memory is a bucket for tests.
type memory struct {
	mu     sync.Mutex
	values map[string][]byte
	revs   map[string]uint64
	rev    uint64
}

func newMemory() *memory {
	return &memory{values: map[string][]byte{}, revs: map[string]uint64{}}
}

func (m *memory) Get(_ context.Context, key string) ([]byte, uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if v, ok := m.values[key]; ok {
		return bytes.Clone(v), m.revs[key], nil
	}
	return nil, 0, fault.New(fault.NotFound, "no %s", key)
}

func (m *memory) put(key string, value []byte, may bool) (uint64, error) {
	if !may {
		return 0, fault.New(fault.Conflict, "conflict on %s", key)
	}
	m.rev++
	m.values[key], m.revs[key] = bytes.Clone(value), m.rev
	return m.rev, nil
}

func (m *memory) Create(_ context.Context, key string, value []byte) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, there := m.values[key]
	return m.put(key, value, !there)
}

func (m *memory) Update(_ context.Context, key string, value []byte, rev uint64) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.put(key, value, m.revs[key] == rev)
}

func (m *memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, key)
	delete(m.revs, key)
	return nil
}

func (m *memory) Keys(_ context.Context, prefix string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var keys []string
	for k := range m.values {
		if strings.HasPrefix(k, prefix) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

// house is People with a clock that tests move.
type house struct {
	*People
	kv  *memory
	now time.Time
	log bytes.Buffer
}

// cheap makes a password cost next to nothing.
var cheap = Cost{Memory: 8, Passes: 1, Lanes: 1}

func newHouse(t *testing.T, o Options) *house {
	t.Helper()
	h := &house{kv: newMemory(), now: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)}
	o.KV, o.Now = h.kv, func() time.Time { return h.now }
	o.Log = slog.New(slog.NewTextHandler(&h.log, nil))
	if o.Cost == (Cost{}) {
		o.Cost = cheap
	}
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	h.People = p
	return h
}

func (h *house) user(t *testing.T, name, role, password string) {
	t.Helper()
	if _, err := h.CreateUser(t.Context(), name, role, password); err != nil {
		t.Fatal(err)
	}
}

func (h *house) signIn(t *testing.T, name, password string) (string, Session) {
	t.Helper()
	token, s, err := h.SignIn(t.Context(), name, password, "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	return token, s
}

func wants(t *testing.T, err error, code fault.Code) {
	t.Helper()
	if err == nil || fault.CodeOf(err) != code {
		t.Fatalf("got %v, want %v", err, code)
	}
}

func TestFirstAdministratorIsMadeOnce(t *testing.T) {
	h := newHouse(t, Options{})
	name, generated, err := h.EnsureAdministrator(t.Context(), "")
	if err != nil || name != "admin" || strings.Count(generated, "-") != 4 || len(generated) != 24 {
		t.Fatalf("%q %q %v", name, generated, err)
	}
	if _, s := h.signIn(t, "admin", generated); !s.MustChangePassword || s.Role != Administrator {
		t.Fatalf("session %+v", s)
	}
	if name, generated, err := h.EnsureAdministrator(t.Context(), "another password"); name != "" || generated != "" || err != nil {
		t.Fatalf("second start made %q %q %v", name, generated, err)
	}
}

func TestFirstAdministratorTakesTheGivenPassword(t *testing.T) {
	h := newHouse(t, Options{})
	if _, _, err := h.EnsureAdministrator(t.Context(), "short"); fault.CodeOf(err) != fault.Invalid {
		t.Fatal(err)
	}
	name, generated, err := h.EnsureAdministrator(t.Context(), "plant-floor-7")
	if err != nil || name != "admin" || generated != "" {
		t.Fatalf("%q %q %v", name, generated, err)
	}
	if _, s := h.signIn(t, "ADMIN", "plant-floor-7"); s.MustChangePassword || s.User != "admin" {
		t.Fatalf("session %+v", s)
	}
}

func TestRefusalsTellNothing(t *testing.T) {
	h := newHouse(t, Options{})
	h.user(t, "vera", Viewer, "correct horse")
	_, _, wrong := h.SignIn(t.Context(), "vera", "incorrect horse", "192.0.2.1")
	_, _, unknown := h.SignIn(t.Context(), "nobody", "incorrect horse", "192.0.2.1")
	_, _, odd := h.SignIn(t.Context(), "my secret pass phrase!", "x", "192.0.2.1")
	for _, err := range []error{wrong, unknown, odd} {
		wants(t, err, fault.Unauthenticated)
		if err.Error() != wrong.Error() {
			t.Errorf("%v tells more than %v", err, wrong)
		}
	}
	for _, secret := range []string{"horse", "my secret"} {
		if strings.Contains(h.log.String(), secret) {
			t.Errorf("the log holds %q:\n%s", secret, h.log.String())
		}
	}
}

func TestNothingSecretLiesInTheBucket(t *testing.T) {
	h := newHouse(t, Options{})
	h.user(t, "vera", Viewer, "correct horse")
	token, s := h.signIn(t, "vera", "correct horse")
	_, secret, err := h.CreateAPIKey(t.Context(), "reports", Viewer)
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range h.kv.values {
		for _, hidden := range []string{"correct horse", token, s.CSRF, secret} {
			if strings.Contains(key+string(value), hidden) {
				t.Errorf("%s holds %q", key, hidden)
			}
		}
	}
}

func TestUsersAreChecked(t *testing.T) {
	h := newHouse(t, Options{})
	h.user(t, "Vera", Viewer, "correct horse")
	cases := []struct {
		name, role, password string
		code                 fault.Code
	}{
		{"vera", Viewer, "another password", fault.Conflict},
		{"", Viewer, "another password", fault.Invalid},
		{"a/b", Viewer, "another password", fault.Invalid},
		{strings.Repeat("a", 65), Viewer, "another password", fault.Invalid},
		{"otto", "king", "another password", fault.Invalid},
		{"otto", Viewer, "tooshort", fault.Invalid},
		{"otto", Viewer, strings.Repeat("x", 1025), fault.Invalid},
		{"otto", Viewer, "bad\xff\xfe utf8 here", fault.Invalid},
		{"plantmanager", Viewer, "PlantManager", fault.Invalid},
	}
	for _, c := range cases {
		_, err := h.CreateUser(t.Context(), c.name, c.role, c.password)
		if err == nil || fault.CodeOf(err) != c.code {
			t.Errorf("%q %q: %v, want %v", c.name, c.role, err, c.code)
		}
	}
	wants(t, h.SetPassword(t.Context(), "ghost", "a good password"), fault.NotFound)
	wants(t, h.DeleteUser(t.Context(), "ghost"), fault.NotFound)
}

func TestTheLastAdministratorStays(t *testing.T) {
	h := newHouse(t, Options{})
	h.user(t, "ada", Administrator, "correct horse")
	h.user(t, "vera", Viewer, "correct horse")
	wants(t, h.DeleteUser(t.Context(), "ADA"), fault.Conflict)
	h.user(t, "bob", Administrator, "correct horse")
	if err := h.DeleteUser(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	users, err := h.Users(t.Context())
	if err != nil || len(users) != 2 || users[0].Name != "bob" || users[1].Name != "vera" {
		t.Fatalf("%+v %v", users, err)
	}
}

func TestTwoAdministratorsCannotRemoveEachOther(t *testing.T) {
	h := newHouse(t, Options{})
	h.user(t, "ada", Administrator, "correct horse")
	h.user(t, "bob", Administrator, "correct horse")
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i, name := range []string{"ada", "bob"} {
		wg.Go(func() { errs[i] = h.DeleteUser(t.Context(), name) })
	}
	wg.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Fatalf("exactly one may go: %v", errs)
	}
}

func TestSessionsEnd(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, h *house, token string){
		"by idleness":        func(_ *testing.T, h *house, _ string) { h.now = h.now.Add(time.Hour) },
		"by signing out":     func(t *testing.T, h *house, token string) { _ = h.SignOut(t.Context(), token) },
		"with the user":      func(t *testing.T, h *house, _ string) { _ = h.DeleteUser(t.Context(), "vera") },
		"with the password":  func(t *testing.T, h *house, _ string) { _ = h.SetPassword(t.Context(), "vera", "a new password") },
		"with a user reborn": func(t *testing.T, h *house, _ string) { h.rebirth(t) },
		"by age": func(t *testing.T, h *house, token string) {
			for range 24 {
				h.now = h.now.Add(30 * time.Minute)
				_, _ = h.Session(t.Context(), token, true)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, Options{})
			h.user(t, "vera", Viewer, "correct horse")
			token, _ := h.signIn(t, "vera", "correct horse")
			if s, err := h.Session(t.Context(), token, true); err != nil || s.User != "vera" || s.CSRF == "" {
				t.Fatalf("%+v %v", s, err)
			}
			end(t, h, token)
			_, err := h.Session(t.Context(), token, true)
			wants(t, err, fault.Unauthenticated)
		})
	}
}

func (h *house) rebirth(t *testing.T) {
	if err := h.DeleteUser(t.Context(), "vera"); err != nil {
		t.Fatal(err)
	}
	h.user(t, "vera", Viewer, "correct horse")
}

func TestActivityKeepsASessionAndWatchingDoesNot(t *testing.T) {
	h := newHouse(t, Options{})
	h.user(t, "vera", Viewer, "correct horse")
	busy, _ := h.signIn(t, "vera", "correct horse")
	idle, _ := h.signIn(t, "vera", "correct horse")
	for range 3 {
		h.now = h.now.Add(25 * time.Minute)
		if _, err := h.Session(t.Context(), busy, true); err != nil {
			t.Fatal(err)
		}
		_, _ = h.Session(t.Context(), idle, false)
	}
	_, err := h.Session(t.Context(), idle, false)
	wants(t, err, fault.Unauthenticated)
}

func TestSessionsSurviveARestart(t *testing.T) {
	h := newHouse(t, Options{})
	h.user(t, "vera", Operator, "correct horse")
	token, before := h.signIn(t, "vera", "correct horse")
	again, err := New(Options{KV: h.kv, Now: h.o.Now, Cost: cheap})
	if err != nil {
		t.Fatal(err)
	}
	after, err := again.Session(t.Context(), token, true)
	if err != nil || after != before {
		t.Fatalf("%+v %v, want %+v", after, err, before)
	}
}

func TestSessionsOfOneUserAreBounded(t *testing.T) {
	h := newHouse(t, Options{SessionsPerUser: 3})
	h.user(t, "vera", Viewer, "correct horse")
	h.user(t, "otto", Viewer, "correct horse")
	other, _ := h.signIn(t, "otto", "correct horse")
	first, _ := h.signIn(t, "vera", "correct horse")
	for range 3 {
		h.now = h.now.Add(time.Second)
		h.signIn(t, "vera", "correct horse")
	}
	_, err := h.Session(t.Context(), first, true)
	wants(t, err, fault.Unauthenticated)
	if _, err := h.Session(t.Context(), other, true); err != nil {
		t.Fatal(err)
	}
	h.now = h.now.Add(13 * time.Hour)
	h.signIn(t, "vera", "correct horse")
	if keys, _ := h.kv.Keys(t.Context(), sessionPrefix); len(keys) != 1 {
		t.Fatalf("expired sessions stay: %v", keys)
	}
}

func TestOwnPasswordNeedsTheCurrentOne(t *testing.T) {
	h := newHouse(t, Options{})
	_, generated, _ := h.EnsureAdministrator(t.Context(), "")
	token, s := h.signIn(t, "admin", generated)
	other, _ := h.signIn(t, "admin", generated)
	wants(t, h.ChangePassword(t.Context(), token, "wrong", "a new password"), fault.Forbidden)
	wants(t, h.ChangePassword(t.Context(), token, generated, generated), fault.Invalid)
	wants(t, h.ChangePassword(t.Context(), token, generated, "short"), fault.Invalid)
	if err := h.ChangePassword(t.Context(), token, generated, "a new password"); err != nil {
		t.Fatal(err)
	}
	now, err := h.Session(t.Context(), token, true)
	if err != nil || now.MustChangePassword || now.CSRF != s.CSRF {
		t.Fatalf("%+v %v", now, err)
	}
	_, err = h.Session(t.Context(), other, true)
	wants(t, err, fault.Unauthenticated)
	h.signIn(t, "admin", "a new password")
}

func TestAPIKeys(t *testing.T) {
	h := newHouse(t, Options{})
	k, secret, err := h.CreateAPIKey(t.Context(), "reports", Operator)
	if err != nil {
		t.Fatal(err)
	}
	s, err := h.APIKey(t.Context(), k.Key, secret, "192.0.2.1")
	if err != nil || s != (Session{User: "reports", Role: Operator}) {
		t.Fatalf("%+v %v", s, err)
	}
	for _, pair := range [][2]string{{k.Key, "x" + secret}, {k.Key, ""}, {"mr-unknown", ""}, {"", ""}, {"admin", "password"}, {"a b", ""}} {
		_, err := h.APIKey(t.Context(), pair[0], pair[1], "192.0.2.1")
		wants(t, err, fault.Unauthenticated)
	}
	if keys, _ := h.APIKeys(t.Context()); len(keys) != 1 || !keys[0].LastSeen.Equal(h.now) {
		t.Fatalf("%+v", keys)
	}
	if err := h.DeleteAPIKey(t.Context(), k.Key); err != nil {
		t.Fatal(err)
	}
	_, err = h.APIKey(t.Context(), k.Key, secret, "192.0.2.1")
	wants(t, err, fault.Unauthenticated)
	wants(t, h.DeleteAPIKey(t.Context(), k.Key), fault.NotFound)
	_, _, err = h.CreateAPIKey(t.Context(), "no good", Viewer)
	wants(t, err, fault.Invalid)
	_, _, err = h.CreateAPIKey(t.Context(), "good", "king")
	wants(t, err, fault.Invalid)
}

// guess fails to sign in n times.
func (h *house) guess(t *testing.T, name, address string, n int) {
	t.Helper()
	for range n {
		_, _, err := h.SignIn(t.Context(), name, "wrong password", address)
		wants(t, err, fault.Unauthenticated)
	}
}

func TestGuessingLocksTheNameWhereItHappens(t *testing.T) {
	h := newHouse(t, Options{})
	h.user(t, "vera", Viewer, "correct horse")
	h.guess(t, "vera", "192.0.2.99", 8)
	_, _, err := h.SignIn(t.Context(), "Vera", "correct horse", "192.0.2.99")
	wants(t, err, fault.LockedOut)
	h.signIn(t, "vera", "correct horse") // from 192.0.2.1
	h.now = h.now.Add(31 * time.Second)
	if _, _, err := h.SignIn(t.Context(), "vera", "correct horse", "192.0.2.99"); err != nil {
		t.Fatal(err)
	}
	h.guess(t, "vera", "192.0.2.99", 7) // counted from the start again
	if _, _, err := h.SignIn(t.Context(), "vera", "correct horse", "192.0.2.99"); err != nil {
		t.Fatal(err)
	}
}

// TestGuessingFromEverywhereKeepsNobodyOutForGood: guesses at one name from very
// many addresses are slowed, but not for whoever comes from where they came before,
// also after a restart.
func TestGuessingFromEverywhereKeepsNobodyOutForGood(t *testing.T) {
	h := newHouse(t, Options{})
	h.user(t, "vera", Viewer, "correct horse")
	h.signIn(t, "vera", "correct horse")
	again, err := New(h.o)
	if err != nil {
		t.Fatal(err)
	}
	h.People = again
	for i := range 100 {
		h.guess(t, "vera", fmt.Sprintf("198.51.100.%d", i), 1)
	}
	_, _, err = h.SignIn(t.Context(), "vera", "correct horse", "203.0.113.1")
	wants(t, err, fault.LockedOut)
	h.signIn(t, "vera", "correct horse")
	h.now = h.now.Add(31 * time.Second)
	if _, _, err := h.SignIn(t.Context(), "vera", "correct horse", "203.0.113.1"); err != nil {
		t.Fatal(err)
	}
}

func TestTheNodeItselfIsNeverSlowed(t *testing.T) {
	h := newHouse(t, Options{})
	h.user(t, "vera", Viewer, "correct horse")
	h.guess(t, "vera", "", 200)
	if _, _, err := h.SignIn(t.Context(), "vera", "correct horse", ""); err != nil {
		t.Fatal(err)
	}
}

func TestNamesCannotPoseAsAddresses(t *testing.T) {
	h := newHouse(t, Options{})
	h.user(t, "vera", Viewer, "correct horse")
	for i := range 120 {
		_, _, _ = h.SignIn(t.Context(), "vera at 192.0.2.1", "wrong password", fmt.Sprintf("198.51.100.%d", i))
	}
	h.signIn(t, "vera", "correct horse")
}

func TestANewPasswordUnlocksTheName(t *testing.T) {
	h := newHouse(t, Options{})
	h.user(t, "vera", Viewer, "correct horse")
	h.guess(t, "vera", "192.0.2.1", 8)
	if err := h.SetPassword(t.Context(), "vera", "a new password"); err != nil {
		t.Fatal(err)
	}
	h.signIn(t, "vera", "a new password")
}

func TestAStolenSessionDoesNotLockItsOwnerOut(t *testing.T) {
	h := newHouse(t, Options{})
	h.user(t, "vera", Viewer, "correct horse")
	token, _ := h.signIn(t, "vera", "correct horse")
	for range 8 {
		wants(t, h.ChangePassword(t.Context(), token, "wrong", "a new password"), fault.Forbidden)
	}
	wants(t, h.ChangePassword(t.Context(), token, "correct horse", "a new password"), fault.LockedOut)
	h.signIn(t, "vera", "correct horse")
}

func TestAddressLockHoldsForEveryName(t *testing.T) {
	h := newHouse(t, Options{})
	h.user(t, "vera", Viewer, "correct horse")
	for i := range 30 {
		h.guess(t, fmt.Sprintf("guess%d", i), fmt.Sprintf("2001:db8::%x", i), 1)
	}
	_, _, err := h.SignIn(t.Context(), "vera", "correct horse", "2001:db8::ffff")
	wants(t, err, fault.LockedOut)
	h.signIn(t, "vera", "correct horse")
}

func TestARightKeyPassesWhateverElseFails(t *testing.T) {
	h := newHouse(t, Options{})
	h.user(t, "vera", Viewer, "correct horse")
	k, secret, err := h.CreateAPIKey(t.Context(), "reports", Viewer)
	if err != nil {
		t.Fatal(err)
	}
	for range 30 {
		_, err := h.APIKey(t.Context(), k.Key, "wrong", "192.0.2.1")
		wants(t, err, fault.Unauthenticated)
	}
	_, err = h.APIKey(t.Context(), k.Key, "wrong", "192.0.2.1")
	wants(t, err, fault.LockedOut)
	h.signIn(t, "vera", "correct horse") // from there: people are not locked out by a program
	for i := range 30 {
		_, _, _ = h.SignIn(t.Context(), fmt.Sprint("guess", i), "wrong password", "192.0.2.1")
	}
	if _, err := h.APIKey(t.Context(), k.Key, secret, "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
}

func TestThrottleForgetsAndStaysSmall(t *testing.T) {
	var o Throttle
	o.Remember = 100
	o.defaults()
	th, now := newThrottle(o), time.Unix(1_000_000, 0)
	for i := range 5000 {
		th.failed(th.signIn(fmt.Sprintf("u%d", i), "192.0.2.7"), now.Add(time.Duration(i)*time.Second))
	}
	if len(th.seen) > 100 {
		t.Fatalf("%d entries", len(th.seen))
	}
	vera := th.signIn("vera", "192.0.2.1")
	for range 40 {
		th.failed(vera, now)
	}
	wants(t, th.allowed(vera, now.Add(14*time.Minute)), fault.LockedOut)
	if err := th.allowed(vera, now.Add(16*time.Minute)); err != nil {
		t.Fatal(err)
	}
	th.failed(vera, now.Add(time.Hour))
	if got := th.seen[vera[0].source].count; got != 1 {
		t.Fatalf("an hour later %d failures count", got)
	}
}

func TestEndedTellsOfEveryEnd(t *testing.T) {
	h := newHouse(t, Options{SessionsPerUser: 2})
	h.user(t, "ada", Administrator, "correct horse")
	h.user(t, "vera", Viewer, "correct horse")
	k, _, err := h.CreateAPIKey(t.Context(), "reports", Viewer)
	if err != nil {
		t.Fatal(err)
	}
	first, _ := h.signIn(t, "vera", "correct horse")
	ends := []struct {
		name string
		end  func() error
	}{
		{"a key removed", func() error { return h.DeleteAPIKey(t.Context(), k.Key) }},
		{"a sign-out", func() error { return h.SignOut(t.Context(), first) }},
		{"a password set", func() error { return h.SetPassword(t.Context(), "vera", "another horse") }},
		{"room made", func() error {
			for range 3 {
				h.signIn(t, "vera", "another horse")
			}
			return nil
		}},
		{"a user removed", func() error { return h.DeleteUser(t.Context(), "vera") }},
	}
	for _, e := range ends {
		ended := h.Ended()
		if err := e.end(); err != nil {
			t.Fatalf("%s: %v", e.name, err)
		}
		select {
		case <-ended:
		default:
			t.Errorf("%s tells nobody", e.name)
		}
	}
}

// TestOnesOwnChangeIsToldWhenTheSessionGoesOn: whoever asks on being told must not
// find the session that goes on ended.
func TestOnesOwnChangeIsToldWhenTheSessionGoesOn(t *testing.T) {
	h := newHouse(t, Options{})
	h.user(t, "vera", Viewer, "correct horse")
	token, _ := h.signIn(t, "vera", "correct horse")
	ended, asked := h.Ended(), make(chan error)
	go func() {
		<-ended
		_, err := h.Session(context.Background(), token, false)
		asked <- err
	}()
	if err := h.ChangePassword(t.Context(), token, "correct horse", "another horse"); err != nil {
		t.Fatal(err)
	}
	if err := <-asked; err != nil {
		t.Fatal(err)
	}
}

func TestHashesCarryTheirCostAndAreRenewed(t *testing.T) {
	h := newHouse(t, Options{})
	h.user(t, "vera", Viewer, "correct horse")
	dearer, err := New(Options{KV: h.kv, Now: h.o.Now, Cost: Cost{Memory: 16, Passes: 2, Lanes: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := dearer.SignIn(t.Context(), "vera", "correct horse", ""); err != nil {
		t.Fatal(err)
	}
	r, _, _ := dearer.user(t.Context(), "vera")
	if !strings.Contains(r.Password, "m=16,t=2,p=1") {
		t.Fatalf("hash %s", r.Password)
	}
	h.signIn(t, "vera", "correct horse")
}

func TestBrokenHashesOpenNothing(t *testing.T) {
	good := cheap.hash("correct horse")
	for _, written := range []string{"", "plain", "correct horse", "$argon2id$v=19$m=8,t=0,p=1$c2FsdHNhbHQ$aGFzaA",
		"$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHQ$" + strings.Repeat("A", 43), strings.Replace(good, "argon2id", "argon2i", 1), good + "$x"} {
		if ok, _ := cheap.matches(written, "correct horse"); ok {
			t.Errorf("%q matches", written)
		}
	}
	if ok, outdated := cheap.matches(good, "correct horse"); !ok || outdated {
		t.Error("a good hash does not match")
	}
}

func TestABucketThatFailsIsNoRefusal(t *testing.T) {
	h := newHouse(t, Options{})
	h.People.kv = failing{h.kv}
	_, _, err := h.SignIn(t.Context(), "vera", "correct horse", "192.0.2.1")
	wants(t, err, fault.Unavailable)
	_, err = h.Session(t.Context(), "token", true)
	wants(t, err, fault.Unavailable)
	_, err = h.APIKey(t.Context(), "mr-x", "y", "192.0.2.1")
	wants(t, err, fault.Unavailable)
}

type failing struct{ KV }

func (failing) Get(context.Context, string) ([]byte, uint64, error) {
	return nil, 0, fault.Wrap(fault.Unavailable, "bus: get", errors.New("down"), "The bucket is away.")
}

func BenchmarkSignInCost(b *testing.B) {
	var c Cost
	c.defaults()
	written := c.hash("correct horse")
	b.ReportAllocs()
	for b.Loop() {
		c.matches(written, "correct horse")
	}
}

func BenchmarkSession(b *testing.B) {
	p, _ := New(Options{KV: newMemory(), Cost: cheap, Log: slog.New(slog.DiscardHandler)})
	ctx := context.Background()
	_, _ = p.CreateUser(ctx, "vera", Viewer, "correct horse")
	token, _, _ := p.SignIn(ctx, "vera", "correct horse", "")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Session(ctx, token, true); err != nil {
			b.Fatal(err)
		}
	}
}
