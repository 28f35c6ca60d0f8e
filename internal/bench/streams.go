package bench

import (
	"context"
	"net"
	"sync"
	"time"
)

// farewell bounds the wait for what is left to write at the end.
const farewell = time.Second

// streams is the wire of every system: a reader and a writer goroutine for each
// connection, which hand bytes to and from the loop. They end with their connection.
type streams struct {
	loop    *loop
	events  chan event
	bell    chan struct{}
	life    context.Context
	kill    context.CancelFunc
	running sync.WaitGroup
}

// stream is one connection.
type stream struct {
	conn  net.Conn
	taken chan struct{} // a token for each chunk that the loop has read

	mu     sync.Mutex // guards all below
	more   *sync.Cond
	out    []byte
	busy   int // bytes in the writer's hands
	ending bool
}

// event is what a goroutine tells the loop.
type event struct {
	peer   *peer
	conn   *stream // nil: it did not come about
	chunk  []byte  // borrowed until taken
	opened bool
	err    error
}

func newStreams(l *loop) *streams {
	life, kill := context.WithCancel(context.Background())
	return &streams{loop: l, events: make(chan event, 1024), bell: make(chan struct{}, 1), life: life, kill: kill}
}

func (w *streams) open(p *peer) {
	w.running.Go(func() {
		d := net.Dialer{}
		if p.source.IsValid() {
			d.LocalAddr = &net.TCPAddr{IP: p.source.AsSlice(), Zone: p.source.Zone()}
		}
		socket, err := d.DialContext(w.life, "tcp", w.loop.to.String())
		if err != nil {
			w.tell(event{peer: p, err: err})
			return
		}
		cut := context.AfterFunc(w.life, func() { socket.Close() })
		defer cut()
		conn, err := w.layer(socket)
		if err != nil {
			w.tell(event{peer: p, err: err})
			return
		}
		s := &stream{conn: conn, taken: make(chan struct{}, 1)}
		s.more = sync.NewCond(&s.mu)
		w.running.Go(func() { w.drain(p, s) })
		if w.tell(event{peer: p, conn: s, opened: true}) {
			w.read(p, s)
		}
		s.stop()
	})
}

// layer shakes hands for what is between the socket and MQTT.
func (w *streams) layer(conn net.Conn) (net.Conn, error) {
	if !w.loop.o.layered() {
		return conn, nil
	}
	ctx, cancel := context.WithTimeout(w.life, w.loop.o.ConnectTimeout)
	defer cancel()
	layered, err := w.loop.o.layer(ctx, conn)
	if err != nil {
		conn.Close()
	}
	return layered, err
}

// tell hands an event to the loop; false when the wire has ended.
func (w *streams) tell(e event) bool {
	select {
	case w.events <- e:
		return true
	case <-w.life.Done():
		return false
	}
}

func (w *streams) read(p *peer, s *stream) {
	buf := make([]byte, 32<<10)
	for {
		n, err := s.conn.Read(buf)
		if n > 0 && !w.chunk(p, s, buf[:n]) {
			return
		}
		if err != nil {
			w.tell(event{peer: p, conn: s, err: errEnded})
			return
		}
	}
}

// chunk lends bytes to the loop and waits until it has read them.
func (w *streams) chunk(p *peer, s *stream, b []byte) bool {
	if !w.tell(event{peer: p, conn: s, chunk: b}) {
		return false
	}
	select {
	case <-s.taken:
		return true
	case <-w.life.Done():
		return false
	}
}

// drain is the writer goroutine: it swaps two buffers with the loop.
func (w *streams) drain(p *peer, s *stream) {
	defer s.conn.Close()
	var mine []byte
	for {
		s.mu.Lock()
		s.busy = 0
		for len(s.out) == 0 && !s.ending {
			s.more.Wait()
		}
		mine, s.out = s.out, mine[:0]
		s.busy = len(mine)
		s.mu.Unlock()
		if len(mine) == 0 {
			return
		}
		if _, err := s.conn.Write(mine); err != nil {
			w.tell(event{peer: p, conn: s, err: err})
			s.stop()
			return
		}
		w.wake()
	}
}

// stop has the writer write what is left and close.
func (s *stream) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ending = true
	s.more.Signal()
}

func (w *streams) write(p *peer) {
	s := p.wire.conn
	if s == nil || len(p.out) == 0 {
		return
	}
	w.loop.meter.bytesOut += uint64(len(p.out))
	s.mu.Lock()
	s.out = append(s.out, p.out...)
	s.more.Signal()
	s.mu.Unlock()
	p.out = p.out[:0]
}

func (w *streams) queued(p *peer) int {
	n := len(p.out)
	if s := p.wire.conn; s != nil {
		s.mu.Lock()
		n += len(s.out) + s.busy
		s.mu.Unlock()
	}
	return n
}

func (w *streams) close(p *peer) {
	if s := p.wire.conn; s != nil {
		s.stop()
		p.wire = handle{}
	}
}

// wait handles what has come, waiting for the first.
func (w *streams) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case e := <-w.events:
		w.handle(e)
	case <-w.bell:
	case <-timer.C:
	}
	for range len(w.events) {
		w.handle(<-w.events)
	}
	w.unstick()
}

// unstick looks after publishers that stopped because too much waited.
func (w *streams) unstick() {
	for _, b := range w.loop.publishers {
		if b.stuck {
			w.loop.drained(b.peer)
		}
	}
}

func (w *streams) handle(e event) {
	p := e.peer
	switch {
	case e.conn != nil && (p.state == ended || !e.opened && p.wire.conn != e.conn):
		e.conn.stop() // what is left of a connection that we have closed
	case e.opened:
		p.wire.conn = e.conn
		w.loop.opened(p)
	case e.err != nil:
		w.close(p)
		w.loop.gone(p, e.err)
	default:
		w.loop.arrived(p, e.chunk)
	}
	if e.chunk != nil {
		e.conn.taken <- struct{}{}
	}
}

func (w *streams) wake() {
	select {
	case w.bell <- struct{}{}:
	default:
	}
}

// end gives the writers a moment for their good-byes.
func (w *streams) end() {
	done := make(chan struct{})
	go func() { w.running.Wait(); close(done) }()
	grace := time.AfterFunc(farewell, w.kill)
	defer grace.Stop()
	defer w.kill()
	for {
		select {
		case e := <-w.events:
			w.handle(e)
		case <-done:
			return
		}
	}
}
