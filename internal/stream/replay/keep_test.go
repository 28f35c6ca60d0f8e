package replay

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace/millrace/internal/bus"
	"github.com/millrace/millrace/internal/fault"
)

// node is a room over what earlier ones have kept.
func node(t *testing.T, kv KV) (*Replays, *stage) {
	t.Helper()
	s := &stage{begun: time.Now()}
	r := New(Options{Source: tape{}, Publisher: s, KV: kv})
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r, s
}

func want(t *testing.T, r *Replays, id string, state State, seq uint64, published uint64) {
	t.Helper()
	synctest.Wait()
	if st, err := r.Get(id); err != nil || st.State != state || st.At.Seq != seq || st.Published != published {
		t.Errorf("want %s at %d with %d, got %+v %v", state, seq, published, st, err)
	}
}

// copyOf is a bucket as a kill leaves it.
func copyOf(t *testing.T, kv *bus.MemoryKV) *bus.MemoryKV {
	t.Helper()
	left := bus.Memory()
	keys, err := kv.Keys(t.Context(), "")
	for _, key := range keys {
		var b []byte
		if b, _, err = kv.Get(t.Context(), key); err != nil {
			break
		}
		if _, err = left.Put(t.Context(), key, b); err != nil {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// Replays that the node ended with are there after the start, and go on from where they
// were: when they are asked to, or by themselves. One that was paused stays so.
func TestReplaysOutliveTheNode(t *testing.T) {
	for _, killed := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			kv := bus.Memory()
			old, _ := node(t, kv)
			ids := map[string]string{}
			for name, change := range map[string]func(*Order){
				"done":    func(*Order) {},
				"asked":   func(o *Order) { o.Prefix = "asked/" },
				"itself":  func(o *Order) { o.Prefix, o.Resume = "itself/", true },
				"paused":  func(o *Order) { o.Prefix, o.Resume = "paused/", true },
				"stopped": func(*Order) {},
			} {
				st, err := old.Begin(order(func(o *Order) {
					o.UpTo.Seq = 10
					if name != "done" {
						o.Speed = 1
					}
					change(o)
				}))
				if err != nil {
					t.Fatal(err)
				}
				ids[name] = st.ID
			}
			time.Sleep(15 * time.Second) // two have gone out of each
			for name, to := range map[string]State{"paused": Paused, "stopped": Stopped} {
				if _, err := old.Set(ids[name], to); err != nil {
					t.Fatal(err)
				}
			}
			if killed {
				time.Sleep(2 * time.Second) // what is written by then is what the next has
				kv = copyOf(t, kv)
			}
			if err := old.Close(); err != nil {
				t.Error(err)
			}

			r, s := node(t, kv)
			want(t, r, ids["done"], Done, 10, 8)
			want(t, r, ids["asked"], Interrupted, 4, 2)
			want(t, r, ids["stopped"], Stopped, 4, 2)
			want(t, r, ids["paused"], Paused, 4, 2)
			want(t, r, ids["itself"], Running, 5, 3)
			s.check(t, "itself/a/1 5 @0s")
			if _, err := r.Set(ids["itself"], Stopped); err != nil {
				t.Error(err)
			}
			if st, err := r.Set(ids["asked"], Running); err != nil || st.State != Running {
				t.Errorf("%+v %v", st, err)
			}
			time.Sleep(time.Minute)
			s.check(t, "asked/a/1 5 @0s", "asked/a/0 6 @10s", "asked/a/1 7 @20s", "asked/a/0 8 @30s", "asked/a/1 9 @40s", "asked/a/0 10 @50s")
			want(t, r, ids["asked"], Done, 10, 8)
			if _, err := r.Set(ids["paused"], Running); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Minute)
			want(t, r, ids["paused"], Done, 10, 8)
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Of those that are over only so many are kept, also when the bucket refuses for a while.
func TestOldReplaysAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kv := &stubborn{MemoryKV: bus.Memory(), refuses: true}
		r, _ := node(t, kv)
		for range maxRemembered + 5 {
			if _, err := r.Begin(order(func(*Order) {})); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		kv.refuses = false
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if keys, err := kv.Keys(t.Context(), ""); err != nil || len(keys) != maxRemembered {
			t.Errorf("%d are kept, %v", len(keys), err)
		}
	})
}

// stubborn is a bucket that removes nothing while it refuses.
type stubborn struct {
	*bus.MemoryKV
	refuses bool
}

func (k *stubborn) Delete(ctx context.Context, key string) error {
	if k.refuses {
		return fault.New(fault.StorageFull, "The disk is full.")
	}
	return k.MemoryKV.Delete(ctx, key)
}
