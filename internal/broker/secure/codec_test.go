package secure

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/testkit/pki"
)

// both are the two sides' settings.
type both struct{ client, server *tls.Config }

func settings(t testing.TB, version uint16) *both {
	t.Helper()
	a := pki.New(t, "authority")
	return &both{
		client: &tls.Config{RootCAs: a.Pool(), ServerName: "localhost", MinVersion: version, MaxVersion: version},
		server: &tls.Config{Certificates: []tls.Certificate{a.Server(t, nil, "localhost").TLS()}, DynamicRecordSizingDisabled: true},
	}
}

// buffered is a client's end whose bytes a test carries to and fro, once it is cut
// off from its connection.
type buffered struct {
	net.Conn
	cut     bool
	in, out bytes.Buffer
}

func (b *buffered) Read(p []byte) (int, error) {
	if !b.cut {
		return b.Conn.Read(p)
	}
	return b.in.Read(p)
}

func (b *buffered) Write(p []byte) (int, error) {
	if !b.cut {
		return b.Conn.Write(p)
	}
	return b.out.Write(p)
}

// shake does a handshake over a socket and cuts both sides off from it.
func (s *both) shake(t testing.TB) (*Codec, *tls.Conn, *buffered) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ours, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	b := &buffered{Conn: ours}
	client, codec := tls.Client(b, s.client), Server(theirs, s.server)
	failed := make(chan error, 1)
	go func() { failed <- client.Handshake() }()
	if err := errors.Join(codec.Handshake(), <-failed); err != nil {
		t.Fatal(err)
	}
	_ = codec.Detach().Close()
	tickets, _ := io.ReadAll(ours)
	_ = ours.Close()
	b.in.Write(tickets)
	b.cut = true
	return codec, client, b
}

var versions = map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13}

// TestBytesPassHoweverTheyAreCut sends both ways, in pieces of every size.
func TestBytesPassHoweverTheyAreCut(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for name, version := range versions {
		codec, client, wire := settings(t, version).shake(t)
		for range 200 {
			sent := make([]byte, 1+r.IntN(1<<r.IntN(17)))
			for i := range sent {
				sent[i] = byte(r.Uint32())
			}
			if _, err := client.Write(sent); err != nil {
				t.Fatal(err)
			}
			var got []byte
			for most := 1 + r.IntN(1<<r.IntN(17)); wire.out.Len() > 0; {
				var err error
				if got, err = codec.Decode(got, bytes.Clone(wire.out.Next(most))); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(got, sent) {
				t.Fatalf("%s: %d bytes came of %d", name, len(got), len(sent))
			}
			wire.in.Write(codec.Encode(nil, sent))
			back := make([]byte, len(sent))
			if _, err := io.ReadFull(client, back); err != nil || !bytes.Equal(back, sent) {
				t.Fatalf("%s: another answer, %v", name, err)
			}
		}
	}
}

func TestTheEndIsSaidAndHeard(t *testing.T) {
	for name, version := range versions {
		codec, client, wire := settings(t, version).shake(t)
		_, _ = client.Write([]byte("last"))
		if err := client.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		got, err := codec.Decode(nil, wire.out.Bytes())
		if string(got) != "last" || err != io.EOF {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if got, err := codec.Decode(nil, nil); len(got) > 0 || err != io.EOF {
			t.Errorf("%s: not for good: %q, %v", name, got, err)
		}
		wire.in.Write(codec.End(codec.Encode(nil, []byte("bye"))))
		if got, err := io.ReadAll(client); string(got) != "bye" || err != nil {
			t.Errorf("%s: the client reads %q, %v", name, got, err)
		}
	}
}

func TestWhatIsNotValidIsToldByAnAlert(t *testing.T) {
	for name, version := range versions {
		codec, client, wire := settings(t, version).shake(t)
		_, _ = client.Write([]byte("hello"))
		record := wire.out.Bytes()
		record[len(record)-1] ^= 1
		if got, err := codec.Decode(nil, record); len(got) > 0 || fault.CodeOf(err) != fault.TLS || !codec.Owes() {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		wire.in.Write(codec.Encode(nil, nil))
		if _, err := client.Read(make([]byte, 1)); err == nil || err == io.EOF || codec.Owes() {
			t.Errorf("%s: the client reads %v", name, err)
		}
	}
}

// FuzzDecode feeds a connection what nobody has encrypted: it must end, not panic.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("\x17\x03\x03\x00\x20aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), true)
	f.Add([]byte("\x15\x03\x03\x00\x02\x01\x00"), false)
	f.Add([]byte("\x16\x03\x03\x00\x04\x00\x00\x00\x00"), false)
	all := map[bool]*both{true: settings(f, tls.VersionTLS13), false: settings(f, tls.VersionTLS12)}
	f.Fuzz(func(t *testing.T, wire []byte, latest bool) {
		codec, _, _ := all[latest].shake(t)
		got, err := codec.Decode(nil, wire)
		again, err2 := codec.Decode(nil, nil)
		if len(got)+len(again) > 0 || (err == nil) != (err2 == nil) {
			t.Fatalf("%q, %v, then %q, %v", got, err, again, err2)
		}
	})
}

// BenchmarkHandshake is both sides of full handshakes.
func BenchmarkHandshake(b *testing.B) {
	s := settings(b, tls.VersionTLS13)
	b.ReportAllocs()
	for b.Loop() {
		s.shake(b)
	}
}

// BenchmarkIdle says how much heap a connection keeps that has said hello.
func BenchmarkIdle(b *testing.B) {
	const many = 500
	s := settings(b, tls.VersionTLS13)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var each float64
	for b.Loop() {
		before, codecs := heap(), make([]*Codec, many)
		for i := range codecs {
			codec, client, wire := s.shake(b)
			_, _ = client.Write(make([]byte, 100))
			if _, err := codec.Decode(nil, wire.out.Bytes()); err != nil {
				b.Fatal(err)
			}
			codec.Encode(nil, make([]byte, 100))
			codecs[i] = codec
		}
		each = float64(int64(heap())-int64(before)) / many
		runtime.KeepAlive(codecs)
	}
	b.ReportMetric(each, "B/conn")
}

func BenchmarkEncode(b *testing.B) {
	codec, _, _ := settings(b, tls.VersionTLS13).shake(b)
	plain, dst := make([]byte, 16<<10), make([]byte, 0, 20<<10)
	b.SetBytes(int64(len(plain)))
	b.ReportAllocs()
	for b.Loop() {
		dst = codec.Encode(dst[:0], plain)
	}
}
