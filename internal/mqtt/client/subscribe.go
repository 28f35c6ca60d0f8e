package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// answer is what a SUBACK or UNSUBACK said.
type answer struct{ reasons []byte }

// Subscribe asks for subscriptions and returns the server's reason code for each.
func (c *Client) Subscribe(ctx context.Context, filters ...packet.Subscription) ([]byte, error) {
	return c.call(ctx, "subscribe", func(dst []byte, id uint16) []byte {
		return (&packet.Subscribe{ID: id, Filters: filters}).Append(dst, c.o.Version)
	})
}

// Unsubscribe ends subscriptions and returns the server's reason code for each,
// none before MQTT 5.
func (c *Client) Unsubscribe(ctx context.Context, filters ...string) ([]byte, error) {
	p := packet.Unsubscribe{}
	for _, f := range filters {
		p.Filters = append(p.Filters, []byte(f))
	}
	return c.call(ctx, "unsubscribe", func(dst []byte, id uint16) []byte {
		p.ID = id
		return p.Append(dst, c.o.Version)
	})
}

// call sends a packet that the server answers, and waits for the answer.
func (c *Client) call(ctx context.Context, op string, encode func([]byte, uint16) []byte) ([]byte, error) {
	ch := make(chan answer, 1)
	id, err := c.begin(ch, encode)
	if err != nil {
		return nil, fmt.Errorf("mqtt client: %s: %w", op, err)
	}
	select {
	case a, ok := <-ch:
		if ok {
			return a.reasons, nil
		}
		return nil, fmt.Errorf("mqtt client: %s: %w", op, errors.Join(ErrClosed, c.Err()))
	case <-ctx.Done():
		c.forget(id)
		return nil, fmt.Errorf("mqtt client: %s: %w", op, ctx.Err())
	}
}

func (c *Client) begin(ch chan<- answer, encode func([]byte, uint16) []byte) (uint16, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended || c.closing {
		return 0, errors.Join(ErrClosed, c.err)
	}
	if len(c.calls) >= 65535-maxWindow {
		return 0, errors.New("too many subscribe calls at once")
	}
	for taken := true; taken; _, taken = c.calls[c.nextID] {
		if c.nextID++; c.nextID == 0 { // identifiers above the window's
			c.nextID = maxWindow + 1
		}
	}
	c.calls[c.nextID] = ch
	c.out = encode(c.out, c.nextID)
	c.poke()
	return c.nextID, nil
}

func (c *Client) forget(id uint16) {
	c.mu.Lock()
	delete(c.calls, id)
	c.mu.Unlock()
}

func (c *Client) handleAnswer(b []byte) error {
	p, err := packet.Decode(b, c.o.Version)
	if err != nil {
		return err
	}
	var id uint16
	var reasons []byte
	switch p := p.(type) {
	case *packet.Suback:
		id, reasons = p.ID, p.Reasons
	case *packet.Unsuback:
		id, reasons = p.ID, p.Reasons
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if ch, ok := c.calls[id]; ok {
		delete(c.calls, id)
		ch <- answer{append([]byte(nil), reasons...)}
	}
	return nil
}
