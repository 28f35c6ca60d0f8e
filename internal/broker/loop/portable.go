package loop

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// portable is what a connection needs beside itself where the loop cannot watch
// its socket: the net.Conn, and two goroutines that do the blocking calls.
type portable struct {
	net   net.Conn
	coded *coded // what net is, if there is a codec
	held  []*event
	gate  chan struct{} // one token for each chunk the reader may read
	owed  int           // tokens kept back while paused
	aside int           // events that wait among the crowd's
	write func()        // the writer's body, made once

	written   event
	isWriting bool        // a writer is under way
	draining  atomic.Bool // the reader is to discard what still comes
}

// Adopt gives a new socket to the loop, which owns it from now on; id is the
// connection's number, door where it came in. An event-driven loop takes the
// descriptor out of a plain TCP or Unix socket; anything else gets goroutines of
// its own. Any goroutine may call Adopt before [Loop.Stop].
func (l *Loop) Adopt(nc net.Conn, id uint64, door Door) {
	l.AdoptThrough(nc, nil, remoteOf(nc), id, door)
}

// AdoptThrough is Adopt for a socket whose bytes pass a codec; it may be nil. The
// peer is shown as remote, whoever the socket's is.
func (l *Loop) AdoptThrough(nc net.Conn, codec Codec, remote netip.AddrPort, id uint64, door Door) {
	if l.poll != nil {
		if fd, ok := takeDescriptor(nc); ok {
			l.adoptFD(fd, codec, remote, id, door)
			return
		}
	}
	p := &portable{net: nc, gate: make(chan struct{}, 2)}
	if codec != nil {
		p.coded = &coded{Conn: nc, codec: codec}
		p.net = p.coded
	}
	c := &Conn{ID: id, buffers: none, loop: l, portable: p, door: door, rare: newRare(nil, remote), fd: -1}
	c.remote, _ = endpointOf(remote)
	p.write = c.writeOut
	p.written = event{kind: flushed, conn: c}
	l.conns.Add(2) // the reader and the connection
	go c.readIn(&l.conns)
	l.post(newEvent(bareClass, adopted, c))
}

type waitGroup interface{ Done() }

// readIn is the reader's goroutine: it ends when the peer does, or when the loop
// closes the gate.
func (c *Conn) readIn(wg waitGroup) {
	defer wg.Done()
	p := c.portable
	class := uint8(smallClass)
	for range p.gate {
		e := newEvent(class, chunkRead, c)
		n, err := readSome(p.net, e.buf)
		if p.draining.Load() {
			recycle(e)
			break
		}
		class = classFor(n, class)
		if e.n = n; n > 0 {
			c.loop.arrive(e)
		} else {
			recycle(e)
		}
		if err != nil {
			end := newEvent(bareClass, readerEnd, c)
			end.err = err
			ended := p.codecEnded() // before the loop may close
			c.loop.arrive(end)
			if !ended {
				return
			}
			for range p.gate { // the socket is whole, and the loop may want to close it in order
			}
		}
	}
	p.drain()
}

// readSome reads until there is something to say.
func readSome(r io.Reader, b []byte) (n int, err error) {
	for n == 0 && err == nil {
		n, err = r.Read(b)
	}
	return n, err
}

// classFor picks the next chunk by how far the last one, of that class, was filled.
func classFor(n int, last uint8) uint8 {
	switch {
	case last == tinyClass && n == tinyChunk, last == largeClass && n > tinyChunk && n <= smallChunk:
		return smallClass
	case last == smallClass && n == smallChunk, n > smallChunk:
		return largeClass
	case last == smallClass && n > tinyChunk:
		return smallClass
	}
	return tinyClass
}

// drain discards what the peer still sends for as long as the loop's deadline
// lets it, so that closing does not reset the connection under the last bytes
// written to it.
func (p *portable) drain() {
	nc := p.net
	if p.coded != nil {
		nc = p.coded.Conn
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(nc, drainBytes))
	_ = nc.Close()
}

// fromReader takes a chunk or a reader's end, in their order.
func (l *Loop) fromReader(c *Conn, e *event) {
	p := c.portable
	switch {
	case c.flags.finished:
		if e.kind == readerEnd {
			_ = p.net.Close()
		}
		recycle(e)
	case c.flags.closing && e.kind == chunkRead:
		recycle(e)
		c.owe()
	case !c.flags.closing && (c.flags.paused || c.behind() || len(p.held) > 0):
		p.held = append(p.held, e)
		l.input += len(e.buf)
	default:
		c.take(e)
	}
}

