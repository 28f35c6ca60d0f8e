package ban

import (
	"context"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// unsaved are the bans that the node has made and that are not kept yet, by their key.
// There are no more of them than there may be bans.
type unsaved struct {
	// wake holds a value when there is something new.
	wake chan struct{}

	// mu guards bans.
	mu   sync.Mutex
	bans map[string]Ban
}

func newUnsaved() unsaved {
	return unsaved{wake: make(chan struct{}, 1), bans: map[string]Ban{}}
}

// add never waits for the store. false says that there are too many.
func (u *unsaved) add(ban Ban) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.bans) >= Most {
		return false
	}
	u.bans[ban.key()] = ban
	select {
	case u.wake <- struct{}{}:
	default:
	}
	return true
}

// all are the bans to be kept, in no order.
func (u *unsaved) all() []Ban {
	u.mu.Lock()
	defer u.mu.Unlock()
	all := make([]Ban, 0, len(u.bans))
	for _, ban := range u.bans {
		all = append(all, ban)
	}
	return all
}

// done forgets the ban, unless there is another under its key meanwhile.
func (u *unsaved) done(ban *Ban) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if key := ban.key(); u.bans[key] == *ban {
		delete(u.bans, key)
	}
}

// Run saves the bans that the node makes, and forgets those that have ended, until stopped
// is closed. What the store does not take is tried again each minute, and once more at the
// end.
func (k *Keeper) Run(stopped <-chan struct{}) {
	minute := time.NewTicker(time.Minute)
	defer minute.Stop()
	var err error
	for {
		select {
		case <-k.unsaved.wake:
			err = k.keepUnsaved(err)
		case <-minute.C:
			k.Expire()
			err = k.keepUnsaved(err)
		case <-stopped:
			k.keepLast(err)
			return
		}
	}
}

// patience is how long the keeper waits for the store.
const patience = 10 * time.Second

// keepUnsaved returns why bans still wait, as before was why they waited.
func (k *Keeper) keepUnsaved(before error) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, ban := range k.unsaved.all() {
		err := k.keep(ctx, &ban)
		if err == nil {
			continue
		}
		if before == nil {
			k.log.Error("bans that the node made are not kept yet; it tries again each minute", "error", err)
		}
		return err
	}
	if before != nil {
		k.log.Info("bans that the node made are kept again")
	}
	return nil
}

// keep saves one ban that still holds. The error says that the store takes none now.
func (k *Keeper) keep(ctx context.Context, ban *Ban) error {
	if err := k.take(ctx); err != nil {
		return err
	}
	defer k.give()
	if k.list.Holds(ban) {
		err := k.save(ctx, ban)
		if code := fault.CodeOf(err); err != nil && (ctx.Err() != nil || code == fault.StorageFull || code == fault.Unavailable || code == fault.Timeout) {
			return err
		}
		if err != nil {
			k.missed.Add(1)
			k.log.Error("a ban could not be kept; it ends with the process", "kind", string(ban.Kind), "value", ban.shown(), "error", err)
		}
	}
	k.unsaved.done(ban)
	return nil
}

// keepLast tries for the last time.
func (k *Keeper) keepLast(before error) {
	err := k.keepUnsaved(before)
	if err == nil {
		return
	}
	left := len(k.unsaved.all())
	k.missed.Add(uint64(left))
	k.log.Error("bans that the node made end with the process", "bans", left, "error", err)
}
