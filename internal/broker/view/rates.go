package view

import (
	"sync"
	"time"
)

// Rates turns the counts of connections into rates. It remembers what each had when
// it was last looked at, so that connections cost nothing until somebody looks.
type Rates struct {
	mu    sync.Mutex
	seen  map[uint64]counted // by connection; mu guards it
	swept time.Time
}

// counted is what a connection had counted at a time, and its rates then.
type counted struct {
	at              time.Time
	in, out         uint64
	inRate, outRate float64
}

const (
	// shortestPace is the least time that a rate is taken over.
	shortestPace = time.Second
	// longestPace is after how long a look is too old to take a rate from.
	longestPace = time.Minute
)

// Fill fills the rates of the rows: since they were looked at last, or since they
// connected. Who looks right behind another sees what that one saw.
func (p *Rates) Fill(rows []*Client, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sweep(now)
	for _, r := range rows {
		if !r.Connected {
			continue
		}
		from, ok := p.seen[r.Conn]
		if !ok {
			from = counted{at: time.Unix(0, r.ConnectedAt)}
		}
		if span := now.Sub(from.at).Seconds(); span >= shortestPace.Seconds() {
			from = counted{now, r.MessagesIn, r.MessagesOut, float64(r.MessagesIn-from.in) / span, float64(r.MessagesOut-from.out) / span}
			p.seen[r.Conn] = from
		}
		r.InRate, r.OutRate = from.inRate, from.outRate
	}
}

// sweep forgets looks that are too old.
func (p *Rates) sweep(now time.Time) {
	if now.Sub(p.swept) < longestPace {
		return
	}
	fresh := map[uint64]counted{}
	for conn, c := range p.seen {
		if now.Sub(c.at) < longestPace {
			fresh[conn] = c
		}
	}
	p.seen, p.swept = fresh, now
}
