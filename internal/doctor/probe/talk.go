package probe

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/millrace/millrace/internal/doctor"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// maxPacket bounds what is read of one packet.
const maxPacket = 1 << 20

// errGarbage says that what came is no MQTT.
var errGarbage = errors.New("no MQTT")

// talk is a connection on which MQTT is spoken, one packet after the other.
type talk struct {
	conn    net.Conn
	version packet.Version
	in      []byte
}

// send writes a packet within the limit.
func (t *talk) send(p packet.Packet, limit time.Duration) error {
	_ = t.conn.SetDeadline(time.Now().Add(limit))
	_, err := t.conn.Write(p.Append(nil, t.version))
	return err
}

// receive reads the next packet until the time given. Its slices are the caller's.
func (t *talk) receive(until time.Time) (packet.Packet, error) {
	_ = t.conn.SetReadDeadline(until)
	for {
		size, err := packet.Frame(t.in, maxPacket)
		if err != nil {
			return nil, t.garbage()
		}
		if size > 0 && size <= len(t.in) {
			return t.decode(size)
		}
		more := make([]byte, 4096)
		n, err := t.conn.Read(more)
		t.in = append(t.in, more[:n]...)
		if n == 0 && err != nil {
			if len(t.in) > 0 {
				return nil, t.garbage()
			}
			return nil, err
		}
	}
}

func (t *talk) decode(size int) (packet.Packet, error) {
	whole := t.in[:size:size]
	version := t.version
	if packet.TypeOf(whole[0]) == packet.TypeConnack && size == 4 {
		version = packet.V311 // how an older broker answers a newer client
	}
	got, err := packet.Decode(whole, version)
	if err != nil {
		return nil, t.garbage()
	}
	t.in = t.in[size:]
	return got, nil
}

// garbage shows how what came begins.
func (t *talk) garbage() error {
	return fmt.Errorf("%w, it begins with %q", errGarbage, t.in[:min(len(t.in), 16)])
}

// failure is an error as facts have it.
func failure(err error) (doctor.Trouble, string) {
	if errors.Is(err, errGarbage) {
		return doctor.Garbage, err.Error()
	}
	return trouble(err), plain(err)
}
