package bench

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"

	"github.com/millrace/millrace/internal/mqtt/wsclient"
)

// layered says whether there is something between the socket and MQTT.
func (o *Options) layered() bool { return o.TLS != nil || o.WebSocket != "" }

// layer puts TLS and WebSocket, as asked, on a connected socket. It blocks for the
// handshakes, at most until ctx ends.
func (o *Options) layer(ctx context.Context, socket net.Conn) (net.Conn, error) {
	conn := socket
	cut := context.AfterFunc(ctx, func() { socket.Close() })
	defer cut()
	if o.TLS != nil {
		secure := tls.Client(conn, o.TLS)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, fmt.Errorf("TLS: %w", err)
		}
		conn = secure
	}
	if o.WebSocket != "" {
		ws, _, err := wsclient.Open(conn, o.Addr, o.WebSocket)
		if err != nil {
			return nil, fmt.Errorf("WebSocket: %w", err)
		}
		conn = ws
	}
	return conn, nil
}

// again is what a sheath answers when it has no more bytes. It is temporary, so that
// crypto/tls keeps what it has of a record and can be called again.
type again struct{}

func (again) Error() string   { return "no more bytes for now" }
func (again) Timeout() bool   { return true }
func (again) Temporary() bool { return true }

// sheath stands for the socket below the layers. They shake hands over the real one;
// from then on what they read is what the loop has read, and what they write waits
// for the loop to write it.
type sheath struct {
	net.Conn
	loops bool // the loop moves the bytes
	in    []byte
	out   []byte
}

func (s *sheath) Read(b []byte) (int, error) {
	if !s.loops {
		return s.Conn.Read(b)
	}
	if len(s.in) == 0 {
		return 0, again{}
	}
	n := copy(b, s.in)
	s.in = s.in[n:]
	return n, nil
}

func (s *sheath) Write(b []byte) (int, error) {
	if !s.loops {
		return s.Conn.Write(b)
	}
	s.out = append(s.out, b...)
	return len(b), nil
}

// Close is the loop's business: layers that close themselves leave the socket alone.
func (s *sheath) Close() error {
	if s.loops {
		return nil
	}
	return s.Conn.Close()
}
