package observe

import (
	"context"
	"fmt"
	"sync"
)

// Health asks every part of the node whether it is ready. The zero value is ready
// for use.
type Health struct {
	// mu guards parts.
	mu    sync.Mutex
	parts []part
}

type part struct {
	name  string
	check func(context.Context) error
}

// Part is one part's answer; Err is nil when it is ready.
type Part struct {
	Name string
	Err  error
}

// Add puts a part behind those known. check returns nil when the part is ready; it
// has to return when its context ends.
func (h *Health) Add(name string, check func(context.Context) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.parts = append(h.parts, part{name, check})
}

// Check asks all parts at the same time and returns their answers in the order in
// which they were added.
func (h *Health) Check(ctx context.Context) []Part {
	h.mu.Lock()
	parts := h.parts[:len(h.parts):len(h.parts)]
	h.mu.Unlock()
	answers := make([]Part, len(parts))
	var wg sync.WaitGroup
	for i, p := range parts {
		wg.Go(func() { answers[i] = Part{p.name, p.ask(ctx)} })
	}
	wg.Wait()
	return answers
}

// ask turns a part that panics into one that is not ready.
func (p part) ask(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("check failed: %v", r)
		}
	}()
	return p.check(ctx)
}
