package bus

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/millrace/millrace/internal/fault"
)

// flight is one entry on its way, until it is answered.
type flight struct {
	log   *Log
	since time.Time
	entry []byte // nil is that of a repeat: what is stored may be another
	done  func(seq uint64, err error)
}

// Append sends one entry to the log and returns at once. done is called exactly
// once, possibly before Append returns, possibly from a goroutine of the bus: with
// the entry's sequence, or with an error after which it is open whether the entry
// is stored. It must not block.
//
// An entry that is sent again carries the same id and says repeat: of several
// repeats one is stored. (The first sending carries no id, which is much cheaper;
// so a first and a repeat may both be stored, and readers tell them apart.)
//
// [fault.StorageFull] and [fault.TooLarge] mean that a repeat is of no use now.
func (l *Log) Append(id string, repeat bool, entry []byte, done func(seq uint64, err error)) {
	e := l.bus.now.Load()
	switch {
	case e == nil:
		done(0, fault.New(fault.Unavailable, "The storage engine is being restarted."))
	case len(entry) > l.bus.opt.MaxEntry:
		done(0, fault.New(fault.TooLarge, "An entry of %d bytes is over the limit of %d.", len(entry), l.bus.opt.MaxEntry))
	default:
		e.send(l, id, repeat, entry, done)
	}
}

func (e *engine) send(l *Log, id string, repeat bool, entry []byte, done func(uint64, error)) {
	f := &flight{log: l, since: time.Now(), entry: entry, done: done}
	if repeat {
		f.entry = nil
	}
	n, err := e.depart(f)
	if err != nil {
		done(0, err)
		return
	}
	m := nats.Msg{Subject: l.subject, Reply: e.inbox + "." + strconv.FormatUint(n, 10), Data: entry}
	if repeat {
		m.Header = nats.Header{nats.MsgIdHdr: {id}}
	}
	if err := e.appends.PublishMsg(&m); err != nil {
		e.arrive(n, 0, fault.Wrap(fault.Unavailable, "bus: append", err, "The storage engine takes no entries."))
	}
}

// depart gives the flight its number, unless the engine takes no more.
func (e *engine) depart(f *flight) (uint64, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.sick != nil {
		return 0, e.sick
	}
	e.number++
	e.flights[e.number] = f
	return e.number, nil
}

// drain takes every flight out, in the order of their departure. e.mu is held.
func (e *engine) drain() []*flight {
	all := make([]*flight, 0, len(e.flights))
	for _, n := range slices.Sorted(maps.Keys(e.flights)) {
		all = append(all, e.flights[n])
	}
	clear(e.flights)
	return all
}

// arrive answers flight n; a second answer is ignored.
func (e *engine) arrive(n, seq uint64, err error) {
	e.mu.Lock()
	f := e.flights[n]
	delete(e.flights, n)
	e.mu.Unlock()
	if f == nil {
		return
	}
	if err == nil {
		e.silentSince.Store(0)
		if f.entry != nil {
			f.log.recent.keep(seq, f.entry)
		}
		f.log.learn(seq)
	}
	f.done(seq, err)
}

// answered is called by the connection's goroutine for each answer.
func (e *engine) answered(m *nats.Msg) {
	n, err := strconv.ParseUint(m.Subject[strings.LastIndexByte(m.Subject, '.')+1:], 10, 64)
	if err != nil {
		return
	}
	seq, err := readAnswer(m)
	e.arrive(n, seq, err)
}

// readAnswer reads {"stream":"x","seq":7} or the engine's refusal.
func readAnswer(m *nats.Msg) (uint64, error) {
	if len(m.Data) == 0 {
		return 0, fault.New(fault.Unavailable, "The storage engine is switched off (status %s).", m.Header.Get("Status"))
	}
	if bytes.Contains(m.Data, []byte(`"error"`)) {
		return 0, refusal(m.Data)
	}
	if seq, ok := number(m.Data, `"seq":`); ok {
		return seq, nil
	}
	return 0, fault.New(fault.Unavailable, "The storage engine gave no readable answer.")
}

// number reads the digits behind key.
func number(b []byte, key string) (v uint64, ok bool) {
	i := bytes.Index(b, []byte(key))
	if i < 0 {
		return 0, false
	}
	for _, c := range bytes.TrimLeft(b[i+len(key):], " ") {
		if c < '0' || c > '9' {
			break
		}
		v, ok = v*10+uint64(c-'0'), true
	}
	return v, ok
}

// refusal gives the engine's error its code.
func refusal(data []byte) error {
	var r struct {
		Error struct {
			Code        int    `json:"err_code"`
			Description string `json:"description"`
		} `json:"error"`
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return fault.Wrap(fault.Unavailable, "bus: append", err, "The storage engine gave no readable answer.")
	}
	code, text := fault.Unavailable, "The storage engine refused the entry."
	switch r.Error.Code {
	case 10002, 10023, 10028, 10047: // resources of the account, the server, memory, storage
		code, text = fault.StorageFull, "The storage limit of the node is reached."
	case 10054, 10077: // over the limit of a message, over the bytes of the whole log
		code, text = fault.TooLarge, "The entry is larger than the storage engine takes."
	}
	return &fault.Error{Code: code, Op: "bus: append: " + r.Error.Description, Message: text}
}

// sweeper ends appends that stay without an answer.
func (b *Bus) sweeper() {
	defer b.done.Done()
	t := time.NewTicker(max(b.opt.AppendTimeout/10, 10*time.Millisecond))
	defer t.Stop()
	for {
		select {
		case <-b.stop:
			return
		case now := <-t.C:
			if e := b.now.Load(); e != nil {
				e.sweep(now, b.opt.AppendTimeout)
			}
		}
	}
}

// sweep answers what waited for longer than limit. An engine that has answered
// nothing for three times that long is sick.
func (e *engine) sweep(now time.Time, limit time.Duration) {
	for _, n := range e.overdue(now.Add(-limit)) {
		e.silentSince.CompareAndSwap(0, int64(now.Sub(e.born)))
		e.arrive(n, 0, fault.New(fault.Timeout, "The storage engine did not answer in time."))
	}
	if since := e.silentSince.Load(); since != 0 && int64(now.Sub(e.born))-since > 2*int64(limit) {
		e.ill(fault.New(fault.Unavailable, "The storage engine has stopped answering."))
	}
}

func (e *engine) overdue(before time.Time) (late []uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for n, f := range e.flights {
		if f.since.Before(before) {
			late = append(late, n)
		}
	}
	return late
}
