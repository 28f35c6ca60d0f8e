package feed

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/msg"
)

// Log is the streams by their numbers.
type Log interface {
	// Newest is the position behind which nothing has been committed.
	Newest(stream uint8) msg.Position
	// EntryBytes is how long an entry is on average; 0 when nobody can say.
	EntryBytes(ctx context.Context, stream uint8) int64
	// Replay reads the stream behind that position to its end, or until f returns an error,
	// which it returns. A stream that is not there is empty.
	Replay(ctx context.Context, stream uint8, after msg.Position, f func(at msg.Position, ms []msg.Message) error) error
}

// Catcher holds the questions, and answers them on goroutines of its user's.
type Catcher struct {
	ctx    context.Context
	log    Log
	answer func(*Answer)

	mu        sync.Mutex // guards all below
	wake      *sync.Cond
	asked     []Question
	stretches []*stretch // that are being read, or are about to be
	// standing are the passes that wait for those who go on from where they are.
	standing []*stand
}

// New returns a catcher that works until ctx ends. answer must not block.
func New(ctx context.Context, log Log, answer func(*Answer)) *Catcher {
	k := &Catcher{ctx: ctx, log: log, answer: answer}
	k.wake = sync.NewCond(&k.mu)
	context.AfterFunc(ctx, func() {
		k.mu.Lock()
		k.wake.Broadcast()
		k.mu.Unlock()
	})
	return k
}

// Passes is how many passes over the logs are made at one time: so many goroutines serve.
const Passes = 4

// Serve answers questions until the catcher's context ends.
func (k *Catcher) Serve() {
	for s, members := k.next(); members != nil; s, members = k.next() {
		for {
			left, err := k.read(s, members)
			if err == nil || len(left) == 0 || k.ctx.Err() != nil {
				k.answerAll(left)
				break
			}
			members = left
			k.pause(time.Second)
		}
		k.mu.Lock()
		k.disclaim(s)
		k.mu.Unlock()
	}
}

// Ask has the question answered.
func (k *Catcher) Ask(q Question) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, s := range k.standing {
		if s.take(q) {
			return
		}
	}
	k.asked = append(k.asked, q)
	k.wake.Signal()
}

// passMembers is how many questions one pass over the log answers at most.
const passMembers = 16 << 10

// next waits for questions, and takes those about one stretch of a stream: they share a
// pass. nil comes when the context ends.
func (k *Catcher) next() (s *stretch, members []*Answer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for {
		for s = k.claim(); s == nil && k.ctx.Err() == nil; s = k.claim() {
			k.wake.Wait()
		}
		if s != nil {
			k.gather(s)
		}
		if k.ctx.Err() != nil {
			return nil, nil
		}
		if members = k.take(s); len(members) > 0 {
			return s, members
		}
		k.disclaim(s) // another pass has taken them meanwhile
	}
}

// take takes the questions about the stretch. k.mu is held.
func (k *Catcher) take(s *stretch) (members []*Answer) {
	rest := k.asked[:0]
	for i := range k.asked {
		if q := &k.asked[i]; s.near(q) && len(members) < passMembers {
			members = append(members, &Answer{Question: *q})
		} else {
			rest = append(rest, *q)
		}
	}
	clear(k.asked[len(rest):])
	k.asked, s.members = rest, len(members)
	return members
}

func (k *Catcher) answerAll(members []*Answer) {
	for _, a := range members {
		k.answer(a)
	}
}

// pause waits, or until the catcher's context ends.
func (k *Catcher) pause(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-k.ctx.Done():
	case <-t.C:
	}
}

// read fills the answers in one pass over the log, from the lowest place that one of the
// members asks for; each gets its own in order. It returns the members that are not
// answered yet.
func (k *Catcher) read(s *stretch, members []*Answer) ([]*Answer, error) {
	newest := k.log.Newest(s.stream)
	p := newPass(members)
	p.parted = time.Now()
	err := k.log.Replay(k.ctx, s.stream, p.from.Before(), func(at msg.Position, ms []msg.Message) error {
		p.rest()
		s.at.Store(at.Seq)
		if err := p.mayPart(k.ctx, time.Now(), k.answer); err != nil {
			return err
		}
		for i := range ms {
			if !p.take(msg.Position{Seq: at.Seq, Index: at.Index + uint32(i)}, &ms[i]) && !k.goOn(p) {
				return errEnough
			}
		}
		return nil
	})
	switch {
	case errors.Is(err, errEnough):
		return nil, nil
	case err != nil:
		return p.members, err
	}
	p.end(msg.Position{Seq: newest.Seq + 1})
	return p.members, nil
}

var errEnough = errors.New("feed: enough for one pass")
