package loop

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// coded is a blocking connection through a codec, for the portable transport. One
// goroutine may read while another writes.
type coded struct {
	net.Conn
	codecMu sync.Mutex
	codec   Codec         // guarded by codecMu
	err     error         // guarded by codecMu: what Decode has ended with
	held    int           // guarded by codecMu: by the codec, in sum
	sum     *atomic.Int64 // guarded by codecMu: of the loop; nil when it counts no more
	plain   []byte        // decoded and not yet read; the reader's alone
	began   bool          // what the codec already had is decoded; the reader's alone
	writeMu sync.Mutex
}

// Read is net.Conn's.
func (c *coded) Read(b []byte) (int, error) {
	for len(c.plain) == 0 {
		if err := c.decoded(); err != nil {
			return 0, err
		}
		n := 0
		if c.began {
			var err error
			if n, err = c.Conn.Read(b); n == 0 && err != nil {
				return 0, err
			}
		}
		c.began = true
		c.decode(b[:n])
		if err := c.speak(); err != nil {
			return 0, err
		}
	}
	n := copy(b, c.plain)
	if c.plain = c.plain[n:]; len(c.plain) == 0 {
		c.plain = nil // an idle connection holds no buffer
	}
	return n, nil
}

func (c *coded) decoded() error {
	c.codecMu.Lock()
	defer c.codecMu.Unlock()
	return c.err
}

// remote is the codec's.
func (c *coded) remote() netip.AddrPort {
	c.codecMu.Lock()
	defer c.codecMu.Unlock()
	return c.codec.Remote()
}

func (c *coded) decode(wire []byte) {
	c.codecMu.Lock()
	defer c.codecMu.Unlock()
	c.plain, c.err = c.codec.Decode(nil, wire)
	if n := c.codec.Held(); c.sum != nil && n != c.held {
		c.sum.Add(int64(n - c.held))
		c.held = n
	}
}

// countIn has what the codec keeps counted there from now on; nil is nowhere.
func (c *coded) countIn(sum *atomic.Int64) {
	c.codecMu.Lock()
	defer c.codecMu.Unlock()
	if c.sum != nil {
		c.sum.Add(-int64(c.held))
	}
	if c.sum, c.held = sum, 0; sum != nil {
		c.held = c.codec.Held()
		sum.Add(int64(c.held))
	}
}

// heldNow is what is counted; c may be nil.
func (c *coded) heldNow() int {
	if c == nil {
		return 0
	}
	c.codecMu.Lock()
	defer c.codecMu.Unlock()
	return c.held
}

// speak writes what the codec owes, unless somebody who is writing will.
func (c *coded) speak() error {
	for c.owes() && c.writeMu.TryLock() {
		err := c.send(nil)
		c.writeMu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *coded) owes() bool {
	c.codecMu.Lock()
	defer c.codecMu.Unlock()
	return c.codec.Owes()
}

// Write is net.Conn's.
func (c *coded) Write(b []byte) (int, error) {
	c.writeMu.Lock()
	err := c.send(b)
	c.writeMu.Unlock()
	if err != nil {
		return 0, err
	}
	return len(b), c.speak()
}

// send encodes and writes; writeMu is held.
func (c *coded) send(plain []byte) error {
	c.codecMu.Lock()
	b := c.codec.Encode(nil, plain)
	c.codecMu.Unlock()
	_, err := c.Conn.Write(b)
	return err
}

// farewell says the codec's last words and closes the sending side. It takes no
// longer than a closing connection may.
func (c *coded) farewell() {
	_ = c.Conn.SetWriteDeadline(time.Now().Add(closeGrace))
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	c.codecMu.Lock()
	b := c.codec.End(nil)
	c.codecMu.Unlock()
	_, _ = c.Conn.Write(b)
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}
