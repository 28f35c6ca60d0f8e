package broker

import (
	"context"
	"runtime"
	"runtime/metrics"
	"slices"
	"time"

	"github.com/millrace/millrace/internal/broker/limit"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// MemoryOptions are about the memory guard.
type MemoryOptions struct {
	// Limit is the memory that the process may use, in bytes; 0 is no guard.
	Limit uint64
	// Used says how much is in use; nil asks the Go runtime.
	Used func() uint64
	// Changed is told when the guard goes to another stage; it may be nil.
	Changed func(stage limit.Stage, used, limit uint64)
}

var errMemory = fault.New(fault.MemoryGuard, "The node has hardly any memory left.")

// guardEvery is how often memory is looked at; shedding follows as often.
const guardEvery = 250 * time.Millisecond

// guardedRate is what a client may publish while memory is nearly used up.
var guardedRate = limit.Rate{PerSecond: 64 << 10}

// guard is the memory guard's side of the broker. One goroutine owns it.
type guard struct {
	limit.Guard
	last      limit.Stage
	collected time.Time
	relieved  time.Time // queues were cut for want of room in them
}

// pressure tells a worker the stage, and to how many bytes each queue is to be cut;
// less than 0 is not at all.
type pressure struct {
	stage limit.Stage
	keep  int
}

func (v pressure) on(w *worker) { w.press(v) }

// guardMemory is the guard's goroutine.
func (b *Broker) guardMemory() {
	defer b.tasks.Done()
	g := &guard{Guard: limit.Guard{Limit: b.options.Memory.Limit}}
	t := time.NewTicker(guardEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			b.lookAtMemory(g)
		case <-b.relief:
			b.cutForRoom(g)
		case <-b.stopped:
			return
		}
	}
}

// lookAtMemory goes to the stage that the memory in use calls for. Garbage is no
// use: before a stage rises it is collected, once a second at most.
func (b *Broker) lookAtMemory(g *guard) {
	used := b.options.Memory.Used()
	now := b.options.Now().UnixNano()
	stage, cut := g.Decide(used, now)
	if stage > limit.Calm && time.Since(g.collected) > time.Second {
		runtime.GC()
		g.collected = time.Now()
		used = b.options.Memory.Used()
		stage, cut = g.Decide(used, now)
	}
	if stage == limit.Calm && g.last == limit.Calm {
		return
	}
	if stage != g.last {
		g.last = stage
		b.memoryStage.Store(int32(stage))
		b.options.Log.Warn("memory guard", "stage", stage.String(), "used_bytes", used, "limit_bytes", g.Limit)
		if b.options.Memory.Changed != nil {
			b.options.Memory.Changed(stage, used, g.Limit)
		}
	}
	keep := -1
	if cut > 0 {
		keep = b.cutTo(int(cut))
	}
	b.post(pressure{stage, keep})
}

// relieve asks the guard to cut the longest queues: a loop has hardly any room left in
// its own.
func (b *Broker) relieve() {
	if b.options.Memory.Limit == 0 {
		return
	}
	select {
	case b.relief <- struct{}{}:
	default: // it has been asked
	}
}

// relieveEvery is how often that happens at most.
const relieveEvery = 20 * time.Millisecond

// cutForRoom cuts the longest queues by an eighth of what all may hold.
func (b *Broker) cutForRoom(g *guard) {
	if time.Since(g.relieved) < relieveEvery {
		return
	}
	if keep := b.cutTo(int(b.options.SessionBytes / 8)); keep >= 0 {
		b.post(pressure{g.last, keep})
	}
	g.relieved = time.Now()
}

// cutTo is the size that the longest queues are to be cut to. No more than half of
// what waits goes at a time: the memory may be in other hands.
func (b *Broker) cutTo(cut int) (keep int) {
	sizes, total := b.queueSizes(), 0
	for _, n := range sizes {
		total += n
	}
	if total == 0 {
		return -1
	}
	return limit.Longest(sizes, min(cut, total/2))
}

// queueSizes are how many bytes wait for each client for whom some do.
func (b *Broker) queueSizes() []int {
	ctx, cancel := context.WithTimeout(context.Background(), guardPatience)
	defer cancel()
	parts := make([][]int, len(b.workers))
	err := b.ask(ctx, b.workers, func(i int) func(w *worker) bool {
		return overClients(func(w *worker, c *client) int {
			if n := w.holds(c); n > 0 {
				parts[i] = append(parts[i], n)
			}
			return 1
		})
	})
	if err != nil {
		return nil // a loop is still at it: its next answer counts
	}
	return slices.Concat(parts...)
}

// guardPatience is how long the guard waits for the loops.
const guardPatience = 5 * time.Second

// goMemory is what the Go runtime holds of the system's memory and uses.
func goMemory() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}, {Name: "/memory/classes/heap/free:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64() - s[2].Value.Uint64()
}

// press takes the stage, and cuts the queues that are too long.
func (w *worker) press(p pressure) {
	w.stage = p.stage
	if p.keep < 0 {
		return
	}
	for _, c := range w.everybody() {
		if w.holds(c) > p.keep {
			w.shed(c, p.keep)
		}
	}
}

// holds is how many bytes wait for the client.
func (w *worker) holds(c *client) int {
	_, n := c.session.Backlog()
	if !c.session.Away() {
		n += c.conn.Buffered()
		if w.stage > limit.Calm {
			n += c.conn.Input()
		}
	}
	return n
}

// shed cuts what waits for the client down to keep bytes. Output that it does not
// take cannot be cut in the middle of a packet, nor can what it has sent: such a client
// is closed.
func (w *worker) shed(c *client, keep int) {
	if n := c.session.Shed(keep); n > 0 {
		w.lost(c, fault.MemoryGuard, n)
	}
	if c.session.Away() {
		return
	}
	if most := max(keep, mostGuarded); c.conn.Buffered() > most || w.stage > limit.Calm && c.conn.Input() > most {
		w.gone(c, errMemory)
		c.conn.Abort()
	}
}

// mostGuarded is the output and the input that a client may have in any case.
const mostGuarded = 64 << 10

// guarded says whether a publisher has to wait for memory.
func (w *worker) guarded(c *client, frame []byte) bool {
	if packet.TypeOf(frame[0]) != packet.TypePublish || !c.session.Serving() {
		return false
	}
	n, now := int64(len(frame)), w.loop.Steady()
	if w.exchange.behind { // what it sends would only wait for another loop
		w.counts.guarded++
		w.slow(c, now)
		return true
	}
	if c.ownSeldom().allowance.Take(guardedRate, n, now) {
		return false
	}
	w.counts.guarded++
	w.slow(c, c.allowance.When(guardedRate, n, now))
	return true
}
