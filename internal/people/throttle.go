package people

import (
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// Throttle says how failures are slowed. IPv6 addresses count by their /64.
//
// A lock never keeps out who is right elsewhere: a user name is locked at the
// address that guessed, and at addresses it has not come in from before only after
// many more failures. API keys that are right always pass.
type Throttle struct {
	// UserFailures lock a user name at one address, AddressFailures an address for
	// everybody, EverywhereFailures a user name at every address but those it signed
	// in from before (defaults 8, 30 and 100).
	UserFailures, AddressFailures, EverywhereFailures int
	// Lock is the first lock's length; each further failure doubles it up to
	// LongestLock (defaults 30 s and 15 min).
	Lock, LongestLock time.Duration
	// Forget is how long a failure counts (default 30 min).
	Forget time.Duration
	// Remember bounds how many names and addresses are kept (default 10,000).
	Remember int
}

func (t *Throttle) defaults() {
	setDefault(&t.UserFailures, 8)
	setDefault(&t.AddressFailures, 30)
	setDefault(&t.EverywhereFailures, 100)
	setDefault(&t.Lock, 30*time.Second)
	setDefault(&t.LongestLock, 15*time.Minute)
	setDefault(&t.Forget, 30*time.Minute)
	setDefault(&t.Remember, 10_000)
}

// throttle counts failures.
type throttle struct {
	Throttle
	mu sync.Mutex
	// mu guards all that follows.
	seen map[source]*failures
}

type failures struct {
	count  int
	last   time.Time
	locked time.Time // until then
}

// source is what failures are counted by: "user" has a name and an address, the
// others have one of them.
type source struct{ kind, name, address string }

// count is one of the counts that an attempt adds to, and how many failures lock.
type count struct {
	source
	limit int
}

func newThrottle(o Throttle) *throttle {
	return &throttle{Throttle: o, seen: map[source]*failures{}}
}

// The counts of a sign-in: the name at this address, the address, and the name
// everywhere. The node itself (address "") is never slowed.
func (t *throttle) signIn(name, address string) []count {
	if address == "" {
		return nil
	}
	return []count{t.user(name, address), {source{kind: "address", address: network(address)}, t.AddressFailures},
		{source{kind: "everywhere", name: strings.ToLower(name)}, t.EverywhereFailures}}
}

func (t *throttle) user(name, address string) count {
	return count{source{"user", strings.ToLower(name), network(address)}, t.UserFailures}
}

// apiKey are those of a key that was wrong. They are apart from sign-ins: a program
// with an old key does not lock out the people beside it.
func (t *throttle) apiKey(address string) []count {
	if address == "" {
		return nil
	}
	return []count{{source{kind: "keys", address: network(address)}, t.AddressFailures}}
}

// confirmation are those of somebody signed in who shows the password again.
func (t *throttle) confirmation(name string) []count {
	return []count{{source{kind: "confirm", name: strings.ToLower(name)}, t.UserFailures}}
}

// allowed is fault.LockedOut while one of the counts is locked.
func (t *throttle) allowed(counts []count, now time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var until time.Time
	for _, c := range counts {
		if f := t.seen[c.source]; f != nil && f.locked.After(until) {
			until = f.locked
		}
	}
	if wait := until.Sub(now); wait > 0 {
		return fault.New(fault.LockedOut, "Too many failed sign-ins. Try again in %s.", wait.Round(time.Second)+time.Second)
	}
	return nil
}

// failed counts a failure and locks what has had too many.
func (t *throttle) failed(counts []count, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range counts {
		f := t.entryLocked(c.source, now)
		f.count++
		f.last = now
		if over := f.count - c.limit; over >= 0 {
			f.locked = now.Add(min(t.Lock<<min(over, 16), t.LongestLock))
		}
	}
}

// succeeded forgets a name's failures at an address. The other counts stay, else
// one good sign-in would hide attempts at other names or from elsewhere.
func (t *throttle) succeeded(name, address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.seen, t.user(name, address).source)
}

// renewed forgets everything about a name: its password is a new one.
func (t *throttle) renewed(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	name = strings.ToLower(name)
	for from := range t.seen {
		if from.name == name {
			delete(t.seen, from)
		}
	}
}

func (t *throttle) entryLocked(from source, now time.Time) *failures {
	f := t.seen[from]
	if f == nil || now.Sub(f.last) > t.Forget {
		t.makeRoomLocked(now)
		f = &failures{}
		t.seen[from] = f
	}
	return f
}

// makeRoomLocked drops what is forgotten anyway, and else of a few the oldest.
func (t *throttle) makeRoomLocked(now time.Time) {
	if len(t.seen) < t.Remember {
		return
	}
	var oldest source
	looked := 0
	for from, f := range t.seen {
		if now.Sub(f.last) > t.Forget {
			delete(t.seen, from)
		} else if t.seen[oldest] == nil || f.last.Before(t.seen[oldest].last) {
			oldest = from
		}
		if looked++; looked >= 64 {
			break
		}
	}
	if len(t.seen) >= t.Remember {
		delete(t.seen, oldest)
	}
}

// network is an IPv4 address itself and an IPv6 address's /64.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if ip = ip.Unmap().WithZone(""); ip.Is4() {
		return ip.String()
	}
	prefix, _ := ip.Prefix(64)
	return prefix.String()
}
