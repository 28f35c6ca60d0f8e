package broker

import (
	"context"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/broker/limit"
	"github.com/millrace/millrace/internal/fault"
)

// unsaved are the bans that the node has made and that are not kept yet, by their key.
// There are no more of them than there may be bans.
type unsaved struct {
	// wake holds a value when there is something new.
	wake chan struct{}

	// mu guards bans.
	mu   sync.Mutex
	bans map[string]limit.Ban
}

func newUnsaved() unsaved {
	return unsaved{wake: make(chan struct{}, 1), bans: map[string]limit.Ban{}}
}

// add never waits for the store. false says that there are too many.
func (u *unsaved) add(ban limit.Ban) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.bans) >= limit.MaxBans {
		return false
	}
	u.bans[banKey(&ban)] = ban
	select {
	case u.wake <- struct{}{}:
	default:
	}
	return true
}

// all are the bans to be kept, in no order.
func (u *unsaved) all() []limit.Ban {
	u.mu.Lock()
	defer u.mu.Unlock()
	all := make([]limit.Ban, 0, len(u.bans))
	for _, ban := range u.bans {
		all = append(all, ban)
	}
	return all
}

// done forgets the ban, unless there is another under its key meanwhile.
func (u *unsaved) done(ban *limit.Ban) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if key := banKey(ban); u.bans[key] == *ban {
		delete(u.bans, key)
	}
}

// keepBans saves the bans that the node makes, and forgets those that have ended. What
// the store does not take is tried again each minute, and once more at the end.
func (b *Broker) keepBans() {
	defer b.tasks.Done()
	minute := time.NewTicker(time.Minute)
	defer minute.Stop()
	var err error
	for {
		select {
		case <-b.bans.unsaved.wake:
			err = b.keepUnsaved(err)
		case <-minute.C:
			b.endBans()
			err = b.keepUnsaved(err)
		case <-b.stopped:
			b.keepLast(err)
			return
		}
	}
}

const banPatience = 10 * time.Second

// keepUnsaved returns why bans still wait, as before was why they waited.
func (b *Broker) keepUnsaved(before error) error {
	ctx, cancel := context.WithTimeout(context.Background(), banPatience)
	defer cancel()
	for _, ban := range b.bans.unsaved.all() {
		err := b.keepBan(ctx, &ban)
		if err == nil {
			continue
		}
		if before == nil {
			b.options.Log.Error("bans that the node made are not kept yet; it tries again each minute", "error", err)
		}
		return err
	}
	if before != nil {
		b.options.Log.Info("bans that the node made are kept again")
	}
	return nil
}

// keepBan saves one ban that still holds. The error says that the store takes none now.
func (b *Broker) keepBan(ctx context.Context, ban *limit.Ban) error {
	if err := b.bans.take(ctx); err != nil {
		return err
	}
	defer b.bans.give()
	if b.bans.list.Holds(ban) {
		err := b.bans.save(ctx, ban)
		if code := fault.CodeOf(err); err != nil && (ctx.Err() != nil || code == fault.StorageFull || code == fault.Unavailable || code == fault.Timeout) {
			return err
		}
		if err != nil {
			b.bans.missed.Add(1)
			b.options.Log.Error("a ban could not be kept; it ends with the process", "kind", string(ban.Kind), "value", shown(ban.Value), "error", err)
		}
	}
	b.bans.unsaved.done(ban)
	return nil
}

// keepLast tries for the last time.
func (b *Broker) keepLast(before error) {
	err := b.keepUnsaved(before)
	if err == nil {
		return
	}
	left := len(b.bans.unsaved.all())
	b.bans.missed.Add(uint64(left))
	b.options.Log.Error("bans that the node made end with the process", "bans", left, "error", err)
}
