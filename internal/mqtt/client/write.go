package client

import (
	"errors"
	"time"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

var errNoPong = errors.New("mqtt client: no PINGRESP within the keep alive")

// write is the writer goroutine: it ends with the connection. Whatever gathered
// while one write was under way leaves in the next.
func (c *Client) write() {
	defer c.running.Done()
	ticks, stop := c.ticks()
	defer stop()
	var spare []byte
	for {
		select {
		case <-c.done:
			return
		case <-c.wake:
		case now := <-ticks:
			c.tick(now)
		}
		for {
			b := c.takeOut(spare)
			if len(b) == 0 {
				break
			}
			if _, err := c.conn.Write(b); err != nil {
				c.end(err)
				return
			}
			spare = b
		}
		if c.isClosing() {
			c.finish()
			return
		}
	}
}

// takeOut exchanges the buffer against spare, unless it is empty.
func (c *Client) takeOut(spare []byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.room.Broadcast()
	if len(c.out) == 0 {
		return nil
	}
	b := c.out
	c.out = nil
	if cap(spare) <= 2*c.o.Buffer {
		c.out = spare[:0]
	}
	if c.keepAlive > 0 {
		c.wrote = time.Now()
	}
	return b
}

func (c *Client) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing && len(c.out) == 0
}

// finish ends a connection whose DISCONNECT is sent: it waits for the server to
// close, so that nothing on the way to it is lost.
func (c *Client) finish() {
	half, ok := c.conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		c.end(nil)
		return
	}
	wait := time.NewTimer(time.Second)
	defer wait.Stop()
	select {
	case <-c.done:
	case <-wait.C:
		c.end(nil)
	}
}

func (c *Client) ticks() (<-chan time.Time, func()) {
	if c.keepAlive <= 0 {
		return nil, func() {}
	}
	t := time.NewTicker(c.keepAlive / 2)
	return t.C, t.Stop
}

// tick sends a PINGREQ before the silence grows too long [MQTT-3.1.2-20].
func (c *Client) tick(now time.Time) {
	c.mu.Lock()
	idle := now.Sub(c.wrote)
	lost := c.pinged && idle >= c.keepAlive
	if !c.pinged && idle >= c.keepAlive/3 {
		c.out = packet.Pingreq{}.Append(c.out, c.o.Version)
		c.pinged = true
	}
	c.mu.Unlock()
	if lost {
		c.end(errNoPong)
	}
}
