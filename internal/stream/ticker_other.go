//go:build !linux

package stream

import "time"

// ticker calls a function after short times.
type ticker struct{ timer *time.Timer }

// newTicker returns a ticker that calls ring, from a goroutine of its own, until stop.
func newTicker(ring func()) *ticker {
	t := time.AfterFunc(time.Hour, ring)
	t.Stop()
	return &ticker{t}
}

// after rings once, d from now; a time set before is forgotten.
func (t *ticker) after(d time.Duration) { t.timer.Reset(d) }

// stop ends the ticker.
func (t *ticker) stop() { t.timer.Stop() }
