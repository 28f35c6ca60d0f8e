package feed

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/msg"
)

// A plant that comes back after a power cut has thousands of clients ask within a second,
// each for its part of one long stretch of the log. Who has just come back waits for a
// pass that is reading the stretch, and a pass over a long one waits while more come, for
// as long as the reading takes at most: so nobody waits for much more than twice as long
// as alone, and the log is read a few times and not hundreds.
const (
	// mebibyteTakes is about how long a MiB of the log takes to read, openingTakes what each
	// entry takes beside its bytes.
	mebibyteTakes = 4 * time.Millisecond
	openingTakes  = 5 * time.Microsecond
	// gatherFrom is the least reading that is worth waiting for, gatherMost the longest
	// that a pass waits.
	gatherFrom = 20 * time.Millisecond
	gatherMost = 2 * time.Second
	// gatherLeast and gatherLook are how long nobody has come when all have: a tenth of
	// what is worth waiting for, but between these two.
	gatherLeast = 10 * time.Millisecond
	gatherLook  = 50 * time.Millisecond
	// reach is how many entries a question may be away from a pass to have to do with it.
	reach = 1000
	// crowdFrom is the size of a pass for which everybody waits.
	crowdFrom = 64
)

// stretch is what a pass reads, or is to read when it has gathered its members.
type stretch struct {
	stream  uint8
	from    uint64        // entry
	at      atomic.Uint64 // entry that it has come to
	members int           // guarded by the catcher's lock
}

// near says whether the question is about the stretch, nearly.
func (s *stretch) near(q *Question) bool {
	return q.Stream == s.stream && q.From.Seq+reach >= s.from && q.From.Seq <= s.at.Load()+reach
}

// claim claims the stretch of the first question that need not wait for another pass; nil
// is none. k.mu is held.
func (k *Catcher) claim() *stretch {
	for i := range k.asked {
		q := &k.asked[i]
		if slices.ContainsFunc(k.stretches, func(s *stretch) bool { return s.near(q) && (q.Comes || s.members >= crowdFrom) }) {
			continue
		}
		s := &stretch{stream: q.Stream, from: q.From.Seq}
		s.at.Store(s.from)
		k.stretches = append(k.stretches, s)
		return s
	}
	return nil
}

// disclaim says that the pass over the stretch has ended. k.mu is held.
func (k *Catcher) disclaim(s *stretch) {
	i := slices.Index(k.stretches, s)
	k.stretches = slices.Delete(k.stretches, i, i+1)
	if len(k.asked) > 0 {
		k.wake.Broadcast()
	}
}

// gather waits for more members of a pass over the stretch. k.mu is held before and after.
func (k *Catcher) gather(s *stretch) {
	had, entries := k.crowd(s)
	if entries == 0 {
		return
	}
	k.mu.Unlock()
	each := k.entryTakes(s.stream)
	k.mu.Lock()
	worth := reading(entries, each)
	if worth < gatherFrom {
		return
	}
	for begun := time.Now(); k.ctx.Err() == nil && time.Since(begun) < worth; {
		k.mu.Unlock()
		k.pause(min(max(worth/10, gatherLeast), gatherLook))
		k.mu.Lock()
		now, longer := k.crowd(s)
		if now == had || now >= passMembers {
			break
		}
		had, worth = now, max(worth, reading(longer, each))
	}
}

// reading is for how long at most a pass over so many entries waits: as long as it takes.
func reading(entries uint64, each time.Duration) time.Duration {
	return min(time.Duration(min(entries, 1<<30))*each, gatherMost)
}

// entryTakes is about how long an entry of the stream takes to read.
func (k *Catcher) entryTakes(stream uint8) time.Duration {
	bytes := k.log.EntryBytes(k.ctx, stream)
	return openingTakes + time.Duration(bytes)*mebibyteTakes>>20
}

// crowd is how many wait for a pass over the stretch, and how many entries that is: none
// when nobody has just come back, for whom more may be on their way. k.mu is held.
func (k *Catcher) crowd(s *stretch) (members int, entries uint64) {
	defer func() { s.members = members }()
	comes, from := false, msg.Position{Seq: 1<<64 - 1}
	for i := range k.asked {
		if q := &k.asked[i]; s.near(q) {
			members++
			comes = comes || q.Comes
			if q.From.Compare(from) < 0 {
				from = q.From
			}
		}
	}
	if !comes {
		return members, 0
	}
	newest := k.log.Newest(s.stream).Seq
	return members, newest - min(newest, from.Seq)
}
