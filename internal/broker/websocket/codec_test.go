package websocket

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// hello is a request that is granted, but for the lines given: they replace those
// of the same name, and a line without a value is left out.
func hello(lines ...string) string {
	head := []string{"Host: broker:8083", "Connection: keep-alive, Upgrade", "Upgrade: WebSocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: mqtt"}
	first := "GET /mqtt HTTP/1.1"
	for _, line := range lines {
		name, value, isHeader := strings.Cut(line, ":")
		if !isHeader {
			first = line
			continue
		}
		for i := len(head) - 1; i >= 0; i-- {
			if strings.HasPrefix(head[i], name+":") {
				head = append(head[:i], head[i+1:]...)
			}
		}
		if value != "" {
			head = append(head, line)
		}
	}
	return first + "\r\n" + strings.Join(head, "\r\n") + "\r\n\r\n"
}

func codec(o Options) *Codec {
	return New(o.WithDefaults(), netip.MustParseAddr("10.0.0.1"))
}

// granted is a codec whose request is answered.
func granted(t testing.TB, o Options) *Codec {
	t.Helper()
	c := codec(o)
	if b, err := c.Decode(nil, []byte(hello())); len(b) > 0 || err != nil {
		t.Fatal(b, err)
	}
	c.Encode(nil, nil)
	return c
}

// frame is a client's.
func frame(first byte, payload string) []byte {
	mask := [4]byte{0x12, 0x34, 0x56, 0x78}
	b := appendHead(nil, 0, len(payload))
	b[0], b[1] = first, b[1]|masked
	b = append(b, mask[:]...)
	for i := range len(payload) {
		b = append(b, payload[i]^mask[i&3])
	}
	return b
}

