package app

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
)

// part is a step that writes down when it starts and stops.
func part(name string, diary *[]string, failStart, failStop error) step {
	return step{name, func(context.Context) (stop, error) {
		*diary = append(*diary, "+"+name)
		if failStart != nil {
			return nil, failStart
		}
		return func(context.Context) error {
			*diary = append(*diary, "-"+name)
			return failStop
		}, nil
	}}
}

func TestStopsInReverse(t *testing.T) {
	var diary []string
	broken := errors.New("disk on fire")
	s := sequence{log: slog.New(slog.DiscardHandler)}
	if err := s.start(t.Context(), []step{part("bus", &diary, nil, nil), part("broker", &diary, nil, broken), part("http", &diary, nil, nil)}); err != nil {
		t.Fatal(err)
	}
	err := s.stop(t.Context())
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "stop broker") {
		t.Fatalf("stop: %v", err)
	}
	if want := []string{"+bus", "+broker", "+http", "-http", "-broker", "-bus"}; !slices.Equal(diary, want) {
		t.Fatalf("got %v, want %v", diary, want)
	}
}

func TestFailedStartNamesThePartAndLeavesNothingRunning(t *testing.T) {
	var diary []string
	taken := errors.New("address in use")
	s := sequence{log: slog.New(slog.DiscardHandler)}
	err := s.start(t.Context(), []step{part("bus", &diary, nil, nil), part("http", &diary, taken, nil), part("mqtt", &diary, nil, nil)})
	if !errors.Is(err, taken) || !strings.Contains(err.Error(), "start http") {
		t.Fatalf("start: %v", err)
	}
	if want := []string{"+bus", "+http", "-bus"}; !slices.Equal(diary, want) {
		t.Fatalf("got %v, want %v", diary, want)
	}
}
