package ban

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/say"
)

// Kind is what a ban goes by.
type Kind string

// The kinds. A login is a user name from one address, written USER@ADDRESS.
const (
	ClientID     Kind = "client_id"
	ClientPrefix Kind = "client_prefix"
	User         Kind = "user"
	Address      Kind = "address"
	Network      Kind = "network"
	Login        Kind = "login"
)

// Kinds are all of them.
func Kinds() []Kind { return []Kind{ClientID, ClientPrefix, User, Address, Network, Login} }

// Ban keeps clients out.
type Ban struct {
	Kind   Kind   `json:"kind"`
	Value  string `json:"value"`
	All    bool   `json:"all,omitempty"` // a network of every address is meant
	Reason string `json:"reason,omitempty"`
	By     string `json:"by,omitempty"` // who banned; empty is the node itself
	// Since and Until are ns since 1970; Until 0 is for ever.
	Since int64 `json:"since"`
	Until int64 `json:"until,omitempty"`
}

// over says whether the ban's time has passed.
func (b *Ban) over(now int64) bool { return b.Until != 0 && b.Until <= now }

// longest is how long a ban's value may be, in bytes.
const longest = 400

// Canonical returns the ban with its value in the one form it is kept in.
func (b Ban) Canonical() (Ban, error) {
	if b.Value == "" || len(b.Value) > longest {
		return b, fault.New(fault.Invalid, "A ban needs a value of 1 to %d bytes.", longest)
	}
	switch b.Kind {
	case ClientID, ClientPrefix, User:
		return b, nil
	case Address:
		a, err := netip.ParseAddr(b.Value)
		text := b.Value
		b.Value = plain(a).String()
		return b, invalid(err, "%q is no IP address.", text)
	case Network:
		p, err := netip.ParsePrefix(b.Value)
		if err == nil && p.Addr().Is4In6() {
			p, err = p.Addr().Unmap().Prefix(p.Bits() - 96)
		}
		text := b.Value
		if err == nil && p.Bits() == 0 && !b.All {
			return b, fault.New(fault.Invalid, "%q is every address there is. If nobody is to come in, say so: all, or --all of millrace ctl.", text)
		}
		b.Value = p.Masked().String()
		return b, invalid(err, "%q is no network such as 192.0.2.0/24.", text)
	case Login:
		at := strings.LastIndexByte(b.Value, '@')
		a, err := netip.ParseAddr(b.Value[at+1:])
		if at < 0 || err != nil {
			return b, fault.New(fault.Invalid, "%q is no login such as alice@192.0.2.7.", b.Value)
		}
		b.Value = LoginOf(b.Value[:at], a)
		return b, nil
	}
	return b, fault.New(fault.Invalid, "%q is no kind of ban.", string(b.Kind))
}

func invalid(err error, message string, args ...any) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(fault.Invalid, "ban", err, message, args...)
}

// mostShown is how many bytes of a ban's value get into the log.
const mostShown = 64

func (b *Ban) shown() string { return say.Cut(b.Value, mostShown) }

// LoginOf is a login's value.
func LoginOf(user string, from netip.Addr) string { return user + "@" + plain(from).String() }

// plain is the address without what does not tell one host from another.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// Who is somebody who wants to come in. An address that is not valid, and empty
// names, match nothing.
type Who struct {
	ClientID, User string
	Address        netip.Addr
}

// Most is how many bans there may be.
const Most = 10_000

// List is a list of bans. Any goroutine may use it.
type List struct {
	// mu guards all that follows.
	mu      sync.RWMutex
	byName  map[key]Ban
	lengths map[Kind]map[int]int // of prefixes: how many bans have that length
	most    int
}

type key struct {
	kind  Kind
	value string
}

// NewList returns an empty list; most 0 is Most.
func NewList(most int) *List {
	if most == 0 {
		most = Most
	}
	return &List{byName: map[key]Ban{}, lengths: map[Kind]map[int]int{ClientPrefix: {}, Network: {}}, most: most}
}

