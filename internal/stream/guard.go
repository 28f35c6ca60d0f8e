package stream

import (
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/say"
)

const (
	alarmFull  = "storage-full"
	guardPulse = 500 * time.Millisecond
	fullMemory = 2 * time.Second // a log that said it is full counts as full so long
)

var (
	storageFull  = say.New("alarm_storage_full", "Storage full")
	belowReserve = say.New("alarm_storage_reserve", "Stream {0} takes no messages: {1} are free on the disk, the reserve is {2}.")
	engineFull   = say.New("alarm_storage_engine", "Stream {0} takes no messages: the storage engine met a full disk.")
)

// refusal is how a stream answers while the disk is too full.
type refusal struct {
	said  say.Said
	fault *fault.Error
}

// Alarms takes conditions that want somebody's attention.
type Alarms interface {
	// Raise shows an alarm of priority 1 (act now) to 4 until it is cleared.
	Raise(id string, priority int, title, detail say.Said)
	// Clear ends it; an alarm that is not there is clear.
	Clear(id string)
}

// guard is the disk guard's core: it refuses below the reserve and takes again when
// an eighth more than the reserve is free. It is a pure value.
type guard struct {
	reserve int64
	low     bool
}

// look takes the free bytes, less what is on its way to the disk, and says whether
// messages are to be refused. over tells that some had to be since the last look.
func (g *guard) look(free int64, over bool) bool {
	g.low = free < g.reserve || (g.low || over) && free < g.reserve+g.reserve/8
	return g.low
}

// watchDisk is the guard's goroutine.
func (s *Streams) watchDisk() {
	defer close(s.guardEnded)
	t := time.NewTicker(s.opt.GuardPulse)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			s.lookAtDisk()
		case <-s.measure:
			s.lookAtDisk()
		case <-s.stop:
			return
		}
	}
}

// measureSoon wakes the guard; over tells that a batch was refused.
func (s *Streams) measureSoon(over bool) {
	if over {
		s.over.Store(true)
	}
	select {
	case s.measure <- struct{}{}:
	default:
	}
}

// lookAtDisk measures, refuses or takes again, and raises or clears the alarm.
func (s *Streams) lookAtDisk() {
	if s.opt.FreeSpace != nil {
		free := s.free()
		if s.guard.look(free, s.over.Swap(false)) {
			s.refuse(free)
		} else {
			s.refuseNone()
		}
	}
	s.alarm()
}

// free returns the free bytes less what is on its way to the disk. Where they cannot
// be measured it goes on from the last measurement.
func (s *Streams) free() int64 {
	before := s.disk.settled.Load()
	free, err := s.opt.FreeSpace()
	if err == nil {
		s.disk.measured(before, free-s.guard.reserve-streamCost*int64(len(s.all())))
	} else if !s.blind {
		s.opt.Log.Error("free disk space is not known", "err", err)
	}
	s.blind = err != nil
	return max(s.disk.left()+s.guard.reserve, 0)
}

// refuse makes every stream on disk answer that the storage is full.
func (s *Streams) refuse(free int64) {
	for _, k := range s.all() {
		if !k.cfg().Memory {
			said := belowReserve.With(k.cfg().Name, say.Size(free), say.Size(s.guard.reserve))
			k.refusal.Store(&refusal{said, &fault.Error{Code: fault.StorageFull, Op: "stream: keep", Message: said.String()}})
		}
	}
}

func (s *Streams) refuseNone() {
	for _, k := range s.all() {
		k.refusal.Store(nil)
	}
}

// tight is the answer to a batch that would touch the reserve.
func (s *Streams) tight(stream string) *fault.Error {
	return &fault.Error{Code: fault.StorageFull, Op: "stream: keep", Message: "Stream " + stream +
		" takes no messages: the disk's reserve of " + say.Size(s.guard.reserve).String() + " would not stay free."}
}

// alarm raises or clears as the streams stand.
func (s *Streams) alarm() {
	said, full := s.full()
	switch {
	case full && !s.alarmed:
		s.opt.Log.Error("storage full: messages are refused", "detail", said.String())
		s.opt.Alarms.Raise(alarmFull, 1, storageFull.With(), said)
	case !full && s.alarmed:
		s.opt.Log.Warn("storage has space again: messages are taken")
		s.opt.Alarms.Clear(alarmFull)
	}
	s.alarmed = full
}

// full is what the first refusing stream says, if one does.
func (s *Streams) full() (said say.Said, refuses bool) {
	for _, k := range s.all() {
		if k.refusing(s.opt.Now()) {
			if r := k.refusal.Load(); r != nil {
				return r.said, true
			}
			return engineFull.With(k.cfg().Name), true
		}
	}
	return said, false
}

type noAlarms struct{}

func (noAlarms) Raise(string, int, say.Said, say.Said) {}
func (noAlarms) Clear(string)                          {}
