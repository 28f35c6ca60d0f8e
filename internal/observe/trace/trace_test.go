package trace

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "rewrite testdata")

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// visit is a client's visit as a trace sees it: everything that can be decoded, and
// what cannot.
func visit() []Packet {
	type step struct {
		in bool
		p  packet.Packet
	}
	text := func(s string) []byte { return []byte(s) }
	steps := []step{
		{true, &packet.Connect{Version: 5, CleanStart: true, ClientID: text("press-7"), KeepAlive: 60, Username: text("vera"), Password: text("top secret"),
			ReceiveMaximum: 20, SessionExpiry: 60, AuthMethod: text("SCRAM-SHA-256"), AuthData: text("top secret"), HasWill: true,
			Will: packet.Will{Topic: text("gone"), Payload: text("press-7 is gone"), QoS: 1, Retain: true, Delay: 5}}},
		{false, &packet.Auth{Reason: 0x18, Method: text("SCRAM-SHA-256"), Data: text("top secret")}},
		{true, &packet.Auth{Reason: 0x18, Method: text("SCRAM-SHA-256"), Data: text("top secret")}},
		{false, &packet.Connack{SessionPresent: true, ReceiveMaximum: 65535, AssignedClientID: text("auto-1"), HasServerKeepAlive: true, ServerKeepAlive: 30}},
		{true, &packet.Subscribe{ID: 1, SubscriptionID: 7, Filters: []packet.Subscription{{Filter: text("plant/#"), QoS: 1, NoLocal: true}, {Filter: text("a \"b\"\n"), RetainHandling: 2}}}},
		{false, &packet.Suback{ID: 1, Reasons: []byte{1, 0x87}, ReasonString: text("no")}},
		{true, &packet.Publish{Topic: text("plant/a"), Payload: text("21.5"), QoS: 2, ID: 9, Retain: true, HasExpiry: true, Expiry: 60}},
		{false, &packet.Ack{Kind: packet.TypePubrec, ID: 9}},
		{true, &packet.Ack{Kind: packet.TypePubrel, ID: 9}},
		{false, &packet.Ack{Kind: packet.TypePubcomp, ID: 9}},
		{false, &packet.Publish{Topic: text("plant/b"), Payload: []byte{0xff, 0}, QoS: 1, ID: 1, SubscriptionIDs: []uint32{7}, Alias: 3}},
		{true, &packet.Ack{Kind: packet.TypePuback, ID: 1, Reason: 0x97, ReasonString: text("full")}},
		{true, &packet.Unsubscribe{ID: 2, Filters: [][]byte{text("plant/#")}}},
		{false, &packet.Unsuback{ID: 2, Reasons: []byte{0}}},
		{true, packet.Pingreq{}},
		{false, packet.Pingresp{}},
		{true, &packet.Disconnect{Reason: 4, HasSessionExpiry: true, SessionExpiry: 9}},
	}
	var all []Packet
	for i, s := range steps {
		all = append(all, Packet{At: noon.UnixNano() + int64(i)*1e6, In: s.in, Conn: 36, Client: "press-7", Version: 5, Bytes: s.p.Append(nil, 5),
			Remote: netip.MustParseAddrPort("10.1.2.3:4711"), Local: netip.MustParseAddrPort("10.1.0.1:8883")})
	}
	six := Packet{At: noon.UnixNano() + 1e9, In: true, Conn: 37, Client: "oven \"1\"", Version: 4, Bytes: packet.Pingreq{}.Append(nil, 4),
		Remote: netip.MustParseAddrPort("[2001:db8::7]:4712"), Local: netip.MustParseAddrPort("[::]:1883")}
	unix := Packet{At: noon.UnixNano() + 2e9, In: true, Conn: 38, Version: 4, Bytes: (&packet.Publish{Topic: text("big"), Payload: make([]byte, 70_000)}).Append(nil, 4)}
	bad := Packet{At: noon.UnixNano() + 3e9, In: true, Conn: 38, Version: 4, Bytes: []byte("\x10\x16\x00\x04MQTT\x04\xc3\x00\x00\x00\x00top secret")}
	return append(all, six, unix, bad)
}

