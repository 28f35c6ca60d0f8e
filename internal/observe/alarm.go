package observe

import (
	"cmp"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/say"
)

// Alarm is a condition that wants somebody's attention for as long as it lasts.
type Alarm struct {
	// ID names the condition: "stream-full:telemetry".
	ID string
	// Priority: 1 act now, 2 within minutes, 3 this shift, 4 diagnostic.
	Priority int
	// Title says what, Detail what it means and what to do.
	Title, Detail say.Said
	// Since is when it was raised.
	Since time.Time
}

// maxAlarms bounds what is active at once; alarms beyond it are counted.
const maxAlarms = 1000

// AlarmOptions configure Alarms; the zero value is ready for use.
type AlarmOptions struct {
	Log *slog.Logger
	Now func() time.Time
	// Changed is told of each alarm that is raised or has ended, in the order in
	// which that happened. The set is locked meanwhile: it must not block, nor ask
	// the set anything. It may be nil.
	Changed func(a Alarm, active bool)
}

// Alarms holds the active alarms. Each change is logged once: a condition that is
// raised again with nothing new is silent.
type Alarms struct {
	log     *slog.Logger
	now     func() time.Time
	changed func(Alarm, bool)
	raised  atomic.Uint64
	refused atomic.Uint64

	// mu guards active.
	mu     sync.Mutex
	active map[string]Alarm
}

// NewAlarms returns an empty set.
func NewAlarms(o AlarmOptions) *Alarms {
	a := &Alarms{log: orDiscard(o.Log), now: orNow(o.Now), changed: o.Changed, active: map[string]Alarm{}}
	if a.changed == nil {
		a.changed = func(Alarm, bool) {}
	}
	return a
}

// Raise makes the alarm active, or brings an active one up to date; it keeps the
// time of the first. Priorities outside 1 to 4 are brought inside.
func (a *Alarms) Raise(id string, priority int, title, detail say.Said) {
	next := Alarm{ID: id, Priority: min(max(priority, 1), 4), Title: title, Detail: detail, Since: a.now()}
	before, change := a.set(next)
	switch change {
	case changeRaised:
		a.raised.Add(1)
		a.log.Warn("alarm raised", "alarm", id, "priority", next.Priority, "title", title.String(), "detail", detail.String())
	case changeAltered:
		a.log.Warn("alarm changed", "alarm", id, "priority", next.Priority, "was", before.Priority, "title", title.String(), "detail", detail.String())
	case changeRefused:
		if a.refused.Add(1) == 1 {
			a.log.Error("too many alarms; further ones are only counted", "limit", maxAlarms, "alarm", id)
		}
	}
}

type change int

const (
	changeNone change = iota
	changeRaised
	changeAltered
	changeRefused
)

func (a *Alarms) set(next Alarm) (before Alarm, c change) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before, known := a.active[next.ID]
	switch {
	case !known && len(a.active) >= maxAlarms:
		return before, changeRefused
	case !known:
		c = changeRaised
	default:
		next.Since = before.Since
		if next.Priority != before.Priority || next.Title.String() != before.Title.String() {
			c = changeAltered
		}
	}
	a.active[next.ID] = next
	if c == changeRaised {
		a.changed(next, true)
	}
	return before, c
}

// Clear ends the alarm; clearing one that is not active does nothing.
func (a *Alarms) Clear(id string) {
	a.mu.Lock()
	was, known := a.active[id]
	delete(a.active, id)
	if known {
		a.changed(was, false)
	}
	a.mu.Unlock()
	if known {
		a.log.Info("alarm cleared", "alarm", id, "title", was.Title.String(), "lasted", a.now().Sub(was.Since).Round(time.Millisecond))
	}
}

// Active returns the alarms by priority, then by age, the oldest first.
func (a *Alarms) Active() []Alarm {
	a.mu.Lock()
	all := make([]Alarm, 0, len(a.active))
	for _, x := range a.active {
		all = append(all, x)
	}
	a.mu.Unlock()
	slices.SortFunc(all, func(x, y Alarm) int {
		return cmp.Or(cmp.Compare(x.Priority, y.Priority), x.Since.Compare(y.Since), cmp.Compare(x.ID, y.ID))
	})
	return all
}

// Raised counts the alarms raised since the start; Refused those beyond the limit.
func (a *Alarms) Raised() uint64 { return a.raised.Load() }

// Refused counts the alarms that came while too many were active.
func (a *Alarms) Refused() uint64 { return a.refused.Load() }

func orNow(now func() time.Time) func() time.Time {
	if now == nil {
		return time.Now
	}
	return now
}

func orDiscard(l *slog.Logger) *slog.Logger {
	if l == nil {
		return slog.New(slog.DiscardHandler)
	}
	return l
}
