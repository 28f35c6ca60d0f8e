package bus

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/millrace/millrace/internal/fault"
)

const (
	fetchEntries = 64        // entries a reader asks for at once, at most
	fetchBytes   = 512 << 10 // bytes after which an answer stops
	fetchLimit   = 5 * time.Second
	glance       = time.Second // how often a reader at the tail looks by itself
)

// errAgain says that a reader should go on with another engine or request.
var errAgain = errors.New("bus: read again")

// errNone says that the engine has no entry from the wanted sequence on.
var errNone = errors.New("bus: no entry")

// Read calls f for every entry from sequence from on, in order, then waits for new
// ones, until ctx ends or f returns an error; it returns that error. Sequences that
// retention has removed are skipped. entry is never changed, also after f returns. The reader
// holds one answer of about half a megabyte, whatever f does.
func (l *Log) Read(ctx context.Context, from uint64, f func(seq uint64, entry []byte) error) error {
	from = max(from, 1)
	for {
		e, err := l.bus.wait(ctx)
		if err != nil {
			return err
		}
		if from, err = l.follow(ctx, e, from, f); !errors.Is(err, errAgain) {
			return err
		}
		if err := l.pause(ctx); err != nil {
			return err
		}
	}
}

// pause is the breath between two attempts.
func (l *Log) pause(ctx context.Context) error {
	t := time.NewTimer(pulse / 5)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-l.bus.stop:
		return fault.New(fault.ServerShutdown, "The node is shutting down.")
	}
}

// follow reads on one engine; it returns the next sequence wanted.
func (l *Log) follow(ctx context.Context, e *engine, from uint64, f func(uint64, []byte) error) (uint64, error) {
	r := request{ctx: ctx, log: l, engine: e, inbox: nats.NewInbox(), got: make(chan *nats.Msg, 2*fetchEntries)}
	sub, err := e.reads.ChanSubscribe(r.inbox, r.got)
	if err != nil {
		return from, errAgain
	}
	defer func() { _ = sub.Unsubscribe() }()
	for {
		if err := l.await(ctx, e, from); err != nil {
			return from, err
		}
		if entry := l.recent.find(from); entry != nil {
			if err := f(from, entry); err != nil {
				return from, err
			}
			from++
			l.recent.wanted(from)
			continue
		}
		if from, err = r.fetch(from, f); err != nil {
			return from, err
		}
	}
}

// await returns when there may be something from sequence from on.
func (l *Log) await(ctx context.Context, e *engine, from uint64) error {
	grown, changed := l.grown.wait(), l.bus.changed.wait()
	if l.last.Load() >= from {
		return ctx.Err()
	}
	l.recent.wanted(from)
	if l.bus.now.Load() != e {
		return errAgain
	}
	t := time.NewTimer(glance)
	defer t.Stop()
	select {
	case <-grown:
	case <-t.C:
		l.recent.clear() // nobody is behind, or they ask the engine
	case <-changed:
		return errAgain
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// request is a reader's line to one engine.
type request struct {
	ctx    context.Context
	log    *Log
	engine *engine
	inbox  string
	got    chan *nats.Msg
	body   []byte
}

// fetch asks once and hands on what comes.
func (r *request) fetch(from uint64, f func(uint64, []byte) error) (uint64, error) {
	known := r.log.last.Load()
	r.body = append(r.body[:0], `{"seq":`...)
	r.body = strconv.AppendUint(r.body, from, 10)
	r.body = append(r.body, `,"batch":`...)
	r.body = strconv.AppendInt(r.body, fetchEntries, 10)
	r.body = append(r.body, `,"max_bytes":`...)
	r.body = strconv.AppendInt(r.body, fetchBytes, 10)
	r.body = append(r.body, '}')
	if err := r.engine.reads.PublishRequest("$JS.API.DIRECT.GET."+r.log.cfg.Name, r.inbox, r.body); err != nil {
		return from, errAgain
	}
	next, err := r.receive(from, f)
	if errors.Is(err, errNone) {
		return r.skip(from, known)
	}
	return next, err
}

// skip steps over sequences up to known that the engine has nothing for, once it
// says that it has removed them and not that it cannot read them.
func (r *request) skip(from, known uint64) (uint64, error) {
	if known < from {
		return from, nil
	}
	st, err := r.log.State(r.ctx)
	if err != nil {
		return from, errAgain
	}
	if st.Entries > 0 && st.Last >= from {
		r.log.bus.opt.Log.Error("stored entries cannot be read", "stream", r.log.cfg.Name, "from", from, "last", st.Last)
		return from, errAgain
	}
	return known + 1, nil
}

func (r *request) receive(from uint64, f func(uint64, []byte) error) (uint64, error) {
	late := time.NewTimer(fetchLimit)
	defer late.Stop()
	changed := r.log.bus.changed.wait()
	for {
		select {
		case m := <-r.got:
			seq, end, err := readEntry(m)
			if end || err != nil {
				return from, err
			}
			if seq > from {
				r.log.stepped(r.ctx, from, seq-1)
			}
			if err := f(seq, m.Data); err != nil {
				return from, err
			}
			from = seq + 1
		case <-late.C:
			return from, errAgain
		case <-changed:
			if r.log.bus.now.Load() != r.engine {
				return from, errAgain
			}
			changed = r.log.bus.changed.wait()
		case <-r.ctx.Done():
			return from, r.ctx.Err()
		}
	}
}

// readEntry tells an entry's sequence, or that the answer ends here: 204 after the
// last entry of an answer, 404 when there is none.
func readEntry(m *nats.Msg) (seq uint64, end bool, err error) {
	switch m.Header.Get("Status") {
	case "":
		seq, err = strconv.ParseUint(m.Header.Get("Nats-Sequence"), 10, 64)
		if err != nil {
			return 0, false, errAgain
		}
		return seq, false, nil
	case "204":
		return 0, true, nil
	case "404":
		return 0, true, errNone
	}
	return 0, false, errAgain
}
