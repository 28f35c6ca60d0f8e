package broker

import (
	"crypto/tls"

	"github.com/millrace/millrace/internal/broker/loop"
	"github.com/millrace/millrace/internal/broker/secure"
	"github.com/millrace/millrace/internal/broker/websocket"
)

// guest is the door of a connection for whose client a proxy may vouch.
type guest struct {
	*door
	commonName string           // of the certificate that the proxy has verified; may be empty
	websocket  *websocket.Codec // which reads whom the proxy speaks for; may be nil
}

// Release is loop.Door's.
func (g *guest) Release(c *loop.Conn) {
	g.door.Release(c)
	if g.websocket != nil {
		g.websocket.Leave()
	}
}

// doorOf is where a connection came in.
func doorOf(conn *loop.Conn) *door {
	if g, ok := conn.Door().(*guest); ok {
		return g.door
	}
	return conn.Door().(*door)
}

// abroad says whether the client may be on another machine though the socket's peer is not.
func abroad(conn *loop.Conn) bool {
	codec := conn.Codec()
	if chained, is := codec.(*loop.Chained); is {
		codec = chained.Inner()
	}
	ws, ok := codec.(*websocket.Codec)
	return ok && ws.Abroad()
}

// secured is what TLS has agreed on with the client; ok is false without TLS. The
// certificate it holds was verified, if there is one.
func secured(conn *loop.Conn) (state tls.ConnectionState, ok bool) {
	codec := conn.Codec()
	if chained, is := codec.(*loop.Chained); is {
		codec = chained.Outer()
	}
	s, ok := codec.(*secure.Codec)
	if !ok {
		return state, false
	}
	return s.State(), true
}

// certificateName is the common name in the client's certificate, which was
// verified here or by the proxy; empty when there is none.
func certificateName(conn *loop.Conn) string {
	if g, ok := conn.Door().(*guest); ok && g.commonName != "" {
		return g.commonName
	}
	if state, ok := secured(conn); ok && len(state.PeerCertificates) > 0 {
		return state.PeerCertificates[0].Subject.CommonName
	}
	return ""
}
