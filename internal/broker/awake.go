package broker

import "github.com/millrace/millrace/internal/msg"

// awake are those of a route's receivers from the log that follow its tail. Sessions
// that are behind, above all those whose clients are away, are not among them, so a
// message costs nothing for each of them, however many there are.
type awake struct {
	targets []int32 // places in route.local
	stream  uint8
	wakes   uint64 // of the loop, when the list was made
}

// arrange puts the receivers that get messages at once before those that get them from
// the log.
func (r *route) arrange() {
	r.atOnce, r.owed = 0, 0
	for i := range r.local {
		if t := &r.local[i]; !t.logged {
			r.local[r.atOnce], r.local[i] = r.local[i], r.local[r.atOnce]
			r.atOnce++
		}
	}
	for i := range r.local[r.atOnce:] {
		if t := &r.local[r.atOnce+i]; t.own == nil && !t.grant.none {
			r.owed++
		}
	}
}

// feedAwake gives a message of the log to those of the route who follow the tail.
func (w *worker) feedAwake(r *route, stream uint8, at msg.Position, m *msg.Message) {
	a := &r.awake
	if a.wakes != w.wakes || a.stream != stream {
		w.arouse(r, stream)
	}
	still := a.targets[:0]
	for _, place := range a.targets {
		if t := &r.local[place]; w.feedTarget(t, stream, at, m) {
			still = append(still, place)
		}
	}
	a.targets = still
}

// arouse makes the route's list anew. Who falls behind leaves the list when the next
// message comes; who follows the tail again is found by the count of the loop's wakes.
func (w *worker) arouse(r *route, stream uint8) {
	a := &r.awake
	a.targets, a.stream, a.wakes = a.targets[:0], stream, w.wakes
	for i := r.atOnce; i < len(r.local); i++ {
		if e := r.local[i].client.enduring; e == nil || !e.cursor(stream).Behind() {
			a.targets = append(a.targets, int32(i))
		}
	}
}
