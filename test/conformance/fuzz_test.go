package conformance

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// target is a broker under fuzz with a client that must always be served. It is
// made anew now and then, so that sessions that are kept do not pile up.
type target struct {
	broker  *broker.Broker
	clock   *testClock
	witness *player
	used    int
}

// most is how much memory the broker may hold, and how many goroutines, whatever
// was sent to it.
const (
	mostHeap       = 512 << 20
	mostGoroutines = 200
	freshAfter     = 2000
)

// FuzzBroker sends bytes to a broker that is at work: from a stranger, or behind a
// CONNECT of each version; at once, or cut in two. The broker must close the
// connection when its peer does, serve others as before, and hold no more memory
// than it may. The first byte says how, the rest is what is sent.
func FuzzBroker(f *testing.F) {
	for _, b := range seeds(f) {
		for how := range byte(8) {
			f.Add(append([]byte{how}, b...))
		}
	}
	var at target
	defer func() { at.close() }()
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 2 {
			return
		}
		at.ready(t)
		at.feed(t, b[0], b[1:])
		at.stillServes(t)
	})
}

// seeds are the codec's packets, those that it takes and those that it refuses.
func seeds(f *testing.F) (all [][]byte) {
	text, err := os.ReadFile("../../internal/mqtt/packet/testdata/vectors.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		words, _, ok := strings.Cut(line, "|")
		if !ok || line[0] == '#' {
			continue
		}
		var b []byte
		for _, w := range strings.Fields(words)[2:] {
			if x, err := hex.DecodeString(w); err == nil {
				b = append(b, x...)
			} else {
				b = append(b, strings.Trim(w, `"`)...)
			}
		}
		all = append(all, b)
	}
	return all
}

func (at *target) ready(t *testing.T) {
	if at.broker == nil || at.used%freshAfter == 0 {
		at.close()
		at.clock = newClock()
		o := broker.Options{}
		o.MaxPacketSize = 64 << 10
		at.broker = startBroker(t, o, at.clock, 2, "")
	}
	at.used++
	at.witness = &player{t: t, story: &story{file: "fuzz"}, line: &line{text: "the witness"}, version: packet.V5, broker: at.broker, clients: map[string]*client{}, values: map[string]string{}}
	at.clock.ns.Add(int64(100 * time.Millisecond))
}

func (at *target) close() {
	if at.broker == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = at.broker.Close(ctx)
}

// feed sends the bytes and waits until the broker has closed.
func (at *target) feed(t *testing.T, how byte, b []byte) {
	nc, err := net.Dial("tcp", at.broker.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer reset(nc)
	v := packet.Version(how & 3)
	if v > 0 {
		c := packet.Connect{Version: v + 2, ClientID: []byte("fuzz"), CleanStart: how&16 == 0, SessionExpiry: uint32(how&32) * 100}
		b = append(c.Append(nil, 0), b...)
	}
	go func() { // the answers must be read meanwhile, or the broker waits for room
		cut := len(b)
		if how&4 != 0 {
			cut = len(b) / 2
		}
		_, _ = nc.Write(b[:cut])
		_, _ = nc.Write(b[cut:])
		_ = nc.(*net.TCPConn).CloseWrite()
	}()
	_ = nc.SetReadDeadline(time.Now().Add(patience))
	var netErr net.Error
	if _, err := io.Copy(io.Discard, nc); errors.As(err, &netErr) && netErr.Timeout() {
		t.Fatalf("the broker has not closed after %x", b)
	}
}

// reset closes without leaving the port in use.
func reset(nc net.Conn) {
	_ = nc.(*net.TCPConn).SetLinger(0)
	_ = nc.Close()
}

func (at *target) stillServes(t *testing.T) {
	w := at.witness.connect("witness", words{named: map[string][]string{"clean": {"1"}}})
	defer reset(w.nc)
	at.witness.subscribe(w, words{plain: []string{"witness/topic"}})
	w.write((&packet.Publish{Topic: []byte("witness/topic"), Payload: []byte("alive")}).Append(nil, packet.V5))
	for {
		k, err := w.read()
		if err != nil {
			t.Fatalf("the witness is not served: %v", err)
		}
		if p, ok := k.(*packet.Publish); ok && string(p.Payload) == "alive" {
			break
		}
	}
	if at.used%500 != 0 {
		return
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	if m.HeapAlloc > mostHeap || runtime.NumGoroutine() > mostGoroutines {
		t.Fatalf("%d MiB of heap, %d goroutines", m.HeapAlloc>>20, runtime.NumGoroutine())
	}
}
