package bench

import (
	"errors"
	"fmt"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// dialAll has the loop connect the peers, as fast as the pace and the concurrency
// let it. Of the pace's connections every step-th from first is this loop's.
func (l *loop) dialAll(peers []*peer, p pace, first, step uint64) {
	d := &l.dialing
	l.forget()
	d.queue, d.next = append(d.queue[:0:0], append(d.queue[d.next:], peers...)...), 0
	d.pace, d.first, d.step = p, first, step
	for _, p := range peers {
		p.wanted = true
		if !p.listed {
			p.listed = true
			l.peers = append(l.peers, p)
		}
	}
}

func (l *loop) concurrency() int {
	return max(1, l.o.Concurrency/l.o.Threads)
}

// nextDial is when the next connection is due; waiting is false when there is none
// or others must open first.
func (l *loop) nextDial() (at int64, waiting bool) {
	d := &l.dialing
	if d.next == len(d.queue) || d.opening >= l.concurrency() {
		return 0, false
	}
	if !d.pace.open() {
		return 0, true
	}
	return d.pace.due(d.first + uint64(d.next)*d.step), true
}

func (l *loop) dial(now int64) {
	for range dialsATurn {
		at, waiting := l.nextDial()
		if !waiting || at > now {
			return
		}
		p := l.dialing.queue[l.dialing.next]
		l.dialing.next++
		if p.state != fresh {
			continue
		}
		l.dialing.opening++
		p.state, p.begun = opening, now
		if at > 0 {
			p.begun = at
		}
		l.wire.open(p)
	}
}

// opened is told by the wire: there is a connection.
func (l *loop) opened(p *peer) { p.connect() }

// connected is told by the peer: there is a CONNACK.
func (l *loop) connected(p *peer, now int64) {
	l.dialing.opening--
	l.meter.connected++
	l.outage.back(now)
	record(l.meter.connect, now-p.begun)
}

// arrived is told by the wire; b is borrowed.
func (l *loop) arrived(p *peer, b []byte) {
	l.meter.bytesIn += uint64(len(b))
	if p.state == ended {
		return
	}
	if err := p.feed(b, l.now()); err != nil {
		l.wire.close(p)
		if p.reason == packet.Success {
			p.reason = packet.ProtocolError
		}
		// As text: a code of ours would blame the user for the broker's bytes.
		l.gone(p, fmt.Errorf("from the broker: %v", err))
	}
}

// gone is told by the wire: the connection has ended or did not come about.
func (l *loop) gone(p *peer, err error) {
	if p.state == ended {
		return
	}
	if p.state == opening || p.state == shaking {
		l.dialing.opening--
	}
	if l.mayComeBack(p, err) {
		l.fall(p)
		return
	}
	p.state = ended
	p.in, p.out = nil, nil
	if l.leaving {
		return
	}
	l.meter.failed++
	if l.trouble == nil {
		l.trouble = fmt.Errorf("%s: %w", p.id, err)
	}
}

// leave says good-bye for every peer and ends the loop.
func (l *loop) leave() {
	l.leaving, l.sending = true, false
	l.dialing.next = len(l.dialing.queue)
	for _, p := range l.peers {
		if p.state == up {
			p.leave()
		}
	}
	l.flush()
	for _, p := range l.peers {
		if p.state != ended && p.state != fresh {
			l.wire.close(p)
			l.gone(p, errors.New("the run is over"))
		}
	}
	l.over = true
}
