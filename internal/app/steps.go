package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// step starts one part of the node and returns what stops it again.
type step struct {
	name  string
	start func(context.Context) (stop, error)
}

// stop ends a part; ctx is the deadline.
type stop func(context.Context) error

// sequence starts parts in order and stops them in reverse.
type sequence struct {
	log     *slog.Logger
	running []running
}

type running struct {
	name string
	stop stop
}

// start runs the steps. When one fails, those before it are stopped and the error
// names the one that failed.
func (s *sequence) start(ctx context.Context, steps []step) error {
	for _, st := range steps {
		s.log.Debug("starting", "part", st.name)
		stop, err := st.start(ctx)
		if err != nil {
			err = fmt.Errorf("start %s: %w", st.name, err)
			return errors.Join(err, s.stop(ctx))
		}
		if stop != nil {
			s.running = append(s.running, running{st.name, stop})
		}
	}
	return nil
}

// stop ends what runs, last started first. A part that fails to stop does not keep
// the others from stopping.
func (s *sequence) stop(ctx context.Context) error {
	var errs []error
	for len(s.running) > 0 {
		last := len(s.running) - 1
		part := s.running[last]
		s.running = s.running[:last]
		s.log.Debug("stopping", "part", part.name)
		if err := part.stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", part.name, err))
		}
	}
	return errors.Join(errs...)
}

// simple adapts a Close that knows no deadline.
func simple(close func() error) stop {
	return func(context.Context) error { return close() }
}

// quick adapts a Close that cannot fail.
func quick(close func()) stop {
	return func(context.Context) error { close(); return nil }
}
