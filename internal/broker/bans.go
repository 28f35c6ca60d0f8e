package broker

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/broker/limit"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

var errBanned = fault.New(fault.Banned, "The client is banned.")

// BanStore keeps bans beyond the process; the key of one is its kind and value.
type BanStore interface {
	Get(ctx context.Context, key string) (value []byte, rev uint64, err error)
	Put(ctx context.Context, key string, value []byte) (rev uint64, err error)
	Delete(ctx context.Context, key string) error
	Keys(ctx context.Context, prefix string) ([]string, error)
}

// StrikesOptions are when somebody is banned without being asked: after more than
// Most times within Window, for For. Most 0 is never.
type StrikesOptions struct {
	Most        int
	Window, For time.Duration
}

// BanOptions are about who is kept out; the zero value keeps bans in memory alone.
type BanOptions struct {
	// Store may be nil.
	Store BanStore
	// Flapping bans client identifiers that disconnect too often.
	Flapping StrikesOptions
	// Logins bans a user name from an address after failed logins: others from
	// there, and the user from elsewhere, still come in.
	Logins StrikesOptions
}

// bans are the broker's bans and what leads to new ones.
type bans struct {
	options BanOptions
	list    *limit.Bans
	unsaved unsaved
	missed  atomic.Uint64 // that could not be saved
	// turn holds a value while somebody changes a ban in the list and in the store: the
	// two are to say the same.
	turn chan struct{}

	// mu guards logins.
	mu     sync.Mutex
	logins *limit.Strikes
}

func newBans(o BanOptions) *bans {
	return &bans{
		options: o, list: limit.NewBans(0), unsaved: newUnsaved(), turn: make(chan struct{}, 1),
		logins: limit.NewStrikes(o.Logins.Most, int64(o.Logins.Window), tracked),
	}
}

func banKey(b *limit.Ban) string { return string(b.Kind) + "/" + b.Value }

