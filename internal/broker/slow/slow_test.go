package slow

import (
	"fmt"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(s int) time.Time { return noon.Add(time.Duration(s) * time.Second) }

func names(list []Subscriber) (text string) {
	for _, s := range list {
		text += fmt.Sprintf("%s %s %v x%d; ", s.Client, s.Topic, s.Took, s.Count)
	}
	return text
}

func TestTheSlowestStandFirst(t *testing.T) {
	r := New(3, time.Minute)
	r.Add("a", "t", 2*time.Second, at(0))
	r.Add("b", "t", 5*time.Second, at(1))
	r.Add("a", "t", time.Second, at(2))
	r.Add("a", "u", 3*time.Second, at(3))
	if got, want := names(r.List(at(4))), "b t 5s x1; a u 3s x1; a t 2s x2; "; got != want {
		t.Errorf("%q", got)
	}
	r.Add("c", "t", time.Second, at(5)) // less slow than all
	r.Add("d", "t", 4*time.Second, at(6))
	if got, want := names(r.List(at(7))), "b t 5s x1; d t 4s x1; a u 3s x1; "; got != want {
		t.Errorf("%q", got)
	}
	if got, want := names(r.List(at(64))), "d t 4s x1; "; got != want {
		t.Errorf("%q", got)
	}
	r.Clear()
	if len(r.List(at(64))) != 0 {
		t.Error("not cleared")
	}
}

func TestTheOldMakeRoom(t *testing.T) {
	r := New(1, time.Minute)
	r.Add("a", "t", time.Hour, at(0))
	r.Add("b", "t", time.Second, at(60))
	if got, want := names(r.List(at(60))), "b t 1s x1; "; got != want {
		t.Errorf("%q", got)
	}
}

func TestWhoIsSlowAtTheMomentIsNoted(t *testing.T) {
	r := New(2, time.Minute)
	now := time.Unix(1000, 0)
	r.Note("stuck", "a", 5*time.Second, now, 0)
	r.Note("stuck", "a", 10*time.Second, now, 0)
	r.Note("deaf", "", 2*time.Second, now, 7)
	r.Note("deaf", "", 7*time.Second, now, 3)
	r.Note("brisk", "a", time.Second, now, 0)
	list := r.List(now)
	if len(list) != 2 || list[0].Client != "stuck" || list[0].Took != 10*time.Second || list[0].Count != 1 || list[1].Client != "deaf" || list[1].Count != 10 {
		t.Errorf("%+v", list)
	}
}
