package ban

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// Store keeps bans beyond the process; the key of one is its kind and value.
type Store interface {
	Get(ctx context.Context, key string) (value []byte, rev uint64, err error)
	Put(ctx context.Context, key string, value []byte) (rev uint64, err error)
	Delete(ctx context.Context, key string) error
	Keys(ctx context.Context, prefix string) ([]string, error)
}

// Rule is when somebody is banned without being asked: after more than Most times within
// Window, for For. Most 0 is never.
type Rule struct {
	Most        int
	Window, For time.Duration
}

// Options are about who is kept out; the zero value keeps bans in memory alone.
type Options struct {
	// Store may be nil.
	Store Store
	// Flapping bans client identifiers that disconnect too often.
	Flapping Rule
	// Logins bans a user name from an address after failed logins: others from
	// there, and the user from elsewhere, still come in.
	Logins Rule
}

// tracked bounds the names that are watched for one rule, on all loops together.
const tracked = 20_000

// Keeper is the bans in force, what is kept of them, and what leads to new ones.
type Keeper struct {
	options Options
	now     func() time.Time
	log     *slog.Logger
	list    *List
	unsaved unsaved
	missed  atomic.Uint64 // that could not be saved
	// turn holds a value while somebody changes a ban in the list and in the store: the
	// two are to say the same.
	turn chan struct{}

	// mu guards logins.
	mu     sync.Mutex
	logins *Strikes
}

// NewKeeper returns one that has no bans yet; see Load and Run.
func NewKeeper(o Options, now func() time.Time, log *slog.Logger) *Keeper {
	return &Keeper{
		options: o, now: now, log: log, list: NewList(0), unsaved: newUnsaved(), turn: make(chan struct{}, 1),
		logins: NewStrikes(o.Logins.Most, int64(o.Logins.Window), tracked),
	}
}

// key is where the store has the ban.
func (b *Ban) key() string { return string(b.Kind) + "/" + b.Value }

// Load takes over the bans that are kept.
func (k *Keeper) Load(ctx context.Context) error {
	if k.options.Store == nil {
		return nil
	}
	keys, err := k.options.Store.Keys(ctx, "")
	if fault.CodeOf(err) == fault.StorageFull {
		return nil // there is no room for the store itself: nothing was kept in it
	}
	for _, key := range keys {
		value, _, getErr := k.options.Store.Get(ctx, key)
		var b Ban
		if getErr != nil || json.Unmarshal(value, &b) != nil {
			return fault.Wrap(fault.Internal, "broker: bans", getErr, "The ban %q cannot be read.", key)
		}
		k.list.Add(b)
	}
	if err != nil {
		return fmt.Errorf("broker: bans: %w", err)
	}
	return nil
}

func (k *Keeper) save(ctx context.Context, b *Ban) error {
	if k.options.Store == nil {
		return nil
	}
	value, err := json.Marshal(b)
	if err == nil {
		_, err = k.options.Store.Put(ctx, b.key(), value)
	}
	return err
}

// unsave takes the ban out of the store. It need not be there.
func (k *Keeper) unsave(ctx context.Context, b *Ban) error {
	if k.options.Store == nil {
		return nil
	}
	if err := k.options.Store.Delete(ctx, b.key()); fault.CodeOf(err) != fault.NotFound {
		return err
	}
	return nil
}

// take waits for the turn; give ends it.
func (k *Keeper) take(ctx context.Context) error {
	select {
	case k.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fault.Wrap(fault.Timeout, "broker: bans", ctx.Err(), "The store of bans has much to do; try again.")
	}
}

func (k *Keeper) give() { <-k.turn }

// List is the bans in force, newest first.
func (k *Keeper) List() []Ban { return k.list.All(k.now().UnixNano()) }

// InForce is how many bans keep somebody out now.
func (k *Keeper) InForce() int { return k.list.InForce(k.now().UnixNano()) }

