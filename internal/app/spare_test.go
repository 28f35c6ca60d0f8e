package app

import "testing"

// TestSpare goes through a burst of publishers: messages that wait for the log, four
// times a second.
func TestSpare(t *testing.T) {
	var s spare
	for i, l := range []struct {
		what    string
		waiting int64
		looks   int
		want    bool
	}{
		{"a lone publisher", 1, 20, false},
		{"a hundred, one message each", 100, 20, false},
		{"the same, thousands on their way", 6400, 1, true},
		{"all of them answered just now", 0, calmLooks - 1, true},
		{"and on it goes", 5000, 3, true},
		{"less again, but not for long", 100, calmLooks - 1, true},
		{"for two seconds", 100, 1, false},
		{"quiet", 0, 100, false},
		{"another burst", crowded, 1, true},
	} {
		for range l.looks {
			s.look(l.waiting)
		}
		if s.on != l.want {
			t.Errorf("%d, %s: %v", i, l.what, s.on)
		}
	}
}
