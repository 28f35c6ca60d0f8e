package people

import (
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// Throttle says how failed sign-ins are slowed.
type Throttle struct {
	// UserFailures in a row lock a user name, AddressFailures an address
	// (defaults 8 and 30). IPv6 addresses count by their /64.
	UserFailures, AddressFailures int
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
	setDefault(&t.Lock, 30*time.Second)
	setDefault(&t.LongestLock, 15*time.Minute)
	setDefault(&t.Forget, 30*time.Minute)
	setDefault(&t.Remember, 10_000)
}

// throttle counts failures by name and by address.
type throttle struct {
	Throttle
	mu sync.Mutex
	// mu guards all that follows.
	seen map[string]*failures
}

type failures struct {
	count  int
	last   time.Time
	locked time.Time // until then
}

func newThrottle(o Throttle) *throttle {
	return &throttle{Throttle: o, seen: map[string]*failures{}}
}

// allowed is fault.LockedOut while the name or the address is locked.
func (t *throttle) allowed(name, address string, now time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var until time.Time
	for _, key := range keysOf(name, address) {
		if f := t.seen[key]; f != nil && f.locked.After(until) {
			until = f.locked
		}
	}
	if wait := until.Sub(now); wait > 0 {
		return fault.New(fault.LockedOut, "Too many failed sign-ins. Try again in %s.", wait.Round(time.Second)+time.Second)
	}
	return nil
}

// failed counts a failure and locks what has had too many.
func (t *throttle) failed(name, address string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, key := range keysOf(name, address) {
		if key == "" {
			continue
		}
		f := t.entryLocked(key, now)
		f.count++
		f.last = now
		limit := []int{t.UserFailures, t.AddressFailures}[i]
		if over := f.count - limit; over >= 0 {
			f.locked = now.Add(min(t.Lock<<min(over, 16), t.LongestLock))
		}
	}
}

// succeeded forgets a name's failures; an address keeps its own, else one good
// account would hide attempts at others.
func (t *throttle) succeeded(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.seen, keysOf(name, "")[0])
}

func (t *throttle) entryLocked(key string, now time.Time) *failures {
	f := t.seen[key]
	if f == nil || now.Sub(f.last) > t.Forget {
		t.makeRoomLocked(now)
		f = &failures{}
		t.seen[key] = f
	}
	return f
}

// makeRoomLocked drops what is forgotten anyway, and else of a few the oldest.
func (t *throttle) makeRoomLocked(now time.Time) {
	if len(t.seen) < t.Remember {
		return
	}
	oldest, looked := "", 0
	for key, f := range t.seen {
		if now.Sub(f.last) > t.Forget {
			delete(t.seen, key)
		} else if oldest == "" || f.last.Before(t.seen[oldest].last) {
			oldest = key
		}
		if looked++; looked >= 64 {
			break
		}
	}
	if len(t.seen) >= t.Remember {
		delete(t.seen, oldest)
	}
}

// keysOf names the user's and the address's entry; "" where there is none.
func keysOf(name, address string) [2]string {
	var keys [2]string
	if name != "" {
		keys[0] = "user " + strings.ToLower(name)
	}
	if address != "" {
		keys[1] = "address " + network(address)
	}
	return keys
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