func written(t *testing.T, f func(io.Writer) format) []byte {
	t.Helper()
	var b bytes.Buffer
	w := f(&b)
	if err := w.head(); err != nil {
		t.Fatal(err)
	}
	for _, p := range visit() {
		mask(&p)
		if err := w.write(&p); err != nil {
			t.Fatal(err)
		}
	}
	if bytes.Contains(b.Bytes(), []byte("top secret")) {
		t.Error("a secret is in the trace")
	}
	return b.Bytes()
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("not as in %s (run with -update and look at the difference):\n%s", path, got)
	}
}

func TestText(t *testing.T) {
	golden(t, "visit.log", written(t, func(w io.Writer) format { return &textWriter{w: w} }))
	golden(t, "payload.log", written(t, func(w io.Writer) format { return &textWriter{w: cut{w}, payloads: true} }))
}

// cut shortens what is written for the eye.
type cut struct{ w io.Writer }

func (c cut) Write(b []byte) (int, error) {
	if len(b) > 400 {
		fmt.Fprintf(c.w, "%s… %d bytes\n", b[:400], len(b))
		return len(b), nil
	}
	return c.w.Write(b)
}

func TestPcapng(t *testing.T) {
	b := written(t, func(w io.Writer) format { return &pcapngWriter{w: w} })
	golden(t, "visit.pcapng", b)
	streams := readPcapng(t, b)
	var want [3][2][]byte
	for _, p := range visit() {
		mask(&p)
		side := &want[p.Conn-36][1]
		if p.In {
			side = &want[p.Conn-36][0]
		}
		*side = append(*side, p.Bytes...)
	}
	if len(streams) != 3 {
		t.Fatal(len(streams), "connections")
	}
	for i, s := range streams {
		if !bytes.Equal(s[0], want[i][0]) || !bytes.Equal(s[1], want[i][1]) {
			t.Errorf("connection %d carries other bytes than it did", i)
		}
	}
}

// readPcapng reads a file from its bytes as RFC 791, 8200, 9293 and the pcapng draft
// have it, checks every sum and sequence number, and returns both sides' bytes of
// each connection in the order they appear.
func readPcapng(t *testing.T, b []byte) (streams [][2][]byte) {
	t.Helper()
	type conn struct {
		index  int
		client string
		next   map[string]uint32
	}
	conns := map[string]*conn{}
	for n := 0; len(b) > 0; n++ {
		kind, size := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
		if size%4 != 0 || int(size) > len(b) || binary.LittleEndian.Uint32(b[size-4:]) != size {
			t.Fatalf("block %d has size %d", n, size)
		}
		block := b[8 : size-4]
		b = b[size:]
		if want := []uint32{sectionHeader, interfaceBlock}; n < 2 {
			if kind != want[n] {
				t.Fatalf("block %d is %x", n, kind)
			}
			continue
		}
		frame := block[20 : 20+binary.LittleEndian.Uint32(block[12:])]
		from, to, segment, pseudo := ipPacket(t, frame)
		if checksum(sum(pseudo, segment)) != 0 {
			t.Fatalf("block %d: TCP checksum", n)
		}
		source := fmt.Sprint(from, binary.BigEndian.Uint16(segment))
		target := fmt.Sprint(to, binary.BigEndian.Uint16(segment[2:]))
		seq, ack, flags := binary.BigEndian.Uint32(segment[4:]), binary.BigEndian.Uint32(segment[8:]), segment[13]
		c := conns[source+target]
		if flags == flagSYN {
			c = &conn{index: len(streams), client: source, next: map[string]uint32{}}
			conns[source+target], conns[target+source] = c, c
			streams = append(streams, [2][]byte{})
		}
		if c == nil || seq != c.next[source] || flags&flagACK != 0 && ack != c.next[target] {
			t.Fatalf("block %d: sequence %d, acknowledgement %d of %v", n, seq, ack, c)
		}
		data := segment[segment[12]>>4*4:]
		c.next[source] = seq + uint32(len(data))
		if flags&flagSYN != 0 {
			c.next[source]++
		}
		side := 0
		if source != c.client {
			side = 1
		}
		streams[c.index][side] = append(streams[c.index][side], data...)
	}
	return streams
}

