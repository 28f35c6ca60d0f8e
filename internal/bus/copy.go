package bus

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/millrace/millrace/internal/fault"
)

// CopyState describes a log or a bucket for whoever copies it; an alias as
// [LogConfig] is.
type CopyState = struct {
	// Name is the engine's; a bucket's begins with KV_.
	Name string
	// Config is how to make it again.
	Config json.RawMessage
	// Created tells it from another one of the same name.
	Created time.Time
	// Newest says that only the newest entry of each subject is kept.
	Newest bool
	// First and Last are the sequences of the oldest and the newest entry; an empty one
	// has First = Last+1. Entries is how many there are.
	First, Last, Entries uint64
}

// CopyEntry is one stored entry with all that has to be kept of it; an alias as
// [LogConfig] is.
type CopyEntry = struct {
	Seq          uint64
	Time         int64 // when it was stored, ns since 1970
	Subject      string
	Header, Data []byte
}

// CopyStates lists every log and bucket on the disk, by name.
func (b *Bus) CopyStates(ctx context.Context) ([]CopyState, error) {
	e, err := b.wait(ctx)
	if err != nil {
		return nil, err
	}
	var all []CopyState
	list := e.js.ListStreams(ctx)
	for s := range list.Info() {
		if s.Config.Storage != jetstream.FileStorage {
			continue
		}
		config, err := json.Marshal(s.Config)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, "bus: describe "+s.Config.Name, err, "A stream cannot be described.")
		}
		st := CopyState{Name: s.Config.Name, Config: config, Created: s.Created.UTC(), Newest: s.Config.MaxMsgsPerSubject == 1,
			First: s.State.FirstSeq, Last: s.State.LastSeq, Entries: s.State.Msgs}
		if st.Entries == 0 {
			st.First = st.Last + 1
		}
		all = append(all, st)
	}
	if err := list.Err(); err != nil {
		return nil, callFault(e, "bus: list what is stored", err)
	}
	slices.SortFunc(all, func(x, y CopyState) int { return strings.Compare(x.Name, y.Name) })
	return all, nil
}

// HoldPurges makes [Log.Purge] wait until release is called, so that several logs can
// be copied as they were at one time.
func (b *Bus) HoldPurges(ctx context.Context) (release func(), err error) {
	select {
	case b.purging <- struct{}{}:
		return func() { <-b.purging }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// CopyOut calls f with the entries of a log or bucket from sequence from to sequence to,
// or to its end where to is 0, in order. An entry is borrowed until f returns. The engine
// being started afresh meanwhile is an error: who copies begins again.
func (b *Bus) CopyOut(ctx context.Context, name string, from, to uint64, f func(*CopyEntry) error) error {
	e, err := b.wait(ctx)
	if err != nil {
		return err
	}
	r := request{ctx: ctx, engine: e, inbox: nats.NewInbox(), got: make(chan *nats.Msg, 2*fetchEntries)}
	sub, err := e.reads.ChanSubscribe(r.inbox, r.got)
	if err != nil {
		return callFault(e, "bus: copy "+name, err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	for from = max(from, 1); to == 0 || from <= to; {
		from, err = r.copySome(name, from, to, f)
		if errors.Is(err, errNone) {
			return b.copiedAll(ctx, name, from, to)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// copiedAll tells whether the engine has nothing from that sequence on because there is
// nothing, and not because it cannot be read.
func (b *Bus) copiedAll(ctx context.Context, name string, from, to uint64) error {
	all, err := b.CopyStates(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(s CopyState) bool { return s.Name == name })
	if i < 0 || all[i].Entries == 0 || all[i].Last < from || all[i].First > cmp.Or(to, from) {
		return nil
	}
	return fault.New(fault.Unavailable, "What %s holds from position %d to %d cannot be read.", name, from, all[i].Last)
}

// copySome asks once and hands on what comes; it returns the next sequence wanted.
func (r *request) copySome(name string, from, to uint64, f func(*CopyEntry) error) (uint64, error) {
	r.body = append(r.body[:0], `{"seq":`...)
	r.body = strconv.AppendUint(r.body, from, 10)
	r.body = append(r.body, `,"batch":`...)
	r.body = strconv.AppendInt(r.body, fetchEntries, 10)
	r.body = append(r.body, `,"max_bytes":`...)
	r.body = strconv.AppendInt(r.body, fetchBytes, 10)
	r.body = append(r.body, '}')
	if err := r.engine.reads.PublishRequest("$JS.API.DIRECT.GET."+name, r.inbox, r.body); err != nil {
		return from, callFault(r.engine, "bus: copy "+name, err)
	}
	late := time.NewTimer(fetchLimit)
	defer late.Stop()
	past := false
	for {
		select {
		case m := <-r.got:
			seq, end, err := readEntry(m)
			if end || errors.Is(err, errNone) {
				if past {
					return to + 1, nil
				}
				return from, err
			}
			if err != nil {
				return from, callFault(r.engine, "bus: copy "+name, err)
			}
			from = seq + 1
			if past = past || to > 0 && seq > to; past {
				continue // the rest of the answer
			}
			if err := handOn(m, seq, f); err != nil {
				return from, err
			}
		case <-late.C:
			return from, fault.New(fault.Timeout, "The storage engine did not answer in time.")
		case <-r.ctx.Done():
			return from, r.ctx.Err()
		}
	}
}

// handOn calls f with the entry in m.
func handOn(m *nats.Msg, seq uint64, f func(*CopyEntry) error) error {
	at, err := time.Parse(time.RFC3339Nano, m.Header.Get("Nats-Time-Stamp"))
	if err != nil {
		return fault.Wrap(fault.Internal, "bus: copy", err, "The storage engine's answer is not understood.")
	}
	return f(&CopyEntry{Seq: seq, Time: at.UnixNano(), Subject: m.Header.Get("Nats-Subject"), Header: storedHeader(m.Header), Data: m.Data})
}

// ofAnswer are the headers that an answer has and the stored entry has not.
var ofAnswer = map[string]bool{"Nats-Stream": true, "Nats-Subject": true, "Nats-Sequence": true, "Nats-Time-Stamp": true,
	"Nats-Num-Pending": true, "Nats-Last-Sequence": true, "Nats-UpTo-Sequence": true}

// storedHeader writes the entry's own headers as the engine keeps them; nil for none.
func storedHeader(h nats.Header) []byte {
	var names []string
	for name := range h {
		if !ofAnswer[name] {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	out := []byte("NATS/1.0\r\n")
	for _, name := range names {
		for _, v := range h[name] {
			out = append(out, name+": "+v+"\r\n"...)
		}
	}
	return append(out, "\r\n"...)
}