// load takes over the bans that are kept.
func (k *bans) load(ctx context.Context) error {
	if k.options.Store == nil {
		return nil
	}
	keys, err := k.options.Store.Keys(ctx, "")
	if fault.CodeOf(err) == fault.StorageFull {
		return nil // there is no room for the store itself: nothing was kept in it
	}
	for _, key := range keys {
		value, _, getErr := k.options.Store.Get(ctx, key)
		var b limit.Ban
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

func (k *bans) save(ctx context.Context, b *limit.Ban) error {
	if k.options.Store == nil {
		return nil
	}
	value, err := json.Marshal(b)
	if err == nil {
		_, err = k.options.Store.Put(ctx, banKey(b), value)
	}
	return err
}

// take waits for the turn; give ends it.
func (k *bans) take(ctx context.Context) error {
	select {
	case k.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fault.Wrap(fault.Timeout, "broker: bans", ctx.Err(), "The store of bans has much to do; try again.")
	}
}

func (k *bans) give() { <-k.turn }

func (b *Broker) endBans() {
	ctx, cancel := context.WithTimeout(context.Background(), banPatience)
	defer cancel()
	if b.bans.take(ctx) != nil {
		return // they end a minute later
	}
	defer b.bans.give()
	for _, gone := range b.bans.list.Expire(b.options.Now().UnixNano()) {
		if b.bans.options.Store == nil {
			continue
		}
		if err := b.bans.options.Store.Delete(ctx, banKey(&gone)); err != nil && fault.CodeOf(err) != fault.NotFound {
			b.options.Log.Error("a ban that has ended is still kept", "kind", string(gone.Kind), "error", err)
		}
	}
}

// Bans lists the bans in force, newest first.
func (b *Broker) Bans() []limit.Ban { return b.bans.list.List(b.options.Now().UnixNano()) }

// Ban keeps clients out from now on, and disconnects those that are in. It is kept
// when Ban returns. Since is set; Until 0 is for ever.
func (b *Broker) Ban(ctx context.Context, ban limit.Ban) (limit.Ban, error) {
	ban, err := ban.Canonical()
	if err != nil {
		return ban, err
	}
	ban.Since = b.options.Now().UnixNano()
	if ban.Until != 0 && ban.Until <= ban.Since {
		return ban, fault.New(fault.Invalid, "The ban would have ended already.")
	}
	if err := b.bans.enter(ctx, &ban); err != nil {
		return ban, err
	}
	b.options.Log.Info("banned", "kind", string(ban.Kind), "value", shown(ban.Value), "by", ban.By)
	b.expel()
	return ban, nil
}

// enter saves a ban, and puts it in force.
func (k *bans) enter(ctx context.Context, ban *limit.Ban) error {
	if err := k.take(ctx); err != nil {
		return err
	}
	defer k.give()
	if err := k.save(ctx, ban); err != nil {
		return err
	}
	if !k.list.Add(*ban) {
		if k.options.Store != nil {
			_ = k.options.Store.Delete(ctx, banKey(ban))
		}
		return fault.New(fault.TooMany, "There are %d bans already: delete some, or ban a prefix or a network.", limit.MaxBans)
	}
	return nil
}

// Unban ends a ban.
func (b *Broker) Unban(ctx context.Context, kind limit.Kind, value string) error {
	ban, err := limit.Ban{Kind: kind, Value: value, All: true}.Canonical()
	if err != nil {
		return err
	}
	if err := b.bans.take(ctx); err != nil {
		return err
	}
	defer b.bans.give()
	if b.bans.options.Store != nil {
		if err := b.bans.options.Store.Delete(ctx, banKey(&ban)); err != nil && fault.CodeOf(err) != fault.NotFound {
			return err
		}
	}
	if !b.bans.list.Remove(ban.Kind, ban.Value) {
		return fault.New(fault.NotFound, "There is no ban of %s %q.", string(kind), value)
	}
	return nil
}

// expel disconnects everybody who is banned now, a slice of clients in each turn.
func (b *Broker) expel() {
	done := make(chan struct{}, len(b.workers))
	for _, w := range b.workers {
		w.loop.Post(&inquiry{done: done, next: overClients(func(w *worker, c *client) int {
			if c.session.Away() {
				return 1
			}
			if _, banned := w.broker.bans.list.Match(c.candidate(), w.loop.Now()); banned {
				w.end(c, errBanned)
			}
			return 1
		})})
	}
}

// candidate is what bans go by.
func (c *client) candidate() limit.Who {
	return limit.Who{ClientID: c.id, User: cmp.Or(c.user(), c.username), Address: c.remoteAddrPort().Addr()}
}

// barred says whether nobody may connect from there.
func (b *Broker) barred(from netip.Addr) error {
	if _, banned := b.bans.list.Match(limit.Who{Address: from}, b.options.Now().UnixNano()); banned {
		return errBanned
	}
	return nil
}

// banned says whether the client may not come in.
func (w *worker) banned(c *client, p *packet.Connect, id string) error {
	return w.bannedAs(c, id, string(p.Username))
}

// bannedAs is banned once it is known who the client says it is.
func (w *worker) bannedAs(c *client, id, user string) error {
	who := limit.Who{ClientID: id, User: user, Address: c.conn.RemoteAddrPort().Addr()}
	if _, banned := w.broker.bans.list.Match(who, w.loop.Now()); banned {
		return errBanned
	}
	return nil
}

// strike counts that the client has left; one that comes and goes is banned.
func (w *worker) strike(c *client) {
	o := &w.options.Bans.Flapping
	if o.Most == 0 || w.draining || !w.flaps.Hit(c.id, w.loop.Steady()) {
		return
	}
	w.broker.banFor(limit.ClientID, c.id, o, w.loop.Now(), fmt.Sprintf("It disconnected more than %d times within %s.", o.Most, o.Window))
}

// loginFailed counts a failed login; a user name that fails again and again from
// one address is banned from there.
func (w *worker) loginFailed(c *client, user string, err error) {
	k, o := w.broker.bans, &w.options.Bans.Logins
	from := c.conn.RemoteAddrPort().Addr()
	switch fault.CodeOf(err) {
	case fault.BadPassword, fault.UnknownUser, fault.Unauthenticated:
	default:
		return
	}
	if o.Most == 0 || !from.IsValid() {
		return
	}
	login := limit.LoginOf(user, from)
	k.mu.Lock()
	out := k.logins.Hit(login, w.loop.Steady())
	k.mu.Unlock()
	if out {
		w.broker.banFor(limit.Login, login, o, w.loop.Now(), fmt.Sprintf("More than %d logins failed within %s.", o.Most, o.Window))
	}
}

// banFor is a ban that the node makes itself. It never waits.
func (b *Broker) banFor(kind limit.Kind, value string, o *StrikesOptions, now int64, reason string) {
	ban, err := limit.Ban{Kind: kind, Value: value, Reason: reason, Since: now, Until: now + int64(o.For)}.Canonical()
	if err != nil || !b.bans.list.Add(ban) {
		b.bans.missed.Add(1)
		return
	}
	b.options.Log.Warn("banned", "kind", string(kind), "value", shown(value), "reason", reason, "for_s", int(o.For.Seconds()))
	if b.bans.options.Store != nil && !b.bans.unsaved.add(ban) {
		b.bans.missed.Add(1)
	}
}