// Add makes a canonical ban count, in the place of one of the same kind and value.
// false says that the list is full.
func (l *List) Add(b Ban) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := key{b.Kind, b.Value}
	if _, had := l.byName[k]; !had {
		if len(l.byName) >= l.most {
			return false
		}
		l.measure(k, 1)
	}
	l.byName[k] = b
	return true
}

// Holds says whether the ban is in the list as it is.
func (l *List) Holds(b *Ban) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.byName[key{b.Kind, b.Value}] == *b
}

// Remove ends a ban; false says that there is none.
func (l *List) Remove(kind Kind, value string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.remove(key{kind, value})
}

func (l *List) remove(k key) bool {
	if _, ok := l.byName[k]; !ok {
		return false
	}
	delete(l.byName, k)
	l.measure(k, -1)
	return true
}

// measure keeps the lengths of prefixes. Networks of IPv6 count from 1,000.
func (l *List) measure(k key, n int) {
	by, size := l.lengths[k.kind], len(k.value)
	if by == nil {
		return
	}
	if k.kind == Network {
		p := netip.MustParsePrefix(k.value)
		if size = p.Bits(); p.Addr().Is6() {
			size += 1000
		}
	}
	if by[size] += n; by[size] == 0 {
		delete(by, size)
	}
}

// Expire removes the bans whose time has passed, and returns them.
func (l *List) Expire(now int64) (gone []Ban) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k, b := range l.byName {
		if b.over(now) {
			l.remove(k)
			gone = append(gone, b)
		}
	}
	return gone
}

// All are the bans in force, newest first.
func (l *List) All(now int64) []Ban {
	l.mu.RLock()
	defer l.mu.RUnlock()
	list := make([]Ban, 0, len(l.byName))
	for _, b := range l.byName {
		if !b.over(now) {
			list = append(list, b)
		}
	}
	slices.SortFunc(list, func(a, b Ban) int {
		return cmp.Or(cmp.Compare(b.Since, a.Since), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Value, b.Value))
	})
	return list
}

// InForce is how many bans keep somebody out now.
func (l *List) InForce(now int64) (n int) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, b := range l.byName {
		if !b.over(now) {
			n++
		}
	}
	return n
}

// Len is how many bans there are, those whose time has passed included.
func (l *List) Len() int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return len(l.byName)
}

// Match returns a ban that keeps who out.
func (l *List) Match(who Who, now int64) (Ban, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if len(l.byName) == 0 {
		return Ban{}, false
	}
	if who.Address.IsValid() {
		if b, ok := l.matchAddress(plain(who.Address), now); ok {
			return b, true
		}
	}
	if b, ok := l.matchClient(who.ClientID, now); ok {
		return b, true
	}
	if who.User == "" {
		return Ban{}, false
	}
	if b, ok := l.at(User, who.User, now); ok {
		return b, true
	}
	if !who.Address.IsValid() {
		return Ban{}, false
	}
	return l.at(Login, LoginOf(who.User, who.Address), now)
}

func (l *List) at(kind Kind, value string, now int64) (Ban, bool) {
	b, ok := l.byName[key{kind, value}]
	return b, ok && !b.over(now)
}

func (l *List) matchAddress(a netip.Addr, now int64) (Ban, bool) {
	if b, ok := l.at(Address, a.String(), now); ok {
		return b, true
	}
	for size := range l.lengths[Network] {
		if a.Is6() != (size >= 1000) {
			continue
		}
		p, err := a.Prefix(size % 1000)
		if err != nil {
			continue
		}
		if b, ok := l.at(Network, p.String(), now); ok {
			return b, true
		}
	}
	return Ban{}, false
}

func (l *List) matchClient(id string, now int64) (Ban, bool) {
	if b, ok := l.at(ClientID, id, now); ok {
		return b, true
	}
	for size := range l.lengths[ClientPrefix] {
		if size > len(id) {
			continue
		}
		if b, ok := l.at(ClientPrefix, id[:size], now); ok {
			return b, true
		}
	}
	return Ban{}, false
}
