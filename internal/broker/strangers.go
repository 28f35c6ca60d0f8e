package broker

import (
	"bytes"

	"github.com/millrace/millrace/internal/broker/loop"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

var errStrangers = fault.New(fault.MemoryGuard, "Too many bytes of clients that are not in yet wait at this moment.")

// strangers are the connections of one loop of which part of a CONNECT waits, those
// that have waited longest first. Some of them may be in or gone by now.
type strangers struct {
	held  map[loop.Handle]int
	order []loop.Handle
	bytes int
	most  int // so long may order be before it is looked through
}

// firstFrame is frame for a connection that is not in. Its first byte must begin a
// CONNECT, else the rest is not worth waiting for [MQTT-3.1.0-1].
func (w *worker) firstFrame(c *client, b []byte) (size int, err error) {
	if packet.TypeOf(b[0]) > packet.TypeConnect {
		return 0, errNoConnect
	}
	z := c.door.zone
	size, err = packet.Frame(b, min(z.MaxPacketSize, z.MaxConnectSize))
	if fault.CodeOf(err) == fault.PacketTooLarge && speaksV5(b) {
		a := packet.Connack{Reason: packet.PacketTooLarge}
		before := c.conn.Output()
		w.send(c, before, a.Append(before, packet.V5))
	}
	return size, err
}

// speaksV5 says whether the begin of a CONNECT shows MQTT 5.
func speaksV5(b []byte) bool {
	at := 1
	for at < len(b) && at < 4 && b[at] >= 0x80 {
		at++
	}
	return at < len(b) && bytes.HasPrefix(b[at+1:], []byte("\x00\x04MQTT\x05"))
}

// strangerHolds notes that n bytes wait of a client that is not in. When all hold
// too much, those that have waited longest are closed.
func (w *worker) strangerHolds(c *client, n int) {
	s, h := &w.strangers, c.conn.Handle()
	if !c.conn.Open() {
		return
	}
	if s.held == nil {
		s.held = map[loop.Handle]int{}
	}
	was, known := s.held[h]
	if !known {
		s.order = append(s.order, h)
	}
	s.held[h] = n
	s.bytes += n - was
	most := w.options.StrangerBytes / w.options.Loops
	if s.bytes <= most && len(s.order) <= s.most {
		return
	}
	w.forgetKnown()
	w.closeStrangers(most)
	s.most = max(1024, 2*len(s.order))
}

// forgetKnown lets go of those that are in or gone.
func (w *worker) forgetKnown() {
	s, rest := &w.strangers, w.strangers.order[:0]
	for _, h := range s.order {
		if conn := w.loop.Conn(h); conn != nil && conn.Open() && clientOf(conn).id == "" {
			rest = append(rest, h)
			continue
		}
		s.bytes -= s.held[h]
		delete(s.held, h)
	}
	s.order = rest
}

// closeStrangers closes the oldest until the others hold no more than that. It goes
// on to three quarters, so that a flood does not ask for it with every packet.
func (w *worker) closeStrangers(most int) {
	s := &w.strangers
	if s.bytes <= most {
		return
	}
	n := 0
	for ; n < len(s.order) && s.bytes > most/4*3; n++ {
		h := s.order[n]
		s.bytes -= s.held[h]
		delete(s.held, h)
		w.end(clientOf(w.loop.Conn(h)), errStrangers)
	}
	s.order = append(s.order[:0], s.order[n:]...)
}
