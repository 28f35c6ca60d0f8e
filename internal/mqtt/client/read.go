package client

import (
	"fmt"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

const readBuffer = 4 << 10

// inbox holds the packets that the reader decodes into again and again.
type inbox struct {
	publish packet.Publish
	ack     packet.Ack
}

// read is the reader goroutine: it ends with the connection and is the only one to
// call the callbacks. rest is what came with CONNACK.
func (c *Client) read(rest []byte) {
	defer c.running.Done()
	err := c.readAll(append(make([]byte, 0, max(readBuffer, len(rest))), rest...))
	c.end(err)
	if c.o.Closed != nil {
		c.o.Closed(c.Err())
	}
}

func (c *Client) readAll(buf []byte) error {
	var in inbox
	for {
		n, need, err := c.handleAll(buf, &in)
		if err != nil {
			return err
		}
		buf = buf[:copy(buf, buf[n:])]
		if need > cap(buf) || len(buf) == cap(buf) {
			buf = append(make([]byte, 0, max(need, 2*cap(buf))), buf...)
		}
		n, err = c.conn.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err != nil && n == 0 {
			return err
		}
	}
}

// handleAll handles every whole packet in b. It returns how many bytes those were
// and, when known, how long the one is that begins behind them.
func (c *Client) handleAll(b []byte, in *inbox) (n, need int, err error) {
	for {
		size, err := packet.Frame(b[n:], c.o.MaxPacket)
		if err != nil {
			return n, 0, err
		}
		if size == 0 || size > len(b)-n {
			return n, size, nil
		}
		if err := c.handle(b[n:n+size], in); err != nil {
			return n, 0, err
		}
		n += size
	}
}

func (c *Client) handle(b []byte, in *inbox) error {
	switch t := packet.TypeOf(b[0]); t {
	case packet.TypePublish:
		return c.handlePublish(b, &in.publish)
	case packet.TypePuback, packet.TypePubrec, packet.TypePubrel, packet.TypePubcomp:
		if err := in.ack.Decode(b, c.o.Version); err != nil {
			return err
		}
		c.handleAck(&in.ack)
		return nil
	case packet.TypeSuback, packet.TypeUnsuback:
		return c.handleAnswer(b)
	case packet.TypePingresp:
		c.mu.Lock()
		c.pinged = false
		c.mu.Unlock()
		return nil
	case packet.TypeDisconnect:
		return c.handleDisconnect(b)
	default:
		return fmt.Errorf("mqtt client: unexpected %v", t)
	}
}

func (c *Client) handleDisconnect(b []byte) error {
	var d packet.Disconnect
	if err := d.Decode(b, c.o.Version); err != nil {
		return err
	}
	return &Disconnected{Reason: d.Reason, Text: string(d.ReasonString)}
}

func (c *Client) handlePublish(b []byte, p *packet.Publish) error {
	if err := p.Decode(b, c.o.Version); err != nil {
		return err
	}
	_, repeated := c.inbound[p.ID]
	if c.o.Received != nil && !(p.QoS == 2 && repeated) {
		c.o.Received(p)
	}
	switch p.QoS {
	case 1:
		c.answer(packet.TypePuback, p.ID)
	case 2:
		c.inbound[p.ID] = struct{}{} // [MQTT-4.3.3-10]
		c.answer(packet.TypePubrec, p.ID)
	}
	return nil
}

func (c *Client) handleAck(a *packet.Ack) {
	switch {
	case a.Kind == packet.TypePubrel:
		delete(c.inbound, a.ID)
		c.answer(packet.TypePubcomp, a.ID)
	case a.Kind == packet.TypePubrec && a.Reason < packet.UnspecifiedError:
		c.mu.Lock()
		if s := c.win.at(a.ID); s != nil {
			s.received = true
		}
		c.mu.Unlock()
		c.answer(packet.TypePubrel, a.ID)
	default:
		c.acknowledged(a)
	}
}

// acknowledged frees the message's place and tells its owner.
func (c *Client) acknowledged(a *packet.Ack) {
	c.mu.Lock()
	token, ok := c.win.release(a.ID)
	c.room.Broadcast()
	c.mu.Unlock()
	if ok && c.o.Acked != nil {
		c.o.Acked(token, a.Reason)
	}
}

func (c *Client) answer(t packet.Type, id uint16) {
	c.mu.Lock()
	c.out = packet.AppendAck(c.out, t, id, packet.Success, c.o.Version)
	c.poke()
	c.mu.Unlock()
}