func (c *Conn) take(e *event) {
	if e.kind == readerEnd {
		err := e.err
		recycle(e)
		if c.portable.codecEnded() {
			c.codecEnded(err)
			return
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
		c.peerGone(err)
		return
	}
	l := c.loop
	before := l.worked
	c.consume(e.buf[:e.n])
	recycle(e)
	if c.loop != l || c.portable == nil {
		return
	}
	if c.Open() {
		c.flags.busy = l.effort.busy(c, l.worked-before, l.steady)
	}
	c.owe()
}

// takeHeld goes on where a Pause stopped.
func (c *Conn) takeHeld() {
	if c.flags.finished {
		return
	}
	l := c.loop
	c.consume(nil)
	p := c.portable
	if p == nil {
		if c.loop == l && c.coder() != nil && c.Open() && !c.flags.paused && !c.behind() {
			l.decode(c, nil) // it may have had enough meanwhile
		}
		return
	}
	for c.loop == l && len(p.held) > 0 && !c.flags.paused && !c.flags.yielded && !c.flags.finished {
		e := p.held[0]
		p.held[0] = nil
		p.held = p.held[1:]
		l.input -= len(e.buf)
		c.take(e)
	}
	if c.loop != l {
		return
	}
	if len(p.held) == 0 {
		p.held = nil
	}
	for !c.flags.paused && p.owed > 0 {
		p.owed--
		c.grant()
	}
}

// owe lets the reader read one chunk more, once the connection is not paused.
func (c *Conn) owe() {
	if c.flags.paused {
		c.portable.owed++
		return
	}
	c.grant()
}

func (c *Conn) grant() {
	if c.flags.finished || c.flags.readerGone {
		return
	}
	select {
	case c.portable.gate <- struct{}{}:
	default: // the reader is as far ahead as it may be
	}
}

// codecEnded says whether it is the codec that takes no more.
func (p *portable) codecEnded() bool { return p.coded != nil && p.coded.decoded() != nil }

// startWrite hands the turn's output to a writer, when none is under way.
func (c *Conn) startWrite() {
	switch {
	case c.flags.finished || c.portable.isWriting:
	case c.flags.broken:
		if c.out != nil {
			c.out = nil
			c.rest()
		}
	case c.flags.mute && c.Open():
		c.silence()
	case len(c.out) > 0:
		c.writing, c.out = c.out, nil
		c.portable.isWriting = true
		go c.portable.write()
	}
}

// writeOut is the writer's goroutine, one write long.
func (c *Conn) writeOut() {
	_, err := c.portable.net.Write(c.writing)
	c.portable.written.err = err
	c.loop.arrive(&c.portable.written)
}

// wrote takes the writer's end: more output, a broken socket, or the end.
func (c *Conn) wrote(err error) {
	if c.writing != nil {
		c.loop.spares.give(c.writing)
		c.writing = nil
	}
	c.portable.isWriting = false
	switch {
	case c.flags.finished:
	case c.flags.broken:
		c.finish()
	case c.Open() && !c.flags.readerGone && deaf(err):
		c.flags.mute = true
		c.loop.handler.Written(c)
		c.silence()
	case err != nil:
		if !c.flags.closing {
			c.loop.handler.Closed(c, err)
		}
		c.Abort()
	case c.flags.closing && len(c.out) == 0:
		c.finish()
	default:
		if !c.flags.closing {
			c.loop.handler.Written(c)
		}
		c.startWrite()
		c.rest()
	}
}

func (p *portable) setEnd() { _ = p.net.SetWriteDeadline(time.Now().Add(closeGrace)) }

// abort closes the socket; a writer that is under way ends by that and finishes.
func (p *portable) abort(c *Conn) {
	_ = p.net.Close()
	if !p.isWriting && !c.flags.finished {
		c.finish()
	}
}

// finish closes the sending side and leaves the socket to the reader, if there
// is one, to drain and close. No writer is under way.
func (p *portable) finish(c *Conn) {
	c.loop.forget(c)
	for _, e := range p.held {
		c.loop.input -= len(e.buf)
		recycle(e)
	}
	p.held = nil
	p.draining.Store(true)
	close(p.gate)
	if c.flags.readerGone || c.flags.broken {
		_ = p.net.Close()
		return
	}
	_ = p.net.SetReadDeadline(time.Now().Add(closeGrace))
	if p.coded != nil {
		c.loop.conns.Go(p.coded.farewell)
	} else if half, ok := p.net.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}
