package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// Options of a client. The zero value of each but Addr is a useful default.
type Options struct {
	// Addr is dialled by TCP, "host:port", unless Dial or Conn is set.
	Addr string
	// Dial opens the connection in place of TCP to Addr.
	Dial func(ctx context.Context) (net.Conn, error)
	// Conn is a connection that is open already; the client takes ownership.
	Conn net.Conn
	// Version of the protocol; MQTT 5 when 0.
	Version packet.Version
	// ClientID may be empty: the server then gives one to MQTT 5 clients.
	ClientID string
	// Username and Password; empty are not sent.
	Username, Password string
	// KeepAlive is the largest silence; 0 is a minute, below 0 is off.
	KeepAlive time.Duration
	// KeepSession goes on with the server's session in place of a new one.
	KeepSession bool
	// SessionExpiry is how many seconds the session outlives the connection.
	SessionExpiry uint32
	// Window is how many QoS 1 and 2 messages may be unacknowledged, at most
	// 60,000 and the server's receive maximum; 0 is 64.
	Window int
	// Buffer is how many bytes may wait to be written; 0 is 64 KiB.
	Buffer int
	// MaxPacket is the largest packet taken; 0 is 1 MiB.
	MaxPacket int
	// Retry keeps a copy of what is not acknowledged, for a later Resume.
	Retry bool
	// Resume is an ended client with Retry: what it did not get acknowledged is
	// sent again. It must not be used any more.
	Resume *Client

	// Acked is called once for each acknowledged message of QoS 1 and 2.
	Acked func(token uint64, reason byte)
	// Received is called for each message received.
	Received func(p *packet.Publish)
	// Closed is called when the connection has ended; err is nil after Close.
	Closed func(err error)
}

const (
	maxWindow        = 60_000
	defaultWindow    = 64
	defaultBuffer    = 64 << 10
	defaultMaxPacket = 1 << 20
)

// ErrClosed says that the connection has ended.
var ErrClosed = errors.New("mqtt client: connection closed")

// Refused is the error of Connect when the server refuses.
type Refused struct {
	// Reason is the reason code of CONNACK, Text its reason string.
	Reason byte
	Text   string
}

// Error names the reason.
func (e *Refused) Error() string {
	s := "mqtt client: refused: " + packet.ReasonName(e.Reason)
	if e.Text != "" {
		s += ": " + e.Text
	}
	return s
}

// Disconnected is the error of a connection that the server ended with a reason.
type Disconnected struct {
	// Reason is the reason code of DISCONNECT, Text its reason string.
	Reason byte
	Text   string
}

// Error names the reason.
func (e *Disconnected) Error() string {
	return fmt.Sprintf("mqtt client: disconnected by the server: %s %s", packet.ReasonName(e.Reason), e.Text)
}

func (o *Options) defaults() {
	if o.Version == 0 {
		o.Version = packet.V5
	}
	if o.KeepAlive == 0 {
		o.KeepAlive = time.Minute
	}
	o.KeepAlive = min(max(o.KeepAlive, 0), 65535*time.Second)
	if o.Window <= 0 {
		o.Window = defaultWindow
	}
	o.Window = min(o.Window, maxWindow)
	if o.Buffer <= 0 {
		o.Buffer = defaultBuffer
	}
	if o.MaxPacket <= 0 {
		o.MaxPacket = defaultMaxPacket
	}
}

func (o *Options) dial(ctx context.Context) (net.Conn, error) {
	switch {
	case o.Conn != nil:
		return o.Conn, nil
	case o.Dial != nil:
		return o.Dial(ctx)
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", o.Addr)
}

func (o *Options) connectPacket() *packet.Connect {
	p := &packet.Connect{
		Version: o.Version, CleanStart: !o.KeepSession, ClientID: []byte(o.ClientID),
		KeepAlive: uint16((o.KeepAlive + time.Second - 1) / time.Second),
	}
	if o.Version == packet.V5 {
		p.SessionExpiry = o.SessionExpiry
	}
	if o.Username != "" {
		p.Username = []byte(o.Username)
	}
	if o.Password != "" {
		p.Password = []byte(o.Password)
	}
	return p
}
