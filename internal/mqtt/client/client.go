package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// Client is one connection. Its methods may be called from any goroutine.
type Client struct {
	o         Options
	conn      net.Conn
	keepAlive time.Duration
	maxOut    int           // the server's maximum packet size; 0 is no limit
	wake      chan struct{} // holds one token while there is something to write
	done      chan struct{} // closed when the connection has ended
	running   sync.WaitGroup

	// mu guards all below.
	mu      sync.Mutex
	room    *sync.Cond // signalled when window or buffer gain room, and at the end
	out     []byte     // packets to write
	win     window
	calls   map[uint16]chan<- answer // SUBSCRIBE and UNSUBSCRIBE under way
	nextID  uint16
	closing bool  // Close was called: write what is left, then end
	ended   bool  // done is closed
	err     error // why
	pinged  bool  // a PINGREQ waits for its PINGRESP
	wrote   time.Time

	inbound map[uint16]struct{} // QoS 2 identifiers received; the reader's own
}

// Connect opens the connection, sends CONNECT and waits for CONNACK. ctx covers
// that alone. The caller owns the client and ends it with Close or Abort.
func Connect(ctx context.Context, o Options) (*Client, error) {
	o.defaults()
	conn, err := o.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("mqtt client: dial: %w", err)
	}
	c := &Client{
		o: o, conn: conn, keepAlive: o.KeepAlive, wake: make(chan struct{}, 1), done: make(chan struct{}),
		calls: map[uint16]chan<- answer{}, inbound: map[uint16]struct{}{}, wrote: time.Now(),
	}
	c.room = sync.NewCond(&c.mu)
	rest, err := c.handshake(ctx)
	if err != nil {
		conn.Close()
		return nil, err
	}
	c.resume()
	c.running.Add(2)
	go c.write()
	go c.read(rest)
	return c, nil
}

// handshake returns what the server sent behind CONNACK.
func (c *Client) handshake(ctx context.Context) (rest []byte, err error) {
	stop := context.AfterFunc(ctx, func() { c.conn.SetDeadline(time.Unix(1, 0)) })
	defer func() {
		if !stop() && err != nil {
			err = fmt.Errorf("mqtt client: connect: %w", context.Cause(ctx))
		}
	}()
	if _, err := c.conn.Write(c.o.connectPacket().Append(nil, c.o.Version)); err != nil {
		return nil, fmt.Errorf("mqtt client: send CONNECT: %w", err)
	}
	first, rest, err := c.firstPacket()
	if err != nil {
		return nil, fmt.Errorf("mqtt client: wait for CONNACK: %w", err)
	}
	var ack packet.Connack
	if err := ack.Decode(first, c.o.Version); err != nil {
		return nil, fmt.Errorf("mqtt client: CONNACK: %w", err)
	}
	if ack.Reason != packet.Success {
		return nil, &Refused{Reason: ack.Reason, Text: string(ack.ReasonString)}
	}
	c.agree(&ack)
	return rest, nil
}

func (c *Client) firstPacket() (first, rest []byte, err error) {
	buf := make([]byte, 0, readBuffer)
	for {
		size, err := packet.Frame(buf, c.o.MaxPacket)
		if err != nil {
			return nil, nil, err
		}
		if size > 0 && size <= len(buf) {
			return buf[:size], buf[size:], nil
		}
		if len(buf) == cap(buf) {
			buf = append(buf, make([]byte, len(buf))...)[:len(buf)]
		}
		n, err := c.conn.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err != nil && n == 0 {
			return nil, nil, err
		}
	}
}

// agree takes over what the server decides.
func (c *Client) agree(ack *packet.Connack) {
	c.maxOut = int(ack.MaximumPacketSize)
	if ack.HasServerKeepAlive {
		c.keepAlive = time.Duration(ack.ServerKeepAlive) * time.Second
	}
	if len(ack.AssignedClientID) > 0 {
		c.o.ClientID = string(ack.AssignedClientID)
	}
	c.win = newWindow(c.o.Window, int(ack.ReceiveMaximum), c.o.Retry)
	c.nextID = maxWindow
}

// Done is closed when the connection has ended.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err is why the connection ended; nil before that and after Close.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// InFlight is how many messages wait for their acknowledgement.
func (c *Client) InFlight() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.win.used
}

// Drain waits until every message is acknowledged and everything is handed to the
// network, the connection ends, or ctx does.
func (c *Client) Drain(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.room.Broadcast()
	})
	defer stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for (c.win.used > 0 || len(c.out) > 0) && !c.ended && ctx.Err() == nil {
		c.room.Wait()
	}
	if c.win.used == 0 && len(c.out) == 0 {
		return nil
	}
	if c.ended {
		return errors.Join(ErrClosed, c.err)
	}
	return ctx.Err()
}

// Close sends what is buffered and a DISCONNECT, and ends the connection; when ctx
// ends first it does so at once. It returns after both goroutines have ended.
func (c *Client) Close(ctx context.Context) error {
	c.mu.Lock()
	if !c.ended && !c.closing {
		c.closing = true
		c.out = (&packet.Disconnect{}).Append(c.out, c.o.Version)
		c.room.Broadcast()
		c.poke()
	}
	c.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { c.conn.Close() })
	defer stop()
	c.running.Wait()
	return c.Err()
}

// Abort cuts the connection without a DISCONNECT, as a crash would, and returns
// after both goroutines have ended.
func (c *Client) Abort() {
	c.end(ErrClosed)
	c.running.Wait()
}

// end ends the connection once; the first reason stays.
func (c *Client) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return
	}
	if c.closing && (errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed)) {
		err = nil
	}
	c.ended, c.err = true, err
	c.conn.Close()
	for id, ch := range c.calls {
		delete(c.calls, id)
		close(ch)
	}
	c.room.Broadcast()
	close(c.done)
}

// poke tells the writer that there is something to do.
func (c *Client) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}