func ipPacket(t *testing.T, frame []byte) (from, to netip.Addr, segment []byte, pseudo uint32) {
	t.Helper()
	ip := frame[14:]
	switch binary.BigEndian.Uint16(frame[12:]) {
	case 0x0800:
		if checksum(sum(0, ip[:20])) != 0 || int(binary.BigEndian.Uint16(ip[2:])) != len(ip) || ip[9] != 6 {
			t.Fatalf("IPv4 header % x", ip[:20])
		}
		from, to, segment = netip.AddrFrom4([4]byte(ip[12:])), netip.AddrFrom4([4]byte(ip[16:])), ip[20:]
		pseudo = sum(0, ip[12:20])
	case 0x86DD:
		if int(binary.BigEndian.Uint16(ip[4:])) != len(ip)-40 || ip[6] != 6 || ip[0] != 0x60 {
			t.Fatalf("IPv6 header % x", ip[:40])
		}
		from, to, segment = netip.AddrFrom16([16]byte(ip[8:])), netip.AddrFrom16([16]byte(ip[24:])), ip[40:]
		pseudo = sum(0, ip[8:40])
	default:
		t.Fatalf("Ethernet type % x", frame[12:14])
	}
	return from, to, segment, pseudo + 6 + uint32(len(segment))
}

// tap is a broker that shows what it is given.
type tap struct {
	sink    func(Packet)
	stopped int
	refuse  error
}

func (f *tap) follow(_, _ string, sink func(Packet)) (func(), error) {
	f.sink = sink
	return func() { f.stopped++ }, f.refuse
}

func (f *tap) show(n int) {
	for range n {
		f.sink(Packet{At: noon.UnixNano(), In: true, Conn: 1, Client: "press", Version: 5, Bytes: []byte{0xC0, 0}})
	}
}

func open(t *testing.T, f *tap, change ...func(*Options)) *Book {
	t.Helper()
	o := Options{Dir: t.TempDir(), Follow: f.follow}
	for _, c := range change {
		c(&o)
	}
	b, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func content(t *testing.T, b *Book, name string) string {
	t.Helper()
	f, size, err := b.Content(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, size))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestATraceEndsWhenItIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &tap{}
		b := open(t, f)
		i, err := b.Start(Wanted{Name: "press", Kind: Client, Value: "press"})
		if err != nil || !i.Stopped.IsZero() || i.File() != "press.log" || i.MaxBytes != DefaultBytes {
			t.Fatal(i, err)
		}
		f.show(3)
		synctest.Wait()
		if got := content(t, b, "press"); strings.Count(got, "PINGREQ\n") != 3 {
			t.Errorf("while it runs: %q", got)
		}
		f.show(2)
		if i, err = b.Stop("press"); err != nil || i.Ended != "asked" || i.Packets != 5 || i.Missed != 0 || f.stopped != 1 {
			t.Errorf("%+v %v", i, err)
		}
		if got := content(t, b, "press"); int64(len(got)) != i.Bytes || strings.Count(got, "\n") != 5 {
			t.Errorf("%q", got)
		}
		if err := b.Delete("press"); err != nil {
			t.Fatal(err)
		}
		if files, _ := os.ReadDir(b.o.Dir); len(files) != 0 {
			t.Error(files)
		}
		for _, err := range []error{b.Delete("press"), second(b.Stop("press"))} {
			if fault.CodeOf(err) != fault.NotFound {
				t.Error(err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestATraceEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &tap{}
		b := open(t, f)
		if _, err := b.Start(Wanted{Name: "time", Kind: Client, Value: "x", Until: time.Now().Add(time.Minute)}); err != nil {
			t.Fatal(err)
		}
		f.show(1)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if i := b.List()[0]; i.Ended != "time" || i.Packets != 1 {
			t.Errorf("%+v", i)
		}
		if _, err := b.Start(Wanted{Name: "size", Kind: Client, Value: "x", MaxBytes: 4096, Format: Pcapng}); err != nil {
			t.Fatal(err)
		}
		f.show(1000)
		synctest.Wait()
		i := b.List()[0]
		if i.Ended != "size" || i.Bytes > 4096 || i.Bytes < 3900 || i.Name != "size" || f.stopped != 2 {
			t.Errorf("%+v", i)
		}
		if got := content(t, b, "size"); len(readPcapng(t, []byte(got))) != 1 {
			t.Error("cut in the middle of a packet")
		}
	})
}

func TestWhatComesTooFastIsMissedAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &tap{}
		b := open(t, f)
		defer b.Close()
		if _, err := b.Start(Wanted{Name: "flood", Kind: Client, Value: "x"}); err != nil {
			t.Fatal(err)
		}
		big := make([]byte, 3<<20)
		big[0] = 0xF0
		for range 10 { // nobody writes before Wait
			f.sink(Packet{Version: 5, Bytes: big})
		}
		synctest.Wait()
		if i := b.List()[0]; i.Missed+i.Packets != 10 || i.Missed == 0 {
			t.Errorf("%+v", i)
		}
	})
}

