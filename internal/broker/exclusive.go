package broker

import (
	"strings"
	"sync"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

var errExclusive = fault.New(fault.ExclusiveTaken, "Another client holds the exclusive subscription.")

// exclusives says which client holds each $exclusive/FILTER of the node.
type exclusives struct {
	mu      sync.Mutex
	holders map[string]*subscription
}

// claim makes s the holder of its filter, which no other client may be.
func (e *exclusives) claim(s *subscription) error {
	if !exclusive(s) {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if have := e.holders[s.filter]; have != nil && have.client != s.client {
		return errExclusive
	}
	if e.holders == nil {
		e.holders = map[string]*subscription{}
	}
	e.holders[s.filter] = s
	return nil
}

// release frees the filter that s holds.
func (e *exclusives) release(s *subscription) {
	if !exclusive(s) {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.holders[s.filter] == s {
		delete(e.holders, s.filter)
	}
}

// leave frees all that the client holds.
func (e *exclusives) leave(c *client) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for filter, s := range e.holders {
		if s.client == c {
			delete(e.holders, filter)
		}
	}
}

func exclusive(s *subscription) bool { return strings.HasPrefix(s.filter, topic.Exclusive) }
