package broker

import (
	"github.com/millrace/millrace/internal/broker/limit"
	"github.com/millrace/millrace/internal/broker/pace"
	"github.com/millrace/millrace/internal/fault"
)

// Most clients are connected and quiet. So what few of them have stands behind
// pointers, which in all others lead to one value that is only read: nothing needs a
// nil check, but before the first change the client needs a value of its own.
var (
	noSeldom = new(seldom)
	noAccess = new(access)
	noAfter  = new(after)
)

// seldom is what belongs to few connections.
type seldom struct {
	username  string            // what it calls itself, until somebody checks
	pace      *pace.Pace        // nil: no rate is kept
	asking    *asking           // while it is found out who the client is
	retained  []pendingRetained // for its new subscriptions
	following []*following      // streams that it reads
	allowance limit.Bucket      // while memory is nearly used up
	over      pace.Scope        // whose rate of connects it waits for
	starved   bool              // it waits for memory of output
	troubles  troubles

	filtersLeft *takingFilters // paused: while the many filters of a packet are taken
}

// troubles are what one connection was last refused, and what its session has missed.
type troubles struct {
	dropped uint64
	by      *drops // of dropped since the node's start, by reason
	erred   int64  // when the last error was, ns since 1970; 0 is never
	code    fault.Code

	unread      uint64 // of dropped: it did not read; since it was looked at last
	unreadSince int64  // when the first of them was; 0 is never
}

// drops are how many messages were dropped for one reason; few clients have any, and those
// have few reasons.
type drops struct {
	code fault.Code
	n    uint64
	next *drops
}

func (t *troubles) drop(code fault.Code, n uint64) {
	t.dropped += n
	t.add(code, n)
}

func (t *troubles) add(code fault.Code, n uint64) {
	at := &t.by
	for *at != nil && (*at).code != code {
		at = &(*at).next
	}
	if *at == nil {
		*at = &drops{code: code}
	}
	(*at).n += n
}

// inherit takes over what the session missed before this connection, with its last error
// if there is none since.
func (t *troubles) inherit(from *troubles) {
	t.dropped += from.dropped
	for by := from.by; by != nil; by = by.next {
		t.add(by.code, by.n)
	}
	if t.erred == 0 {
		t.code, t.erred = from.code, from.erred
	}
}

func (t *troubles) failed(code fault.Code, now int64) { t.code, t.erred = code, now }

// access is who the client is and what it may do, where somebody asks.
type access struct {
	identity *Identity
	rights   Rights   // nil is everything
	answers  *answers // of rights
}

// after is what belongs to few sessions: what is to come after their connections,
// and shared subscriptions.
type after struct {
	shares []*subscription // its shared ones, at their number less one
	willAt int64           // when its will is due, by the loop's steady clock; 0 is never
	leftAt int64           // when its connection ended, by the same; 0 while it has one
	endAt  int64           // when it ends unless its client comes back; 0 is never
	slot   int             // its place in the schedule, from 1 on; 0 is none

	enduring *enduring // of a session that survives the process
}

// ownSeldom makes sure that the client's seldom is its own.
func (c *client) ownSeldom() *seldom {
	if c.seldom == noSeldom {
		c.seldom = new(seldom)
	}
	return c.seldom
}

// mayShareSeldom gives a seldom back that holds nothing.
func (c *client) mayShareSeldom() {
	if s := c.seldom; s.username == "" && s.pace == nil && s.asking == nil && s.retained == nil && s.following == nil && s.filtersLeft == nil && s.allowance == (limit.Bucket{}) && s.troubles == (troubles{}) {
		c.seldom = noSeldom
	}
}

// named notes what the client calls itself.
func (c *client) named(user string) {
	if user != "" {
		c.ownSeldom().username = user
	} else if c.username != "" {
		c.seldom.username = ""
		c.mayShareSeldom()
	}
}

// setAccess says who the client is and what it may do.
func (c *client) setAccess(id *Identity, r Rights) {
	if id == nil && r == nil {
		c.access = noAccess
		return
	}
	c.access = &access{identity: id, rights: r}
}

// ownAfter makes sure that the client's after is its own.
func (l *lasting) ownAfter() *after {
	if l.after == noAfter {
		l.after = new(after)
	}
	return l.after
}

// stopAsking ends the search for who the client is.
func (c *client) stopAsking() {
	if c.asking != nil {
		c.asking = nil
		c.mayShareSeldom()
	}
}

// stopRetained ends what is lined up for the client.
func (c *client) stopRetained() {
	if c.retained != nil {
		c.retained = nil
		c.mayShareSeldom()
	}
}