func TestTracesAreBounded(t *testing.T) {
	f := &tap{}
	b := open(t, f, func(o *Options) { o.Traces, o.Total, o.Now = 2, 100_000, func() time.Time { return noon } })
	defer b.Close()
	start := func(w Wanted) fault.Code {
		t.Helper()
		_, err := b.Start(w)
		if err == nil {
			t.Fatal("started")
		}
		return fault.CodeOf(err)
	}
	ok := Wanted{Name: "a", Kind: Client, Value: "x", MaxBytes: 60_000}
	if _, err := b.Start(ok); err != nil {
		t.Fatal(err)
	}
	if got := start(Wanted{Name: "A", MaxBytes: 4096}); got != fault.Conflict {
		t.Error(got)
	}
	if got := start(Wanted{Name: "b", MaxBytes: 60_000}); got != fault.TooMany {
		t.Error(got)
	}
	for _, bad := range []Wanted{{Name: "../b"}, {Name: ".b"}, {Name: ""}, {Name: "con"}, {Name: "Nul.a"}, {Name: "b", Format: "csv"}, {Name: "b", MaxBytes: 1}, {Name: "b", MaxBytes: 1 << 40},
		{Name: "b", MaxBytes: 4096, Until: noon.Add(-1)}, {Name: "b", MaxBytes: 4096, Until: noon.Add(25 * time.Hour)}} {
		if bad.MaxBytes == 0 {
			bad.MaxBytes = 4096
		}
		if got := start(bad); got != fault.Invalid {
			t.Errorf("%+v: %v", bad, got)
		}
	}
	f.refuse = fault.New(fault.BadTopicFilter, "No.")
	if got := start(Wanted{Name: "b", MaxBytes: 4096}); got != fault.BadTopicFilter {
		t.Error(got)
	}
	f.refuse = nil
	if _, err := b.Start(Wanted{Name: "b", MaxBytes: 4096}); err != nil {
		t.Fatal(err)
	}
	if got := start(Wanted{Name: "c", MaxBytes: 4096}); got != fault.TooMany {
		t.Error(got)
	}
}

func TestAsManyTracesAsMayBeFit(t *testing.T) {
	b := open(t, &tap{})
	defer b.Close()
	for i := range DefaultTraces {
		if _, err := b.Start(Wanted{Name: string(rune('a' + i)), Kind: Client, Value: "x"}); err != nil {
			t.Fatal(i, err)
		}
	}
}

func TestTracesOutliveTheNode(t *testing.T) {
	f := &tap{}
	b := open(t, f)
	if _, err := b.Start(Wanted{Name: "press", Kind: Topic, Value: "plant/#"}); err != nil {
		t.Fatal(err)
	}
	f.show(2)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Start(Wanted{Name: "late", Kind: Topic, Value: "a"}); fault.CodeOf(err) != fault.Unavailable {
		t.Error(err)
	}
	if err := os.WriteFile(b.path("broken.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := Open(Options{Dir: b.o.Dir, Follow: f.follow})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	list := again.List()
	if len(list) != 1 || list[0].Ended != "shutdown" || list[0].Value != "plant/#" || list[0].Packets != 2 {
		t.Errorf("%+v", list)
	}
	if got := content(t, again, "press"); strings.Count(got, "\n") != 2 {
		t.Errorf("%q", got)
	}
}

// FuzzPacket writes whatever came in both formats.
func FuzzPacket(f *testing.F) {
	for _, p := range visit() {
		f.Add(p.Bytes, byte(p.Version))
	}
	f.Fuzz(func(t *testing.T, b []byte, v byte) {
		if len(b) == 0 {
			return
		}
		p := Packet{Version: packet.Version(v), Bytes: b}
		mask(&p)
		for _, w := range []format{&textWriter{w: io.Discard, payloads: true}, &pcapngWriter{w: io.Discard}} {
			if w.head() != nil || w.write(&p) != nil {
				t.Fatal("not written")
			}
		}
	})
}
