package stream

import (
	"fmt"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

const (
	alarmFull  = "storage-full"
	guardPulse = 500 * time.Millisecond
	fullMemory = 2 * time.Second // a log that said it is full counts as full so long
)

// Alarms takes conditions that want somebody's attention.
type Alarms interface {
	// Raise shows an alarm of priority 1 (act now) to 4 until it is cleared.
	Raise(id string, priority int, title, detail string)
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
			k.refusal.Store(&fault.Error{Code: fault.StorageFull, Op: "stream: keep", Message: fmt.Sprintf(
				"Stream %s takes no messages: %s are free on the disk, the reserve is %s.", k.cfg().Name, mebibytes(free), mebibytes(s.guard.reserve))})
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
	return &fault.Error{Code: fault.StorageFull, Op: "stream: keep", Message: fmt.Sprintf(
		"Stream %s takes no messages: the disk's reserve of %s would not stay free.", stream, mebibytes(s.guard.reserve))}
}

// alarm raises or clears as the streams stand.
func (s *Streams) alarm() {
	text := s.fullText()
	switch {
	case text != "" && !s.alarmed:
		s.opt.Log.Error("storage full: messages are refused", "detail", text)
		s.opt.Alarms.Raise(alarmFull, 1, "Storage full", text)
	case text == "" && s.alarmed:
		s.opt.Log.Warn("storage has space again: messages are taken")
		s.opt.Alarms.Clear(alarmFull)
	}
	s.alarmed = text != ""
}

// fullText is what the first refusing stream says; empty when none refuses.
func (s *Streams) fullText() string {
	for _, k := range s.all() {
		if k.refusing(s.opt.Now()) {
			if r := k.refusal.Load(); r != nil {
				return r.Message
			}
			return fmt.Sprintf("Stream %s takes no messages: the storage engine met a full disk.", k.cfg().Name)
		}
	}
	return ""
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

type noAlarms struct{}

func (noAlarms) Raise(string, int, string, string) {}
func (noAlarms) Clear(string)                      {}
