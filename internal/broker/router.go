package broker

import (
	"sync"
	"sync/atomic"

	"github.com/millrace/millrace/internal/broker/backlog"
	"github.com/millrace/millrace/internal/broker/watch"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// subscription is one topic filter of one client or watch. One of a client that is
// shared is a member of a group; the tree holds an entry for the group instead.
type subscription struct {
	client *client       // nil for a watch and a group's entry
	watch  *watch.Watch  // nil for a client
	meter  *meter        // nil for a client and a watch
	group  *group        // nil when it is not shared
	alone  *grant        // of a shared one
	load   *atomic.Int64 // of a shared one: how much is under way to its client
	number uint32        // of a shared one: its place in client.shares, from 1 on
	round  uint32        // of a shared one: by which its group knows what was meant for it
	home   int           // the client's loop
	filter string
	id     uint32 // subscription identifier; 0 is none
	qos    byte
	// MQTT 5 section 3.8.3.1
	noLocal     bool
	asPublished bool
	handling    byte
	// durable says that its client's session survives the process, and begins where in
	// each stream it began: its loop alone reads that.
	durable bool
	// ended says that its client has lost it, and it is yet in the tree: it brings nothing.
	// Its loop alone reads that.
	ended bool
	// owes says that its client has not acknowledged all retained messages that were there.
	owes bool
	// since is when it began, in seconds since 1970, however often it was made anew; 0 is
	// not known.
	since  uint32
	begins []msg.Position
	sums   *backlog.Filter // nil when nothing comes from the log; its loop's alone, too
}

// logged says whether it gets messages of QoS 1 and 2 from the log.
func (s *subscription) logged() bool { return s.durable && s.qos > 0 }

// router is what all loops share: the filters, and how often they changed. A
// change concerns the names that begin with the filter's first level, so it is
// counted in that level's shard; a wildcard in the first level concerns all.
type router struct {
	tree   topic.Tree[*subscription]
	shards [generationShards]generation
	wild   generation
	// sharing guards groups, by $share/NAME/FILTER, and who is in them.
	sharing sync.Mutex
	groups  map[string]*group
	// count is how many subscriptions of clients stand, shared how many of them share.
	count, shared atomic.Int64
	exclusive     exclusives
	// system is how many subscriptions there are below $SYS.
	system atomic.Int64
}

const generationShards = 64

// generation has a cache line to itself: every publish of every loop reads it.
type generation struct {
	atomic.Uint64
	_ [56]byte
}

// add makes s count from now on. A change is made first and counted then: who
// reads the count before matching never keeps an old route under the new count.
func (r *router) add(s *subscription) {
	if filter, ok := shareFilter(s.filter); ok {
		r.join(s, filter)
	} else {
		r.tree.Add(s.matches(), s)
		r.changed(s)
	}
	r.counted(s, 1)
}

func (r *router) remove(s *subscription) {
	if s.group != nil {
		r.quit(s)
	} else {
		r.tree.Remove(s.matches(), s)
		r.changed(s)
	}
	r.counted(s, -1)
	r.exclusive.release(s)
}

func (r *router) changed(s *subscription) {
	filter := s.matches()
	if filter[0] == '+' || filter[0] == '#' {
		r.wild.Add(1)
		return
	}
	r.shards[shardOf(filter)].Add(1)
}

// shardOf hashes the first level (FNV-1a).
func shardOf[T string | []byte](name T) uint32 {
	h := uint32(2166136261)
	for i := 0; i < len(name) && name[i] != '/'; i++ {
		h = (h ^ uint32(name[i])) * 16777619
	}
	return h % generationShards
}