func TestTheRequestIsAnsweredAsTheSpecificationsSay(t *testing.T) {
	c := codec(Options{})
	if _, err := c.Decode(nil, []byte(hello())); err != nil {
		t.Fatal(err)
	}
	got := string(c.Encode(nil, nil))
	// The key and its answer are those of RFC 6455, 1.3.
	for _, want := range []string{"HTTP/1.1 101 ", "\r\nUpgrade: websocket\r\n", "\r\nConnection: Upgrade\r\n", "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", "\r\nSec-WebSocket-Protocol: mqtt\r\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
	if !strings.HasSuffix(got, "\r\n\r\n") || c.Owes() {
		t.Errorf("%q", got)
	}
}

func TestWhoMayUpgrade(t *testing.T) {
	for _, c := range []struct {
		says    string
		request string
		options Options
		answer  string
	}{
		{"mqttv3.1 is echoed", hello("Sec-WebSocket-Protocol: chat, mqttv3.1, mqtt"), Options{}, "Sec-WebSocket-Protocol: mqttv3.1\r\n"},
		{"no subprotocol", hello("Sec-WebSocket-Protocol:"), Options{}, "400 "},
		{"another subprotocol", hello("Sec-WebSocket-Protocol: chat"), Options{}, "400 "},
		{"another path", hello("GET /other HTTP/1.1"), Options{}, "404 "},
		{"a path of one's own", hello("GET /plant?x=1 HTTP/1.1"), Options{Path: "/plant"}, "101 "},
		{"no upgrade", hello("Upgrade:"), Options{}, "426 "},
		{"no connection header", hello("Connection:"), Options{}, "426 "},
		{"an old version", hello("Sec-WebSocket-Version: 8"), Options{}, "Sec-WebSocket-Version: 13\r\n"},
		{"a short key", hello("Sec-WebSocket-Key: abcd"), Options{}, "400 "},
		{"no key", hello("Sec-WebSocket-Key:"), Options{}, "400 "},
		{"HTTP/1.0", hello("GET /mqtt HTTP/1.0"), Options{}, "426 "},
		{"a POST", strings.Replace(hello(), "GET", "POST", 1), Options{}, "405 "},
		{"no HTTP at all", "\x10\x0c\x00\x04MQTT", Options{}, "400 "},
		{"a header that is none", hello("GET /mqtt HTTP/1.1\r\nbad header"), Options{}, "400 "},
		{"a head without end", "GET /mqtt HTTP/1.1\r\nX: " + strings.Repeat("x", 9000), Options{}, "431 "},
		{"a large head", hello("X: " + strings.Repeat("x", 9000)), Options{}, "431 "},
		{"a page from here", hello("Origin: http://broker:18083"), Options{}, "101 "},
		{"a page from elsewhere", hello("Origin: https://evil.example"), Options{}, "403 "},
		{"a page without a host", hello("Origin: null"), Options{}, "403 "},
		{"a page that is allowed", hello("Origin: https://dash.example"), Options{Origins: []string{"https://dash.example"}}, "101 "},
		{"all pages", hello("Origin: null"), Options{Origins: []string{"*"}}, "101 "},
	} {
		for _, step := range []int{len(c.request), 1, 7} {
			k := codec(c.options)
			var err error
			for rest := c.request; len(rest) > 0 && err == nil; {
				n := min(step, len(rest))
				_, err = k.Decode(nil, []byte(rest[:n]))
				rest = rest[n:]
			}
			got := string(k.End(nil))
			if !strings.Contains(got, c.answer) {
				t.Errorf("%s, %d at a time: %q, want %q", c.says, step, got, c.answer)
			}
			if refused := !strings.HasPrefix(got, "HTTP/1.1 101"); refused != (fault.CodeOf(err) == fault.WebSocket) {
				t.Errorf("%s: %v", c.says, err)
			}
		}
	}
}

func TestWhomAProxySpeaksFor(t *testing.T) {
	trusted := func(a netip.Addr) bool { return a.Is4() && a.As4()[0] == 10 }
	for _, c := range []struct{ header, want string }{
		{"X-Forwarded-For: 203.0.113.9", "203.0.113.9:0"},
		{"X-Forwarded-For: 198.51.100.1, 203.0.113.9, 10.0.0.7", "203.0.113.9:0"}, // the first may be invented
		{"X-Forwarded-For: 203.0.113.9:4711", "203.0.113.9:4711"},
		{"X-Forwarded-For: [2001:db8::1]", "[2001:db8::1]:0"},
		{"X-Forwarded-For: 10.0.0.9", "10.0.0.9:0"},
		{"X-Forwarded-For: 203.0.113.9, nonsense, 10.0.0.7", "10.0.0.7:0"},
		{"X-Other: 1", "invalid AddrPort"},
	} {
		k := codec(Options{Trusted: trusted})
		if _, err := k.Decode(nil, []byte(hello(c.header))); err != nil || k.Remote().String() != c.want {
			t.Errorf("%s: %v, %v", c.header, k.Remote(), err)
		}
	}
	k := New(Options{Trusted: trusted}.WithDefaults(), netip.MustParseAddr("203.0.113.5"))
	if _, err := k.Decode(nil, []byte(hello("X-Forwarded-For: 1.2.3.4"))); err != nil || k.Remote().IsValid() {
		t.Errorf("anybody is believed: %v, %v", k.Remote(), err)
	}
}

func TestFramesEndAsTheSpecificationSays(t *testing.T) {
	for _, c := range []struct {
		says  string
		bytes []byte
		plain string
		close uint16 // 0: goes on
	}{
		{"binary", frame(0x82, "abc"), "abc", 0},
		{"an empty one", frame(0x82, ""), "", 0},
		{"fragments, with a ping between", bytes.Join([][]byte{frame(0x02, "ab"), frame(0x89, "p"), frame(0x00, "c"), frame(0x80, "d")}, nil), "abcd", 0},
		{"a pong nobody asked for", frame(0x8A, "x"), "", 0},
		{"text", frame(0x81, "abc"), "", unsupportedData},
		{"text behind binary", append(frame(0x82, "abc"), frame(0x81, "d")...), "abc", unsupportedData},
		{"no mask", []byte{0x82, 0x01, 'a'}, "", protocolError},
		{"reserved bits", frame(0xC2, "a"), "", protocolError},
		{"an unknown opcode", frame(0x83, "a"), "", protocolError},
		{"an unknown control", frame(0x8B, "a"), "", protocolError},
		{"a continuation of nothing", frame(0x80, "a"), "", protocolError},
		{"a message in another", append(frame(0x02, "a"), frame(0x82, "b")...), "a", protocolError},
		{"a fragmented ping", frame(0x09, "a"), "", protocolError},
		{"a long ping", frame(0x89, strings.Repeat("x", 126)), "", protocolError},
		{"a length that is too long", []byte{0x82, 0xFE, 0, 1, 1, 2, 3, 4, 5}, "", protocolError},
		{"a length that is far too long", append([]byte{0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0, 1}, 1, 2, 3, 4, 5), "", protocolError},
		{"a negative length", append([]byte{0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 1}, 1, 2, 3, 4), "", messageTooBig},
		{"too large", frame(0x82, strings.Repeat("x", 2001)), "", messageTooBig},
		{"as large as may be", frame(0x82, strings.Repeat("x", 2000)), strings.Repeat("x", 2000), 0},
		{"a close", frame(0x88, "\x03\xe8"), "", normalClosure},
		{"a close without a code", frame(0x88, ""), "", noStatus},
		{"a close with half a code", frame(0x88, "\x03"), "", protocolError},
		{"a close with a code that is never sent", frame(0x88, "\x03\xee"), "", protocolError},
		{"a close with bad text", frame(0x88, "\x03\xe8\xff"), "", protocolError},
	} {
		for _, step := range []int{len(c.bytes), 1, 37} {
			k := granted(t, Options{MaxFrame: 2000})
			var got []byte
			var err error
			for rest := c.bytes; len(rest) > 0 && err == nil; {
				n := min(step, len(rest))
				got, err = k.Decode(got, rest[:n])
				rest = rest[n:]
			}
			if string(got) != c.plain {
				t.Errorf("%s: %q, want %q", c.says, got, c.plain)
			}
			checkEnd(t, c.says, k, err, c.close)
		}
	}
}

// checkEnd looks at the close frame that answers, and that nothing follows it.
func checkEnd(t *testing.T, says string, k *Codec, err error, want uint16) {
	t.Helper()
	if want == 0 {
		if err != nil {
			t.Errorf("%s: %v", says, err)
		}
		return
	}
	inOrder := want == normalClosure || want == noStatus
	if inOrder != errors.Is(err, io.EOF) || !inOrder && fault.CodeOf(err) != fault.WebSocket {
		t.Errorf("%s: %v", says, err)
	}
	out := k.End(nil)
	if late := k.Encode(nil, []byte("late")); len(late) > 0 {
		t.Errorf("%s: %q behind the close frame", says, late)
	}
	code := uint16(noStatus)
	if len(out) > 2 {
		code = binary.BigEndian.Uint16(out[2:])
	}
	if len(out) < 2 || out[0] != 0x88 || int(out[1]) != len(out)-2 || code != want {
		t.Errorf("%s: answered %x, want close code %d alone", says, out, want)
	}
	if b, again := k.Decode(nil, frame(0x82, "more")); len(b) > 0 || !errors.Is(again, err) {
		t.Errorf("%s: goes on with %q, %v", says, b, again)
	}
}

func TestPingsAreAnsweredAndAFloodIsBounded(t *testing.T) {
	k := granted(t, Options{})
	if _, err := k.Decode(nil, frame(0x89, "here?")); err != nil || !k.Owes() {
		t.Fatal(err)
	}
	if got := string(k.Encode(nil, []byte("x"))); got != "\x8a\x05here?\x82\x01x" {
		t.Fatalf("%q", got)
	}
	for range 1000 {
		if _, err := k.Decode(nil, frame(0x89, strings.Repeat("p", 125))); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(k.Encode(nil, nil)); n > 2*maxOwed {
		t.Fatalf("%d bytes of pongs", n)
	}
}

func TestOutputIsOneFrameWhateverItsLength(t *testing.T) {
	for _, n := range []int{1, 125, 126, 65535, 65536, 1 << 20} {
		k := granted(t, Options{})
		b := k.Encode([]byte("before"), make([]byte, n))
		head := appendHead(nil, binaryFrame, n)
		if !bytes.HasPrefix(b[6:], head) || len(b) != 6+len(head)+n {
			t.Errorf("%d bytes: %d, %x", n, len(b), b[:min(len(b), 20)])
		}
	}
	k := granted(t, Options{})
	if got := fmt.Sprintf("%x", k.End(nil)); got != "880203e8" {
		t.Errorf("farewell %s", got)
	}
	if got := k.End(nil); len(got) > 0 {
		t.Errorf("a second farewell: %x", got)
	}
}

// TestFramesAgainstAModel cuts random messages into random frames, and those into
// random pieces.
func TestFramesAgainstAModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 200 {
		var want, wire, got []byte
		for range r.IntN(5) {
			opcode := byte(binaryFrame)
			for fragments := r.IntN(4); fragments >= 0; fragments-- {
				payload := make([]byte, r.IntN(1<<r.IntN(18)))
				for i := range payload {
					payload[i] = byte(r.Uint32())
				}
				first := opcode
				if fragments == 0 {
					first |= fin
				}
				want, wire, opcode = append(want, payload...), append(wire, frame(first, string(payload))...), continuation
				if r.IntN(3) == 0 {
					wire = append(wire, frame(0x89, "ping")...)
				}
			}
		}
		k := granted(t, Options{})
		for rest := wire; len(rest) > 0; {
			n := min(1+r.IntN(1<<r.IntN(17)), len(rest))
			var err error
			if got, err = k.Decode(got, rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%d bytes, want %d", len(got), len(want))
		}
	}
}

// FuzzDecode holds that bytes mean the same however they are cut, never panic and
// never bring more than came.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(hello()), uint8(3))
	f.Add(append([]byte(hello()), frame(0x82, "abc")...), uint8(1))
	f.Add(append([]byte(hello()), append(frame(0x02, "abc"), frame(0x80, "d")...)...), uint8(5))
	f.Add(append([]byte(hello()), frame(0x88, "\x03\xe8bye")...), uint8(2))
	f.Fuzz(func(t *testing.T, wire []byte, step uint8) {
		whole, cut := codec(Options{MaxHead: 512, MaxFrame: 1000}), codec(Options{MaxHead: 512, MaxFrame: 1000})
		want, wantErr := whole.Decode(nil, wire)
		var got []byte
		var err error
		for rest := wire; len(rest) > 0 && err == nil; {
			n := min(1+int(step), len(rest))
			got, err = cut.Decode(got, rest[:n])
			rest = rest[n:]
		}
		if len(want) > len(wire) || !bytes.Equal(got, want) || (err == nil) != (wantErr == nil) {
			t.Fatalf("at once %d bytes, %v; in pieces %d bytes, %v", len(want), wantErr, len(got), err)
		}
		if a, b := whole.End(nil), cut.End(nil); err == nil && !bytes.Equal(a, b) {
			t.Fatalf("answers differ: %q, %q", a, b)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	k := granted(b, Options{})
	wire := frame(0x82, strings.Repeat("x", 16<<10))
	dst := make([]byte, 0, 32<<10)
	b.SetBytes(int64(len(wire)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Decode(dst[:0], wire); err != nil {
			b.Fatal(err)
		}
	}
}
