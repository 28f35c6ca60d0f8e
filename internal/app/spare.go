package app

import (
	"context"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/observe"
)

const (
	// spareEvery is how often it is seen how much waits for the log.
	spareEvery = 250 * time.Millisecond
	// crowded is from how many messages on that wait a thread to spare pays: hundreds
	// come with each entry, and would go on coming while that is written.
	crowded = 512
	// calmLooks is how many looks in a row find less before it goes.
	calmLooks = 8
)

// spare decides whether the runtime has a thread to spare for the disk; see
// [observe.SpareProcessor].
type spare struct {
	on   bool
	calm int // looks since it was crowded
}

// look takes how many messages wait for the log, and says whether the thread is to be there.
func (s *spare) look(waiting int64) bool {
	s.calm++
	if waiting >= crowded {
		s.on, s.calm = true, 0
	}
	s.on = s.on && s.calm < calmLooks
	return s.on
}

// startSparing has a thread to spare while much waits for the log, until it is stopped.
func (a *App) startSparing(context.Context) (stop, error) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { keepSpare(ctx, a.streams.Waiting) })
	return quick(func() { cancel(); running.Wait() }), nil
}

func keepSpare(ctx context.Context, waiting func() int64) {
	defer observe.SpareProcessor(false)
	clock := time.NewTicker(spareEvery)
	defer clock.Stop()
	var s spare
	for {
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
		}
		if before := s.on; s.look(waiting()) != before {
			observe.SpareProcessor(s.on)
		}
	}
}
