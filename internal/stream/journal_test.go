package stream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/millrace/millrace/internal/msg"
)

// owner is who a journal keeps state for, as the loops will: it hands over a record
// with each change and writes its snapshots in slices.
type owner struct {
	t       *testing.T
	s       *Streams
	j       *Journal
	state   map[string]string
	pending []string // keys that the snapshot under way has yet to write
	under   bool     // a snapshot is under way
}

// open starts a node over the log and reads the journal.
func (o *owner) open(log Log) {
	o.s = running(o.t, log, func(opt *Options) {
		opt.Streams = []Config{{Name: "state", BuiltIn: true, State: true}}
	})
	var err error
	if o.j, err = o.s.Journal("state"); err != nil {
		o.t.Fatal(err)
	}
	o.state, o.under, o.pending = map[string]string{}, false, nil
	err = o.j.Replay(o.t.Context(), func(ms []msg.Message) error {
		for _, m := range ms {
			if len(m.Payload) == 0 {
				delete(o.state, string(m.Topic))
			} else {
				o.state[string(m.Topic)] = string(m.Payload)
			}
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *owner) write(key, value string) {
	b := new(msg.Batch)
	b.Add(&msg.Message{Topic: []byte(key), Payload: []byte(value), Time: 1}, 0)
	got := make(chan error, 1)
	o.j.Keep(b, func(_ *msg.Batch, err error) { got <- err })
	if err := <-got; err != nil {
		o.t.Fatal(err)
	}
}

func (o *owner) put(key, value string) {
	o.state[key] = value
	o.write(key, value)
}

func (o *owner) remove(key string) {
	delete(o.state, key)
	o.write(key, "")
}

// slice writes the next keys of a snapshot, and ends it after the last.
func (o *owner) slice(n int) {
	for ; n > 0 && len(o.pending) > 0; n-- {
		key := o.pending[0]
		o.pending = o.pending[1:]
		if v, ok := o.state[key]; ok {
			o.write(key, v)
		}
	}
	if len(o.pending) > 0 {
		return
	}
	o.under = false
	if err := o.j.Finish(o.t.Context(), o.bytes()); err != nil {
		o.t.Fatal(err)
	}
}

func (o *owner) bytes() (n int64) {
	for k, v := range o.state {
		n += int64(len(k) + len(v))
	}
	return n
}

func (o *owner) snapshot() {
	o.j.Begin()
	o.under, o.pending = true, slices.Sorted(maps.Keys(o.state))
}

// Whatever is written, removed, snapshot in slices and cut off by a restart: what is
// read afterwards is what was written last, under a log that loses entries and answers.
func TestAJournalHoldsTheNewestOfEachKey(t *testing.T) {
	for range 20 {
		seed := rand.Uint64()
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			log := &MemoryLog{Fail: func(string, bool) (bool, error) {
				if rnd.IntN(10) > 0 {
					return true, nil
				}
				return rnd.IntN(2) == 0, errors.New("no answer")
			}}
			o := &owner{t: t}
			o.open(log)
			for range 100 {
				o.step(rnd, log)
			}
		})
	}
}

func (o *owner) step(rnd *rand.Rand, log *MemoryLog) {
	key := fmt.Sprint("key", rnd.IntN(12))
	switch n := rnd.IntN(20); {
	case n < 11:
		o.put(key, fmt.Sprint("value", rnd.IntN(1000)))
	case n < 14:
		o.remove(key)
	case n < 18 && o.under:
		o.slice(1 + rnd.IntN(4))
	case n < 18:
		o.snapshot()
	default:
		want := o.state
		o.s.Close(context.Background())
		o.open(log)
		if !maps.Equal(o.state, want) {
			o.t.Fatalf("after a start\n%v, want\n%v", o.state, want)
		}
	}
}

// A journal whose values change for ever does not grow for ever.
func TestASnapshotShortensTheJournal(t *testing.T) {
	log := new(MemoryLog)
	o := &owner{t: t}
	o.open(log)
	for i := range 500 {
		o.put(fmt.Sprint("key", i%5), fmt.Sprint("value", i))
	}
	o.snapshot()
	o.put("key1", "newer")
	o.slice(100)
	st, err := log.State(t.Context())
	if err != nil || st.Entries != 6 {
		t.Fatalf("%d entries are left, want 5 of the snapshot and 1 beside it (%v)", st.Entries, err)
	}
	want := o.state
	o.s.Close(t.Context())
	if o.open(log); !maps.Equal(o.state, want) || want["key1"] != "newer" {
		t.Fatalf("%v, want %v", o.state, want)
	}
}

// A snapshot is due when most of the journal is out of date, not while one is written.
func TestASnapshotIsDueWhenMostIsOutOfDate(t *testing.T) {
	log := new(MemoryLog)
	o := &owner{t: t}
	o.open(log)
	large := string(make([]byte, 100_000))
	for range 70 {
		o.put("key", large)
	}
	o.s.Close(t.Context())
	if o.open(log); o.j.Due() {
		t.Fatal("due with 7 MB")
	}
	for range 30 {
		o.put("key", large)
	}
	o.s.Close(t.Context())
	if o.open(log); !o.j.Due() {
		t.Fatal("not due with 10 MB, of which 0.1 MB count")
	}
	if o.snapshot(); o.j.Due() {
		t.Fatal("due while one is being written")
	}
	if o.slice(9); o.j.Due() {
		t.Fatal("due right after one")
	}
}
