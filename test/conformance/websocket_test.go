package conformance

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/broker/websocket"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// The kinds of frames.
const (
	frameText   = 1
	frameBinary = 2
	frameClose  = 8
)

// wsConn speaks WebSocket as a client does: each Write is a frame.
type wsConn struct {
	net.Conn
	r    *bufio.Reader
	left int // of the frame that is being read
}

// upgrade asks for WebSocket with the subprotocols, and returns the answer.
func upgrade(nc net.Conn, protocols string) (*wsConn, *http.Response, error) {
	request := "GET /mqtt HTTP/1.1\r\nHost: broker\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
	if protocols != "" {
		request += "Sec-WebSocket-Protocol: " + protocols + "\r\n"
	}
	if _, err := nc.Write([]byte(request + "\r\n")); err != nil {
		return nil, nil, err
	}
	c := &wsConn{Conn: nc, r: bufio.NewReader(nc)}
	answer, err := http.ReadResponse(c.r, nil)
	return c, answer, err
}

// frame is a whole frame, masked as a client's must be.
func frame(kind byte, payload []byte) []byte {
	b := []byte{0x80 | kind}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	mask := [4]byte{1, 2, 3, 4}
	b = append(b, mask[:]...)
	for i, x := range payload {
		b = append(b, x^mask[i&3])
	}
	return b
}

func (c *wsConn) Write(b []byte) (int, error) {
	if _, err := c.Conn.Write(frame(frameBinary, b)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Read takes the payload of binary frames; a close frame is the end.
func (c *wsConn) Read(b []byte) (int, error) {
	for c.left == 0 {
		kind, n, err := c.head()
		switch {
		case err != nil:
			return 0, err
		case kind == frameClose:
			return 0, io.EOF
		case kind != frameBinary:
			return 0, fmt.Errorf("a frame of kind %d", kind)
		}
		c.left = n
	}
	n, err := c.r.Read(b[:min(len(b), c.left)])
	c.left -= n
	return n, err
}

func (c *wsConn) head() (kind byte, n int, err error) {
	var h [10]byte
	if _, err = io.ReadFull(c.r, h[:2]); err != nil {
		return 0, 0, err
	}
	switch n = int(h[1]); n {
	case 126:
		_, err = io.ReadFull(c.r, h[2:4])
		n = int(binary.BigEndian.Uint16(h[2:]))
	case 127:
		_, err = io.ReadFull(c.r, h[2:10])
		n = int(binary.BigEndian.Uint64(h[2:]))
	}
	return h[0] & 15, n, err
}

// CloseWrite shuts the sending half.
func (c *wsConn) CloseWrite() error { return c.Conn.(*net.TCPConn).CloseWrite() }

// webSocket is a player with a broker that speaks WebSocket, and a socket to it.
func webSocket(t *testing.T) (*player, net.Conn) {
	t.Helper()
	p := &player{
		t: t, story: &story{file: "websocket"}, line: &line{}, version: packet.V5, clock: newClock(),
		clients: map[string]*client{}, values: map[string]string{}, webSocket: true,
	}
	o := broker.Options{Listeners: []broker.Listener{{WebSocket: &websocket.Options{}}}}
	p.broker = startBroker(t, o, p.clock, 2, "")
	t.Cleanup(func() { stop(t, p.broker) })
	nc, err := net.Dial("tcp", p.broker.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close(); p.close() })
	return p, nc
}

func TestWebSocketSubprotocol(t *testing.T) {
	for offered, selected := range map[string]string{"mqtt": "mqtt", "chat, mqtt, mqttv3.1": "mqtt"} {
		_, nc := webSocket(t)
		if _, answer, err := upgrade(nc, offered); err != nil || answer.StatusCode != 101 || answer.Header.Get("Sec-WebSocket-Protocol") != selected {
			t.Errorf("%q: %+v, %v", offered, answer, err)
		}
	}
	for _, offered := range []string{"", "chat"} {
		_, nc := webSocket(t)
		if _, answer, err := upgrade(nc, offered); err != nil || answer.StatusCode == 101 {
			t.Errorf("%q: %+v, %v", offered, answer, err)
		}
	}
}

func TestWebSocketFramesThatAreNotBinary(t *testing.T) {
	p, nc := webSocket(t)
	ws, _, err := upgrade(nc, "mqtt")
	if err != nil {
		t.Fatal(err)
	}
	connect := (&packet.Connect{Version: packet.V5, ClientID: []byte("text"), CleanStart: true}).Append(nil, packet.V5)
	if _, err := nc.Write(frame(frameText, connect)); err != nil {
		t.Fatal(err)
	}
	_ = nc.SetReadDeadline(time.Now().Add(patience))
	if b, err := io.ReadAll(ws); len(b) > 0 || err != nil {
		t.Errorf("got %x, %v", b, err)
	}
	p.connect("w", words{}).ping()
}

func TestWebSocketFramesHoldPartsAndSeveralPackets(t *testing.T) {
	p, nc := webSocket(t)
	ws, _, err := upgrade(nc, "mqtt")
	if err != nil {
		t.Fatal(err)
	}
	b := (&packet.Connect{Version: packet.V5, ClientID: []byte("parts"), CleanStart: true}).Append(nil, packet.V5)
	b = (&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte("a")}}}).Append(b, packet.V5)
	b = (&packet.Publish{Topic: []byte("a"), Payload: []byte("one")}).Append(b, packet.V5)
	b = (&packet.Publish{Topic: []byte("a"), Payload: []byte("two")}).Append(b, packet.V5)
	for cut := range len(b) - 20 { // ever other places to cut; the last frame holds several packets
		if _, err := ws.Write(b[cut : cut+1]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ws.Write(b[len(b)-20:]); err != nil {
		t.Fatal(err)
	}
	c := &client{p: p, nc: ws, version: packet.V5}
	for _, want := range []string{"CONNACK", "SUBACK", "PUBLISH", "PUBLISH"} {
		p.next(c, want)
	}
	if m := c.last.(*packet.Publish); string(m.Payload) != "two" {
		t.Errorf("got %q last", m.Payload)
	}
}
