package loop

import (
	"errors"
	"io"
	"net/netip"
	"sync"
)

// Codec stands between a socket and the Handler: TLS, WebSocket. It belongs to the
// connection and moves with it.
type Codec interface {
	// Decode appends to dst what wire, behind what came before, says to the
	// Handler. Its error ends the connection, io.EOF in order, once what was decoded
	// is taken; it stays.
	Decode(dst, wire []byte) ([]byte, error)
	// Encode appends to dst what the codec owes and plain, as the wire has them.
	Encode(dst, plain []byte) []byte
	// Owes says whether the codec has something to say of its own.
	Owes() bool
	// End is the last Encode: it appends the codec's farewell.
	End(dst []byte) []byte
	// Held is how much memory it keeps of what is not whole, and so not decoded.
	Held() int
	// Remote is the peer's address where the codec knows better than the socket.
	Remote() netip.AddrPort
}

// plainRoom is the room for what one read decodes to: a record that was begun
// before comes on top.
const plainRoom = headroom + readBytes + 32<<10

// decode shows what wire says to the Handler, in the loop's own buffer.
func (l *Loop) decode(c *Conn, wire []byte) {
	if l.plain == nil {
		l.plain = make([]byte, headroom, plainRoom)
	}
	codec := c.rare.codec
	plain, err := codec.Decode(l.plain[:headroom], wire)
	c.hold(codec.Held())
	if codec.Owes() {
		l.touch(c)
	}
	if len(plain) > headroom {
		l.show(c, plain)
	}
	if err != nil && c.loop == l && c.Open() && !c.flags.paused && !c.behind() {
		c.codecEnded(err)
	}
}

// codecEnded ends a connection whose codec takes no more. What the codec has to
// say of it is written yet.
func (c *Conn) codecEnded(err error) {
	if errors.Is(err, io.EOF) {
		err = nil
	}
	c.loop.handler.Closed(c, err)
	c.Close()
}

// encode makes the turn's output ready for the socket.
func (c *Conn) encode() {
	b, codec := c.loop.spares.take(), c.rare.codec
	c.busy()
	if c.flags.closing {
		b = codec.Encode(b, c.out)
		b = codec.End(b)
		c.flags.ended = true
	} else {
		b = codec.Encode(b, c.out)
	}
	c.loop.spares.give(c.out)
	c.writing, c.out = b, nil
}

// unsaid says whether there is something to encode.
func (c *Conn) unsaid() bool {
	if len(c.out) > 0 {
		return true
	}
	codec := c.coder()
	return codec != nil && (codec.Owes() || c.flags.closing && !c.flags.ended)
}

// Codec is what the connection was adopted with; it may be nil.
func (c *Conn) Codec() Codec {
	if c.portable != nil && c.portable.coded != nil {
		return c.portable.coded.codec
	}
	return c.coder()
}

// Farewell lets say choose the codec's last words, before Close.
func (c *Conn) Farewell(say func(Codec)) {
	if p := c.portable; p != nil && p.coded != nil {
		p.coded.codecMu.Lock()
		defer p.coded.codecMu.Unlock()
	}
	if codec := c.Codec(); codec != nil {
		say(codec)
	}
}

// Chain puts a codec within another: the outer one is nearer to the socket.
func Chain(outer, inner Codec) *Chained { return &Chained{outer, inner} }

// Chained is a codec within another.
type Chained struct{ outer, inner Codec }

// Outer is the codec nearer to the socket.
func (c *Chained) Outer() Codec { return c.outer }

// Inner is the codec nearer to the Handler.
func (c *Chained) Inner() Codec { return c.inner }

// between holds what is decoded or encoded half way, for the length of one call.
var between = sync.Pool{New: func() any { return new([]byte) }}

// keepBetween bounds the buffers that are kept for that.
const keepBetween = 256 << 10

func giveBack(b *[]byte) {
	if cap(*b) <= keepBetween {
		between.Put(b)
	}
}

// Decode is Codec's.
func (c *Chained) Decode(dst, wire []byte) ([]byte, error) {
	half := between.Get().(*[]byte)
	defer giveBack(half)
	var outerErr, err error
	*half, outerErr = c.outer.Decode((*half)[:0], wire)
	if dst, err = c.inner.Decode(dst, *half); err == nil {
		err = outerErr
	}
	return dst, err
}

// Encode is Codec's.
func (c *Chained) Encode(dst, plain []byte) []byte {
	half := between.Get().(*[]byte)
	defer giveBack(half)
	*half = c.inner.Encode((*half)[:0], plain)
	return c.outer.Encode(dst, *half)
}

// Owes is Codec's.
func (c *Chained) Owes() bool { return c.outer.Owes() || c.inner.Owes() }

// Held is Codec's.
func (c *Chained) Held() int { return c.outer.Held() + c.inner.Held() }

// End is Codec's.
func (c *Chained) End(dst []byte) []byte {
	dst = c.outer.Encode(dst, c.inner.End(nil))
	return c.outer.End(dst)
}

// Remote is Codec's.
func (c *Chained) Remote() netip.AddrPort {
	if a := c.inner.Remote(); a.IsValid() {
		return a
	}
	return c.outer.Remote()
}
