// Package wsconn is a client's side of WebSocket for tests, as a net.Conn: each
// write is a binary frame.
package wsconn

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Conn is a connection whose request was granted.
type Conn struct {
	net.Conn
	in   *bufio.Reader
	left int // of the frame that is read

	mu sync.Mutex // one frame at a time
}

// Client asks for an upgrade at the path, of the host localhost if no header says another.
func Client(nc net.Conn, path string, headers ...string) (*Conn, error) {
	if !slices.ContainsFunc(headers, func(h string) bool { return strings.HasPrefix(h, "Host:") }) {
		headers = append([]string{"Host: localhost"}, headers...)
	}
	request := "GET " + path + " HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mqtt\r\n"
	for _, h := range headers {
		request += h + "\r\n"
	}
	if _, err := io.WriteString(nc, request+"\r\n"); err != nil {
		return nil, err
	}
	c := &Conn{Conn: nc, in: bufio.NewReader(nc)}
	answer, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("wsconn: %s", answer.Status)
	}
	return c, nil
}

// Frame is a client's frame.
func Frame(first byte, payload []byte) []byte {
	b := []byte{first, 0x80}
	switch n := len(payload); {
	case n < 126:
		b[1] |= byte(n)
	case n < 1<<16:
		b[1] |= 126
		b = binary.BigEndian.AppendUint16(b, uint16(n))
	default:
		b[1] |= 127
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	mask := [4]byte{0xA5, 0x5A, 0x3C, 0xC3}
	b = append(b, mask[:]...)
	for i, x := range payload {
		b = append(b, x^mask[i&3])
	}
	return b
}

// Write is net.Conn's.
func (c *Conn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := c.Conn.Write(Frame(0x82, b)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Read is net.Conn's; a close frame is io.EOF.
func (c *Conn) Read(b []byte) (int, error) {
	for c.left == 0 {
		opcode, n, err := c.head()
		if err != nil {
			return 0, err
		}
		switch opcode {
		case 0x2:
			c.left = n
		case 0x8:
			return 0, io.EOF
		default:
			if _, err := c.in.Discard(n); err != nil {
				return 0, err
			}
		}
	}
	n, err := c.in.Read(b[:min(len(b), c.left)])
	c.left -= n
	return n, err
}

func (c *Conn) head() (opcode byte, n int, err error) {
	var b [8]byte
	if _, err := io.ReadFull(c.in, b[:2]); err != nil {
		return 0, 0, err
	}
	opcode, n = b[0]&0x0F, int(b[1])
	switch n {
	case 126:
		_, err = io.ReadFull(c.in, b[:2])
		n = int(binary.BigEndian.Uint16(b[:]))
	case 127:
		_, err = io.ReadFull(c.in, b[:])
		n = int(binary.BigEndian.Uint64(b[:]))
	}
	return opcode, n, err
}
