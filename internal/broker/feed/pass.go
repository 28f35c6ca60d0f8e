package feed

import (
	"context"
	"runtime"
	"time"

	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// A chunk that is read for one client ends with so many messages, or their bytes, or when
// its pass has looked at so many; that of a crowd goes further, since to answer all and to
// take their next questions costs as much as reading on. Every chunk reads its first entry
// from the begin, so they are not small; passBytes bounds the chunks of a pass together.
const (
	ChunkMessages = 1000
	chunkBytes    = 256 << 10
	chunkLooks    = 200_000
	crowdLooks    = 2_000_000
	passBytes     = 32 << 20
)

// partEvery is how often a long pass hands out what it has found so far, if it does not
// hold as much as it may before.
const partEvery = 500 * time.Millisecond

// pass is one reading of the log for several clients.
type pass struct {
	members  []*Answer
	filters  topic.Tree[*Answer]
	topics   map[string][]*Answer // who wants a topic, for those that came
	from     msg.Position         // the lowest place that a member asks for
	next     msg.Position         // behind what was looked at
	open     int                  // members that want more
	looked   int
	looks    int // there may be
	given    int // bytes, in all chunks
	unrested int // messages looked at since the last rest
	parted   time.Time
	parts    parts
}

// restEvery is how many messages a pass looks at before it lets others come first: about
// as long as a full entry takes.
const restEvery = 1000

// rest gives the processor to whoever waits for it, when it is time to.
func (p *pass) rest() {
	if p.unrested >= restEvery {
		p.unrested = 0
		runtime.Gosched()
	}
}

func newPass(members []*Answer) *pass {
	p := &pass{parts: parts{taken: make(chan struct{}, 1)}}
	p.join(members)
	p.next = p.from
	return p
}

// join begins a part of the pass, for other members.
func (p *pass) join(members []*Answer) {
	p.members, p.filters, p.topics = members, topic.Tree[*Answer]{}, map[string][]*Answer{}
	p.from, p.open, p.looked, p.given = members[0].From, len(members), 0, 0
	if p.looks = chunkLooks; len(members) >= crowdFrom {
		p.looks = crowdLooks
	}
	for _, a := range members {
		a.Run, a.End, a.full, a.mark = Run{Next: a.From}, false, false, 0
		for _, f := range a.Filters {
			p.filters.Add(f, a)
		}
		if a.From.Compare(p.from) < 0 {
			p.from = a.From
		}
	}
}

// take gives a message to those who want it; false says that the pass is over.
func (p *pass) take(here msg.Position, m *msg.Message) bool {
	p.next = msg.Position{Seq: here.Seq, Index: here.Index + 1}
	if m.QoS > 0 {
		for _, a := range p.wanting(m.Topic) {
			if !a.full && here.Compare(a.From) >= 0 {
				p.give(a, here, m)
			}
		}
	}
	p.looked++
	p.unrested++
	return p.open > 0 && p.looked < p.looks && p.given < 2*passBytes
}

func (p *pass) give(a *Answer, here msg.Position, m *msg.Message) {
	p.given -= a.Size
	a.Add(here, m)
	p.given += a.Size
	if a.Next = p.next; a.Count() >= a.Most || a.Size >= chunkBytes {
		a.full = true
		p.open--
	}
}

// mayPart hands out what was found so far, when that is due and the loops have taken the
// last: clients need not wait for the end of a long pass. When the pass holds as much as it
// may, it waits for the loops.
func (p *pass) mayPart(ctx context.Context, now time.Time, answer func(*Answer)) error {
	for p.parts.open.Load() > 0 {
		if p.given < passBytes {
			return nil
		}
		select {
		case <-p.parts.taken:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if now.Sub(p.parted) >= partEvery || p.given >= passBytes {
		p.parted, p.given = now, 0
		p.handOut(answer)
	}
	return nil
}

// handOut answers the members, and goes on with those who take more.
func (p *pass) handOut(answer func(*Answer)) {
	still := p.members[:0]
	for _, a := range p.members {
		switch {
		case a.full:
			answer(a)
			continue
		case a.Whole:
			p.given += a.Size
		case a.Count() > 0:
			p.parts.open.Add(1)
			answer(&Answer{Question: a.Question, Run: a.Run, part: &p.parts})
			a.Most, a.From = a.Most-a.Count(), a.Next
			a.Run = Run{Next: a.Next}
		}
		still = append(still, a)
	}
	clear(p.members[len(still):])
	p.members = still
}

// passTopics is of how many topics a pass remembers who wants them.
const passTopics = 1 << 16

func (p *pass) wanting(name []byte) []*Answer {
	who, known := p.topics[string(name)]
	if known {
		return who
	}
	p.filters.Match(name, func(a *Answer) {
		if a.mark != p.looked+1 { // not by another of its filters
			a.mark = p.looked + 1
			who = append(who, a)
		}
	})
	if len(p.topics) >= passTopics {
		clear(p.topics)
	}
	p.topics[string(name)] = who
	return who
}

// stop ends the pass in the middle of the log: who is not full has seen what was looked at.
func (p *pass) stop() {
	for _, a := range p.members {
		if !a.full && a.Next.Compare(p.next) < 0 {
			a.Next = p.next
		}
	}
}

// end ends the pass at the end of the log.
func (p *pass) end(newest msg.Position) {
	p.stop()
	for _, a := range p.members {
		if a.full {
			continue
		}
		if a.End = true; a.Next.Compare(newest) < 0 {
			a.Next = newest
		}
	}
}
