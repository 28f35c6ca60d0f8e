package view

import (
	"testing"
	"time"
)

// Several may look at once: what one has seen does not take the rates from the next.
func TestRatesAreTheSameForAllWhoLook(t *testing.T) {
	var rates Rates
	begin := time.Unix(1_000, 0)
	look := func(after time.Duration, in uint64) float64 {
		t.Helper()
		row := Client{Conn: 7, Connected: true, ConnectedAt: begin.UnixNano(), MessagesIn: in}
		rates.Fill([]*Client{&row}, begin.Add(after))
		return row.InRate
	}
	for _, step := range []struct {
		after time.Duration
		in    uint64
		want  float64
	}{
		{500 * time.Millisecond, 50, 0}, // too young to say
		{10 * time.Second, 1_000, 100},
		{10*time.Second + time.Millisecond, 1_000, 100},
		{10*time.Second + 900*time.Millisecond, 1_050, 100},
		{12 * time.Second, 1_100, 50},
		{14 * time.Second, 1_100, 0},
	} {
		if got := look(step.after, step.in); got != step.want {
			t.Errorf("after %v: %v a second, want %v", step.after, got, step.want)
		}
	}
}
