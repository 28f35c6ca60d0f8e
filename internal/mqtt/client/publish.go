package client

import (
	"errors"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

var errTooLarge = fault.New(fault.PacketTooLarge, "The message is larger than the server takes.")

// Publish sends a message; its packet identifier is set by the client. It waits
// while the window or the buffer is full. token comes back through Options.Acked
// for QoS 1 and 2.
func (c *Client) Publish(p *packet.Publish, token uint64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.ended && !c.closing && !c.fits(p) {
		c.room.Wait()
	}
	return c.append(p, token)
}

// TryPublish is Publish, but returns false in place of waiting.
func (c *Client) TryPublish(p *packet.Publish, token uint64) (sent bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended && !c.closing && !c.fits(p) {
		return false, nil
	}
	err = c.append(p, token)
	return err == nil, err
}

// fits reports whether the message may be appended now; mu is held.
func (c *Client) fits(p *packet.Publish) bool {
	return len(c.out) < c.o.Buffer && (p.QoS == 0 || !c.win.full())
}

// append encodes the message into the buffer; mu is held.
func (c *Client) append(p *packet.Publish, token uint64) error {
	if c.ended || c.closing {
		return errors.Join(ErrClosed, c.err)
	}
	if size := p.Size(c.o.Version); c.maxOut > 0 && size > c.maxOut || size > packet.MaxRemaining {
		return errTooLarge
	}
	p.ID = 0
	if p.QoS > 0 {
		p.ID = c.win.take(token)
	}
	from := len(c.out)
	c.out = p.Append(c.out, c.o.Version)
	if p.QoS > 0 && c.o.Retry {
		s := c.win.at(p.ID)
		s.image = append(s.image, c.out[from:]...)
	}
	c.poke()
	return nil
}

// resume takes over what an earlier client did not get acknowledged and sends it
// again, in order. Nothing else has the client yet.
func (c *Client) resume() {
	prev := c.o.Resume
	c.o.Resume = nil
	if prev == nil || !prev.o.Retry {
		return
	}
	prev.Abort()
	limit := c.win.limit
	c.win = prev.win
	c.win.limit = limit
	for _, id := range c.win.unacknowledged() {
		c.out = c.resend(c.out, id) // [MQTT-4.4.0-1]
	}
	c.poke()
}

func (c *Client) resend(dst []byte, id uint16) []byte {
	s := c.win.at(id)
	if s.received {
		return packet.AppendAck(dst, packet.TypePubrel, id, packet.Success, c.o.Version)
	}
	if len(s.image) > 0 {
		packet.PatchDup(s.image) // [MQTT-3.3.1-1]
	}
	return append(dst, s.image...)
}
