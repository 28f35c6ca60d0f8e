package backup

import (
	"context"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace/millrace/internal/say"
)

// bells are the alarms that are active.
type bells struct {
	mu     sync.Mutex
	active map[string]bool
}

func (b *bells) Raise(id string, _ int, _, _ say.Said) { b.set(id, true) }
func (b *bells) Clear(id string)                       { b.set(id, false) }

func (b *bells) set(id string, on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.active[id] = on
}

func (b *bells) rings(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.active[id]
}

// Back-ups come by schedule; one that fails rings, and so does one that does not come; the
// next that ends well is quiet.
func TestScheduledBackUpsAndTheirAlarms(t *testing.T) {
	p, dir := newPlant(t), filepath.Join(t.TempDir(), "backup")
	synctest.Test(t, func(t *testing.T) {
		p.add("telemetry", "telemetry.0.a", []byte("a"))
		source, bells := p.source(), &bells{active: map[string]bool{}}
		source.Now = time.Now
		var fails atomic.Bool
		whole := source.Checkpoint
		source.Checkpoint = func(ctx context.Context, dir string) error {
			if fails.Load() {
				return errBroken
			}
			return whole(ctx, dir)
		}
		s := New(Options{Source: source, Folder: dir, Schedule: Schedule{Every: time.Hour}, Keep: Keep{Count: 2}, Alarms: bells})
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		after := func(d time.Duration) State { time.Sleep(d); synctest.Wait(); return s.State() }
		if st := after(time.Minute); st.Runs != 1 || st.Err != nil || st.Succeeded.IsZero() {
			t.Fatalf("the first back-up: %+v", st)
		}
		fails.Store(true)
		if st := after(time.Hour); st.Failures != 1 || !bells.rings(alarmFailed) || bells.rings(alarmOverdue) {
			t.Errorf("a back-up that fails: %+v, alarms %v", st, bells.active)
		}
		if after(2 * time.Hour); !bells.rings(alarmOverdue) {
			t.Error("no alarm for back-ups that do not come")
		}
		fails.Store(false)
		if st := after(time.Hour); st.Err != nil || bells.rings(alarmFailed) || bells.rings(alarmOverdue) {
			t.Errorf("a back-up that ends well: %v, alarms %v", st.Err, bells.active)
		}
		after(2 * time.Hour)
		if all, err := List(dir); err != nil || len(all) != 2 {
			t.Errorf("%d generations are kept: %v", len(all), err)
		}
		if err := s.Close(); err != nil || s.Run("") == nil {
			t.Errorf("closed: %v", err)
		}
	})
}
