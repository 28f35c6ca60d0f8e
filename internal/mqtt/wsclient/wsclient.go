// Package wsclient is the client's end of MQTT over WebSocket (RFC 6455), as a stream of
// bytes.
package wsclient

import (
	"bufio"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
)

// Conn is a WebSocket on the connection below. Reads and writes may be under way at the
// same time, one of each; a Read that finds no more bytes can be called again.
type Conn struct {
	net.Conn
	early []byte // came with the answer to the handshake
	head  [10]byte
	have  int // bytes of head
	left  int // bytes of the frame's payload that are not read

	mu    sync.Mutex // one frame at a time: a reader answers pings
	mask  uint64     // guarded by mu: of the next frame, moved on with each
	frame []byte     // guarded by mu: scratch
}

// The opcodes of section 5.2.
const (
	opContinuation = 0x0
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA
)

const keepFrame = 16 << 10

// acceptSuffix is the constant of RFC 6455 section 1.3.
const acceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// Accept is the answer that a server owes to a client's key.
func Accept(key string) string {
	sum := sha1.Sum([]byte(key + acceptSuffix))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Open shakes hands for the subprotocol mqtt [MQTT-6.0.0-3]. The answer comes with an
// error, too, if there was one; its body is closed. The caller bounds the time.
func Open(conn net.Conn, host, path string) (*Conn, *http.Response, error) {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails
	key := base64.StdEncoding.EncodeToString(nonce[:])
	_, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Key: %s\r\n\r\n", path, host, key)
	if err != nil {
		return nil, nil, err
	}
	r := bufio.NewReader(conn)
	answer, err := http.ReadResponse(r, nil)
	if err != nil {
		return nil, nil, err
	}
	answer.Body.Close()
	switch {
	case answer.StatusCode != http.StatusSwitchingProtocols:
		return nil, answer, fmt.Errorf("the broker answered %s", answer.Status)
	case answer.Header.Get("Sec-WebSocket-Accept") != Accept(key):
		return nil, answer, errors.New("the broker's answer is not to our key")
	case answer.Header.Get("Sec-WebSocket-Protocol") != "mqtt":
		return nil, answer, errors.New("the broker does not speak the subprotocol mqtt [MQTT-6.0.0-4]")
	}
	early := make([]byte, r.Buffered())
	_, _ = io.ReadFull(r, early) // they are there
	return &Conn{Conn: conn, early: early, mask: binary.NativeEndian.Uint64(nonce[:8]) | 1}, answer, nil
}

func (w *Conn) Read(b []byte) (int, error) {
	for w.left == 0 {
		if err := w.next(); err != nil {
			return 0, err
		}
	}
	n, err := w.raw(b[:min(len(b), w.left)])
	w.left -= n
	return n, err
}

// raw reads bytes of frames.
func (w *Conn) raw(b []byte) (int, error) {
	if len(w.early) > 0 {
		n := copy(b, w.early)
		w.early = w.early[n:]
		return n, nil
	}
	return w.Conn.Read(b)
}

// next reads the head of a frame, and all of one that controls.
func (w *Conn) next() error {
	if err := w.collect(2); err != nil {
		return err
	}
	op, size := w.head[0]&0x0F, int(w.head[1]&0x7F)
	if w.head[1]&0x80 != 0 {
		return errors.New("a masked frame from the broker")
	}
	if op >= opClose {
		return w.control(op, size)
	}
	if op != opBinary && op != opContinuation {
		return fmt.Errorf("a frame of type %d [MQTT-6.0.0-1]", op)
	}
	switch size {
	case 126:
		if err := w.collect(4); err != nil {
			return err
		}
		size = int(binary.BigEndian.Uint16(w.head[2:]))
	case 127:
		if err := w.collect(10); err != nil {
			return err
		}
		size = int(binary.BigEndian.Uint64(w.head[2:]) & (1<<62 - 1))
	}
	w.left, w.have = size, 0
	return nil
}

// collect reads on until n bytes of the head are there.
func (w *Conn) collect(n int) error {
	for w.have < n {
		k, err := w.raw(w.head[w.have:n])
		if w.have += k; err != nil {
			return err
		}
	}
	return nil
}

// control handles a frame that is not MQTT's. The broker has no cause to send a ping
// with more than the 8 bytes that we take.
func (w *Conn) control(op byte, size int) error {
	if op == opClose {
		return io.EOF
	}
	if size > len(w.head)-2 {
		return fmt.Errorf("a control frame of %d bytes", size)
	}
	if err := w.collect(2 + size); err != nil {
		return err
	}
	w.have = 0
	if op == opPing {
		_, err := w.send(opPong, w.head[2:2+size])
		return err
	}
	return nil
}

// Write sends one binary frame.
func (w *Conn) Write(b []byte) (int, error) { return w.send(opBinary, b) }

func (w *Conn) send(op byte, b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := append(w.frame[:0], 0x80|op)
	switch {
	case len(b) < 126:
		f = append(f, 0x80|byte(len(b)))
	case len(b) < 1<<16:
		f = binary.BigEndian.AppendUint16(append(f, 0x80|126), uint16(len(b)))
	default:
		f = binary.BigEndian.AppendUint64(append(f, 0x80|127), uint64(len(b)))
	}
	w.mask = w.mask*6364136223846793005 + 1442695040888963407
	key := uint32(w.mask >> 32)
	f = binary.LittleEndian.AppendUint32(f, key)
	from := len(f)
	f = append(f, b...)
	scramble(f[from:], key)
	if w.frame = f; cap(f) > keepFrame {
		w.frame = nil
	}
	if _, err := w.Conn.Write(f); err != nil {
		return 0, err
	}
	return len(b), nil
}

// scramble masks b by the key, whose low byte comes first (section 5.3).
func scramble(b []byte, key uint32) {
	wide := uint64(key)<<32 | uint64(key)
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^wide)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= byte(key >> (8 * (i % 4)))
	}
}
