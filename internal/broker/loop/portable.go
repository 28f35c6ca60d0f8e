package loop

import (
	"errors"
	"io"
	"net"
	"time"
)

// Adopt gives a new socket to the loop, which owns it from now on; id is the
// connection's number. release is called once, from the loop, when the connection
// has ended. Any goroutine may call Adopt before [Loop.Stop].
func (l *Loop) Adopt(nc net.Conn, id uint64, release func()) {
	c := &Conn{ID: id, loop: l, net: nc, release: release, gate: make(chan struct{}, 2)}
	c.write = c.writeOut
	c.written = event{kind: flushed, conn: c}
	l.conns.Add(2) // the reader and the connection
	go c.readIn(&l.conns)
	c.finishOn(&l.conns)
	e := newEvent(bareClass, adopted, c)
	l.post(e)
}

type waitGroup interface{ Done() }

// finishOn counts the connection's end where its beginning was counted, whatever
// loop it ends on.
func (c *Conn) finishOn(wg waitGroup) {
	release := c.release
	c.release = func() {
		if release != nil {
			release()
		}
		wg.Done()
	}
}

// readIn is the reader's goroutine: it ends when the peer does, or when the loop
// closes the gate.
func (c *Conn) readIn(wg waitGroup) {
	defer wg.Done()
	class := uint8(smallClass)
	for range c.gate {
		e := newEvent(class, chunkRead, c)
		n, err := readSome(c.net, e.buf)
		if c.draining.Load() {
			recycle(e)
			break
		}
		class = classFor(n, class)
		if e.n = n; n > 0 {
			c.loop.post(e)
		} else {
			recycle(e)
		}
		if err != nil {
			end := newEvent(bareClass, readerEnd, c)
			end.err = err
			c.loop.post(end)
			return
		}
	}
	c.drain()
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
func (c *Conn) drain() {
	_, _ = io.Copy(io.Discard, io.LimitReader(c.net, 4<<20))
	_ = c.net.Close()
}

// fromReader takes a chunk or a reader's end, in their order.
func (l *Loop) fromReader(c *Conn, e *event) {
	switch {
	case c.flags.finished:
		if e.kind == readerEnd {
			_ = c.net.Close()
		}
		recycle(e)
	case c.flags.closing && e.kind == chunkRead:
		recycle(e)
		c.owe()
	case !c.flags.closing && (c.flags.paused || len(c.held) > 0):
		c.held = append(c.held, e)
	default:
		c.take(e)
	}
}

func (c *Conn) take(e *event) {
	if e.kind == readerEnd {
		err := e.err
		recycle(e)
		c.peerGone(err)
		return
	}
	l := c.loop
	c.consume(e.buf[:e.n])
	recycle(e)
	if c.loop == l {
		c.owe()
	}
}

// consume shows b, behind what was left before, to the Handler.
func (c *Conn) consume(b []byte) {
	if !c.Open() || len(b) == 0 && len(c.left) == 0 {
		return
	}
	l := c.loop
	if len(c.left) == 0 {
		used := l.handler.Read(c, b)
		if c.loop == l && c.Open() && used < len(b) {
			c.left = append(c.left, b[used:]...)
		}
		return
	}
	c.left = append(c.left, b...)
	used := l.handler.Read(c, c.left)
	if c.loop != l || !c.Open() {
		return
	}
	if c.left = c.left[:copy(c.left, c.left[used:])]; len(c.left) == 0 {
		c.left = nil
	}
}

// takeHeld goes on where a Pause stopped.
func (c *Conn) takeHeld() {
	if c.flags.finished {
		return
	}
	l := c.loop
	c.consume(nil)
	for c.loop == l && len(c.held) > 0 && !c.flags.paused && !c.flags.finished {
		e := c.held[0]
		c.held[0] = nil
		c.held = c.held[1:]
		c.take(e)
	}
	if c.loop != l {
		return
	}
	if len(c.held) == 0 {
		c.held = nil
	}
	for !c.flags.paused && c.owed > 0 {
		c.owed--
		c.grant()
	}
}

// owe lets the reader read one chunk more, once the connection is not paused.
func (c *Conn) owe() {
	if c.flags.paused {
		c.owed++
		return
	}
	c.grant()
}

func (c *Conn) grant() {
	if c.flags.finished || c.flags.readerGone {
		return
	}
	select {
	case c.gate <- struct{}{}:
	default: // the reader is as far ahead as it may be
	}
}

// peerGone ends the connection from outside.
func (c *Conn) peerGone(err error) {
	c.flags.readerGone = true
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if !c.flags.closing {
		c.loop.handler.Closed(c, err)
	}
	if err != nil {
		c.Abort()
		return
	}
	c.Close()
}

// startWrite hands the turn's output to a writer, when none is under way.
func (c *Conn) startWrite() {
	switch {
	case c.flags.finished || c.flags.isWriting:
	case c.flags.broken:
		c.out = nil
	case len(c.out) > 0:
		c.writing, c.out = c.out, nil
		c.flags.isWriting = true
		go c.write()
	}
}

// writeOut is the writer's goroutine, one write long.
func (c *Conn) writeOut() {
	_, err := c.net.Write(c.writing)
	c.written.err = err
	c.loop.post(&c.written)
}

// wrote takes the writer's end: more output, a broken socket, or the end.
func (c *Conn) wrote(err error) {
	c.loop.keep(c.writing)
	c.writing = nil
	c.flags.isWriting = false
	switch {
	case c.flags.finished:
	case c.flags.broken:
		c.finish()
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
	}
}

// finish gives up the connection's place. No writer is under way.
func (c *Conn) finish() {
	c.flags.finished = true
	c.loop.forget(c)
	for _, e := range c.held {
		recycle(e)
	}
	c.loop.keep(c.out)
	c.out, c.left, c.held = nil, nil, nil
	c.endSocket()
	c.release()
}

// endSocket closes the sending side and leaves the socket to the reader, if
// there is one, to drain and close.
func (c *Conn) endSocket() {
	c.draining.Store(true)
	close(c.gate)
	if c.flags.readerGone || c.flags.broken {
		_ = c.net.Close()
		return
	}
	_ = c.net.SetReadDeadline(time.Now().Add(closeGrace))
	if half, ok := c.net.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}
