package historian

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/payload"
	"github.com/millrace/millrace/internal/point"
	"github.com/millrace/millrace/internal/say"
)

// oneInstant is how far an arrival may lie before the one before it in its series
// and still count as the same instant.
const oneInstant = int64(time.Millisecond)

// take is what the source calls with the messages of one entry.
func (h *Historian) take(at msg.Position, ms []msg.Message) error {
	h.ingest.Lock()
	defer h.ingest.Unlock()
	if len(ms) == 0 {
		return nil
	}
	h.behind.newest.Store(ms[0].Time)
	h.behind.busy.Store(true)
	for len(ms) > 0 {
		if err := h.makeRoom(); err != nil {
			return err
		}
		n := h.takeSome(at, ms)
		at.Index += uint32(n)
		ms = ms[n:]
	}
	h.behind.taken(h.opts.Now())
	return nil
}

// takeSome takes messages in until the window is full, and returns how many.
func (h *Historian) takeSome(at msg.Position, ms []msg.Message) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range ms {
		if i > 0 && h.window.full(h.opts.CommitPoints) {
			return i
		}
		h.message(&ms[i])
		h.position = msg.Position{Seq: at.Seq, Index: at.Index + uint32(i)}
	}
	return len(ms)
}

// message decodes one message into the window.
func (h *Historian) message(m *msg.Message) {
	h.behind.newest.Store(m.Time)
	h.current.message, h.current.topic, h.current.record = m, h.catalogue.cursor(m.Topic), -1
	rejected, err := h.decoder.Decode(m, h.addPoint)
	if err != nil {
		h.reject(fault.CodeOf(err), 1)
		return
	}
	h.reject(fault.Undecodable, rejected.Undecodable)
	h.reject(fault.TooLarge, rejected.TooLarge)
	h.reject(fault.TooMany, rejected.TooMany)
	h.reject(fault.TimeOutOfRange, rejected.TimeOutOfRange)
	h.reject(fault.TimeUnreadable, rejected.TimeUnreadable)
	h.reject(fault.NoValues, rejected.NoValues)
}

// add takes one point of the current message in.
func (h *Historian) add(v *payload.Metric) error {
	m := h.current.message
	if v.Time < 0 {
		h.reject(fault.TimeOutOfRange, 1)
		return nil
	}
	id, ok := h.seriesOf(m, v.Path)
	if !ok {
		h.reject(fault.SeriesLimit, 1)
		return nil
	}
	if v.Record != h.current.record {
		h.current.record, h.current.from = v.Record, uint32(len(h.window.recs))
	}
	s := h.catalogue.at(id)
	value, copied := s.own(v.Value)
	h.window.bytes += copied
	if s.head > h.current.from { // the record has named it before
		s.keep(h.window.replace(s.head, value), value)
		return nil
	}
	t := v.Time
	if !v.Own {
		t = s.arrive(t)
	}
	h.window.push(id, s, t, value)
	s.keep(t, value)
	h.points.Add(1)
	return nil
}

// keep makes a point the newest, unless a newer one is known.
func (s *series) keep(t int64, v point.Value) {
	if t >= s.last {
		s.last, s.kind, s.num, s.text = t, v.Kind, v.Num, v.Str
	}
}

// arrive gives a point without a time of its own the time of its arrival, or of the
// nanosecond behind the one before at the same instant.
func (s *series) arrive(t int64) int64 {
	if early := s.arrived - t; early >= 0 && early < oneInstant {
		t = s.arrived + 1
	}
	s.arrived = t
	return t
}

// own returns v with a text that outlives the message: the newest value's own where
// it says the same, as states mostly do; copied is the bytes of a new one.
func (s *series) own(v point.Value) (_ point.Value, copied int) {
	if v.Kind != point.Text {
		return v, 0
	}
	if s.kind == point.Text && s.text == v.Str {
		v.Str = s.text
		return v, 0
	}
	v.Str = strings.Clone(v.Str)
	return v, len(v.Str)
}

