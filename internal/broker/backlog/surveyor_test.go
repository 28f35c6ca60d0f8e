package backlog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace/millrace/internal/msg"
)

// shelf is streams by their numbers: each entry is one message on a topic.
type shelf struct {
	topics map[uint8][]string
	fails  int // so many readings more
	read   []string
}

func (s *shelf) Replay(_ context.Context, stream uint8, after msg.Position, f func(at msg.Position, ms []msg.Message) error) error {
	s.read = append(s.read, fmt.Sprintf("%d from %d", stream, after.Seq+1))
	if s.fails > 0 {
		s.fails--
		return errors.New("not now")
	}
	for i, name := range s.topics[stream] {
		at := msg.Position{Seq: uint64(i) + 1}
		if at.Compare(after) <= 0 {
			continue
		}
		if err := f(at, []msg.Message{{Topic: []byte(name), QoS: 1, Payload: make([]byte, 10)}}); err != nil {
			return err
		}
	}
	return nil
}

func inquiry(who string, loop int, stream uint8, from, to uint64, filter string) *Inquiry {
	q := &Inquiry{Stream: stream, Loop: loop, For: who}
	q.From, q.To, q.Names = msg.Position{Seq: from}, msg.Position{Seq: to}, []string{filter}
	return q
}

// A surveyor reads each stream once for all who ask about it, tries again what could not be
// read, and tells every loop what was found for its own readers.
func TestASurveyorReadsOnceForMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{fails: 2, topics: map[uint8][]string{1: {"a", "b", "a", "a", "a"}, 2: {"a", "a"}}}
		ctx, cancel := context.WithCancel(t.Context())
		var told [2][]string
		report := func(loop int) func(*Report) {
			return func(r *Report) {
				line := fmt.Sprintf("stream %d, older %t:", r.Stream, r.Older != nil)
				for _, q := range r.Done {
					line += fmt.Sprintf(" %v %d", q.For, q.Found.Messages)
				}
				told[loop] = append(told[loop], line)
			}
		}
		v := NewSurveyor(ctx, s, func() Spacer { return Spacer{} }, []func(*Report){report(0), report(1)})
		begun := inquiry("begun", 1, 1, 2, 5, "#")
		begun.First = true
		v.Ask(inquiry("one", 0, 1, 3, 5, "a"), inquiry("two", 0, 2, 1, 3, "+"), begun)
		v.Ask(inquiry("none", 0, 1, 4, 4, "a"))
		ended := make(chan struct{})
		began := time.Now()
		go func() { v.Serve(); close(ended) }()
		synctest.Wait()
		time.Sleep(3 * time.Second) // of the test's clock
		synctest.Wait()
		if want := []string{"1 from 2", "1 from 2", "1 from 2", "2 from 1"}; !slices.Equal(s.read, want) {
			t.Errorf("read %q after %v, want %q", s.read, time.Since(began), want)
		}
		if want := []string{"stream 1, older true: one 2 none 0", "stream 2, older false: two 2"}; !slices.Equal(told[0], want) {
			t.Errorf("the first loop is told %q, want %q", told[0], want)
		}
		if want := []string{"stream 1, older true: begun 3", "stream 2, older false:"}; !slices.Equal(told[1], want) {
			t.Errorf("the second loop is told %q, want %q", told[1], want)
		}
		cancel()
		<-ended
	})
}
