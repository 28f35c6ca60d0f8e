package loop

import "sync"

// living counts what has not ended. Unlike a sync.WaitGroup it may be added to
// while somebody waits, as a connection that moves does.
type living struct {
	mu   sync.Mutex
	n    int           // guarded by mu
	none chan struct{} // guarded by mu: closed when n is 0; nil while nobody waits
}

// Add counts n more.
func (l *living) Add(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n += n; l.n == 0 && l.none != nil {
		close(l.none)
		l.none = nil
	}
}

// Done counts one less.
func (l *living) Done() { l.Add(-1) }

// Go counts f while it runs on a goroutine of its own.
func (l *living) Go(f func()) {
	l.Add(1)
	go func() {
		defer l.Done()
		f()
	}()
}

// Wait returns when there is none.
func (l *living) Wait() {
	l.mu.Lock()
	if l.n == 0 {
		l.mu.Unlock()
		return
	}
	if l.none == nil {
		l.none = make(chan struct{})
	}
	none := l.none
	l.mu.Unlock()
	<-none
}