// Missed is how many bans the node has made and could not keep.
func (k *Keeper) Missed() uint64 { return k.missed.Load() }

// Bans says whether somebody is kept out at that time, ns since 1970.
func (k *Keeper) Bans(who Who, now int64) bool {
	_, banned := k.list.Match(who, now)
	return banned
}

// Enter puts a ban in force. It is kept when Enter returns. Since is set; Until 0 is for
// ever.
func (k *Keeper) Enter(ctx context.Context, b Ban) (Ban, error) {
	b, err := b.Canonical()
	if err != nil {
		return b, err
	}
	b.Since = k.now().UnixNano()
	if b.Until != 0 && b.Until <= b.Since {
		return b, fault.New(fault.Invalid, "The ban would have ended already.")
	}
	if err := k.take(ctx); err != nil {
		return b, err
	}
	defer k.give()
	if err := k.save(ctx, &b); err != nil {
		return b, err
	}
	if !k.list.Add(b) {
		_ = k.unsave(ctx, &b)
		return b, fault.New(fault.TooMany, "There are %d bans already: delete some, or ban a prefix or a network.", Most)
	}
	k.log.Info("banned", "kind", string(b.Kind), "value", b.shown(), "by", b.By)
	return b, nil
}

// Lift ends a ban.
func (k *Keeper) Lift(ctx context.Context, kind Kind, value string) error {
	b, err := Ban{Kind: kind, Value: value, All: true}.Canonical()
	if err != nil {
		return err
	}
	if err := k.take(ctx); err != nil {
		return err
	}
	defer k.give()
	if err := k.unsave(ctx, &b); err != nil {
		return err
	}
	if !k.list.Remove(b.Kind, b.Value) {
		return fault.New(fault.NotFound, "There is no ban of %s %q.", string(kind), value)
	}
	return nil
}

// Expire ends the bans whose time has passed.
func (k *Keeper) Expire() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if k.take(ctx) != nil {
		return // they end a minute later
	}
	defer k.give()
	for _, gone := range k.list.Expire(k.now().UnixNano()) {
		if err := k.unsave(ctx, &gone); err != nil {
			k.log.Error("a ban that has ended is still kept", "kind", string(gone.Kind), "error", err)
		}
	}
}

// Flaps are the disconnects of one of so many loops: each has its own.
func (k *Keeper) Flaps(loops int) *Strikes {
	o := &k.options.Flapping
	return NewStrikes(o.Most, int64(o.Window), tracked/loops)
}

// Flapped bans a client that comes and goes.
func (k *Keeper) Flapped(id string, now int64) {
	o := &k.options.Flapping
	k.enterOwn(ClientID, id, o, now, fmt.Sprintf("It disconnected more than %d times within %s.", o.Most, o.Window))
}

// LoginFailed counts a failed login, at a steady clock's time; a user name that fails again
// and again from one address is banned from there.
func (k *Keeper) LoginFailed(user string, from netip.Addr, steady, now int64) {
	o := &k.options.Logins
	if o.Most == 0 || !from.IsValid() {
		return
	}
	login := LoginOf(user, from)
	k.mu.Lock()
	out := k.logins.Hit(login, steady)
	k.mu.Unlock()
	if out {
		k.enterOwn(Login, login, o, now, fmt.Sprintf("More than %d logins failed within %s.", o.Most, o.Window))
	}
}

// enterOwn puts a ban in force that the node makes itself. It never waits.
func (k *Keeper) enterOwn(kind Kind, value string, o *Rule, now int64, reason string) {
	b, err := Ban{Kind: kind, Value: value, Reason: reason, Since: now, Until: now + int64(o.For)}.Canonical()
	if err != nil || !k.list.Add(b) {
		k.missed.Add(1)
		return
	}
	k.log.Warn("banned", "kind", string(kind), "value", b.shown(), "reason", reason, "for_s", int(o.For.Seconds()))
	if k.options.Store != nil && !k.unsaved.add(b) {
		k.missed.Add(1)
	}
}
