// Package secure is TLS as a codec: a handshake on a blocking connection first,
// then bytes from the socket go in, the client's bytes come out, and back.
//
// The handshake needs a goroutine, since crypto/tls keeps its state on the stack.
// After it, [Codec.Detach] gives the connection back and the codec works on bytes
// alone, so that an idle connection costs neither goroutine nor buffer of its own.
// Key updates, tickets, alerts and records that come in pieces are crypto/tls's
// affair as ever: to it, a codec is a connection that has nothing to read just now.
//
// A Codec belongs to one goroutine at a time.
package secure

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// Codec is the server's side of one TLS connection.
type Codec struct {
	tls  *tls.Conn
	wire wire
}

// Server returns the codec of nc; [Codec.Handshake] comes next.
func Server(nc net.Conn, config *tls.Config) *Codec {
	c := &Codec{wire: wire{nc: nc}}
	c.tls = tls.Server(&c.wire, config)
	return c
}

// Handshake blocks until the client is known or refused, or nc's deadline passes.
func (c *Codec) Handshake() error { return c.tls.Handshake() }

// Detach gives the connection back: from now on the codec works on bytes.
func (c *Codec) Detach() net.Conn {
	nc := c.wire.nc
	c.wire.nc = nil
	return nc
}

// State is what both sides have agreed on, and who the client is.
func (c *Codec) State() tls.ConnectionState { return c.tls.ConnectionState() }

// Decode appends to dst what wire says, behind what came before. Its error is
// io.EOF when the peer has closed in order, and says else why the connection must
// end; it stays.
func (c *Codec) Decode(dst, wire []byte) ([]byte, error) {
	c.wire.in = wire
	c.wire.half.pass(wire)
	defer func() { c.wire.in = nil }()
	for {
		if cap(dst)-len(dst) < minRoom {
			dst = append(dst, make([]byte, minRoom)...)[:len(dst)]
		}
		n, err := c.tls.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		switch {
		case err == nil:
		case errors.Is(err, errEmpty):
			return dst, nil
		case errors.Is(err, io.EOF):
			return dst, io.EOF
		default:
			return dst, fault.Wrap(fault.TLS, "tls", err, "What came over TLS is not valid: %v.", err)
		}
	}
}

// minRoom is the least that a read is offered.
const minRoom = 4 << 10

// Encode appends to dst what the codec owes, and plain as records.
func (c *Codec) Encode(dst, plain []byte) []byte {
	c.wire.out = append(dst, c.wire.out...)
	if len(plain) > 0 {
		_, _ = c.tls.Write(plain) // fails only when the connection is to end anyhow
	}
	return c.wire.take()
}

// Owes says whether there is something to say of TLS's own: an alert, an answer
// to a key update.
func (c *Codec) Owes() bool { return len(c.wire.out) > 0 }

// Held is the memory of a record that is not whole.
func (c *Codec) Held() int { return c.wire.half.held() }

// End appends what the codec owes and says that nothing more comes.
func (c *Codec) End(dst []byte) []byte {
	c.wire.out = append(dst, c.wire.out...)
	_ = c.tls.CloseWrite()
	return c.wire.take()
}

// Remote is nobody's: TLS does not move addresses.
func (c *Codec) Remote() netip.AddrPort { return netip.AddrPort{} }

// record is how much of a TLS record has come, by its header.
type record struct {
	header [recordHeader]byte
	have   int // bytes of the header
	left   int // bytes of the payload that are missing, when the header is whole
}

const recordHeader = 5 // type, version, two bytes of length: RFC 8446, 5.1

// pass takes note of what comes.
func (r *record) pass(wire []byte) {
	for len(wire) > 0 {
		if r.have < recordHeader {
			n := copy(r.header[r.have:], wire)
			r.have, wire = r.have+n, wire[n:]
			if r.have < recordHeader {
				return
			}
			r.left = int(binary.BigEndian.Uint16(r.header[3:]))
		}
		n := min(r.left, len(wire))
		if r.left, wire = r.left-n, wire[n:]; r.left == 0 {
			r.have = 0
		}
	}
}

// held is what crypto/tls makes room for: all of a record whose length is known.
func (r *record) held() int {
	if r.have < recordHeader {
		return r.have
	}
	return recordHeader + min(int(binary.BigEndian.Uint16(r.header[3:])), maxRecord)
}

// maxRecord is the most that a record may hold; a longer one ends the connection.
const maxRecord = 16<<10 + 2048

// wire is the connection as crypto/tls sees it: nc until it is detached, then what
// Decode was given and what Encode takes.
type wire struct {
	nc      net.Conn
	in, out []byte
	half    record
}

func (w *wire) take() []byte {
	b := w.out
	w.out = nil
	return b
}

// Read is net.Conn's.
func (w *wire) Read(b []byte) (int, error) {
	if w.nc != nil {
		n, err := w.nc.Read(b)
		w.half.pass(b[:n])
		return n, err
	}
	if len(w.in) == 0 {
		return 0, errEmpty
	}
	n := copy(b, w.in)
	w.in = w.in[n:]
	return n, nil
}

// Write is net.Conn's.
func (w *wire) Write(b []byte) (int, error) {
	if w.nc != nil {
		return w.nc.Write(b)
	}
	w.out = append(w.out, b...)
	return len(b), nil
}

// Close is net.Conn's. Who has the socket closes it.
func (w *wire) Close() error { return nil }

// LocalAddr is net.Conn's.
func (w *wire) LocalAddr() net.Addr {
	if w.nc == nil {
		return nil
	}
	return w.nc.LocalAddr()
}

// RemoteAddr is net.Conn's.
func (w *wire) RemoteAddr() net.Addr {
	if w.nc == nil {
		return nil
	}
	return w.nc.RemoteAddr()
}

// SetDeadline is net.Conn's; nothing here waits.
func (w *wire) SetDeadline(time.Time) error { return nil }

// SetReadDeadline is net.Conn's; nothing here waits.
func (w *wire) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline is net.Conn's; nothing here waits.
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

// empty says that there is nothing to read for now. crypto/tls keeps what it has of
// a record after an error that is a passing one, and can be asked again.
type empty struct{}

var errEmpty net.Error = empty{}

// Error is error's.
func (empty) Error() string { return "nothing to read yet" }

// Timeout is net.Error's.
func (empty) Timeout() bool { return true }

// Temporary is net.Error's.
func (empty) Temporary() bool { return true }