// seriesOf finds the series of a metric of the current message, or opens it when
// the limits let it.
func (h *Historian) seriesOf(m *msg.Message, metric []byte) (uint32, bool) {
	if id, ok := h.catalogue.find(&h.current.topic, metric); ok {
		return id, true
	}
	if int(h.catalogue.count) >= h.opts.MaxSeries || !h.newcomers.admit(m.Publisher, m.Time) {
		h.refusedSeries(m)
		return 0, false
	}
	id := h.catalogue.add(string(m.Topic), string(metric))
	h.catalogue.at(id).last = noTime
	h.current.topic = cursor{first: h.catalogue.topics[string(m.Topic)]}
	h.created = append(h.created, id)
	return id, true
}

// noTime is the newest time of a series without a point; every point is newer.
const noTime = -1

// What alarms say.
var (
	seriesRefused = say.New("alarm_series_refused", "New series are refused")
	seriesTooFast = say.New("alarm_series_too_fast", "Client {0} brings new series faster than allowed, last on topic {1}. Its known series are stored; new ones are not.")
	seriesTooMany = say.New("alarm_series_too_many", "There are {0} series, the most allowed. Client {1} brought another on topic {2}.")
	diskWaits     = say.New("alarm_historian_waits", "Disk full: the historian waits")
	pointsWait    = say.New("alarm_historian_points_wait", "Less than {0} are free. Points wait in the stream and are stored when space returns.")
	storeFailed   = say.New("alarm_historian_failed", "The historian's store has failed")
	nothingLost   = say.New("alarm_historian_nothing_lost", "Nothing stored is lost and messages wait in the stream. Look for the cause in the log, then start the node again. {0}")
	storeShut     = say.New("alarm_historian_unopened", "The historian's store cannot be opened")
	messagesWait  = say.New("alarm_historian_messages_wait", "Messages wait in the stream. Look for the cause in the log, then start the node again. {0}")
	pointsDamaged = say.New("alarm_points_damaged", "Stored points are damaged")
	chunkDamaged  = say.New("alarm_points_damaged_chunk", "A chunk of series number {0} is damaged: its points are left out of answers.")
)

// Alarm identifiers.
const (
	alarmSeries  = "historian/series-limit"
	alarmDisk    = "historian/disk-full"
	alarmFailed  = "historian/store-failed"
	alarmDamaged = "historian/damaged"

	// seriesAlarmFor is how long after the last refusal the alarm stands.
	seriesAlarmFor = time.Minute
	// seriesAlarmEvery bounds how often it names another publisher.
	seriesAlarmEvery = time.Second
)

// refusedSeries raises the alarm that names the publisher.
func (h *Historian) refusedSeries(m *msg.Message) {
	now := h.opts.Now()
	fresh := h.refused.last.IsZero()
	h.refused.last = now
	if !fresh && now.Sub(h.refused.told) < seriesAlarmEvery {
		return
	}
	h.refused.told = now
	client, topic := strconv.Quote(string(m.Publisher)), strconv.Quote(string(m.Topic))
	detail := seriesTooFast.With(client, topic)
	if int(h.catalogue.count) >= h.opts.MaxSeries {
		detail = seriesTooMany.With(int(h.catalogue.count), client, topic)
	}
	h.opts.Alarms.Raise(alarmSeries, 3, seriesRefused.With(), detail)
}

// reject counts what is not stored, or not as its publisher meant it; it stays
// readable in the stream.
func (h *Historian) reject(code fault.Code, n uint32) {
	if n > 0 {
		h.rejected[code].Add(uint64(n))
	}
}

// makeRoom commits when the window is full, and waits while the disk is.
func (h *Historian) makeRoom() error {
	for h.window.full(h.opts.CommitPoints) {
		if err := h.commit(); err == nil {
			return nil
		} else if fault.CodeOf(err) != fault.StorageFull {
			return err
		}
		h.ingest.Unlock()
		select {
		case <-h.ending:
		case <-h.roomTimer():
		}
		h.ingest.Lock()
		if h.isEnding() {
			return context.Canceled
		}
	}
	return nil
}

// roomTimer fires when it is time to look for space again.
func (h *Historian) roomTimer() <-chan time.Time {
	return time.After(min(h.opts.CommitEvery, time.Second))
}
