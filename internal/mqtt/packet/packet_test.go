package packet

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/fault"
)

type vector struct {
	v       Version
	verdict string
	b       []byte
	why     string
}

func vectors(tb testing.TB) (all []vector) {
	text, err := os.ReadFile("testdata/vectors.txt")
	if err != nil {
		tb.Fatal(err)
	}
	for n, line := range strings.Split(string(text), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		fields, why, _ := strings.Cut(line, "|")
		words := strings.Fields(fields)
		v := map[string]Version{"3.1": V31, "3.1.1": V311, "5.0": V5}[words[0]]
		all = append(all, vector{v, words[1], parseBytes(tb, words[2:]), fmt.Sprintf("line %d: %s", n+1, strings.TrimSpace(why))})
	}
	return all
}

func parseBytes(tb testing.TB, words []string) (b []byte) {
	for _, w := range words {
		if w[0] == '"' {
			b = append(b, strings.Trim(w, `"`)...)
			continue
		}
		x, err := hex.DecodeString(w)
		if err != nil {
			tb.Fatal(err)
		}
		b = append(b, x...)
	}
	return b
}

func TestVectors(t *testing.T) {
	for _, c := range vectors(t) {
		p, err := Decode(c.b, c.v)
		if c.verdict != "=" && c.verdict != "~" {
			if err == nil || fault.CodeOf(err).String() != c.verdict {
				t.Errorf("%s: got %v", c.why, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.why, err)
			continue
		}
		out := p.Append(nil, c.v)
		if bytes.Equal(out, c.b) != (c.verdict == "=") {
			t.Errorf("%s:\n got %x\nwant %x", c.why, out, c.b)
		}
		again(t, p, out, c.v)
	}
}

// again decodes what was encoded into a used struct and expects the same packet.
func again(t *testing.T, p Packet, out []byte, v Version) {
	t.Helper()
	if size, err := Frame(out, 0); err != nil || size != len(out) {
		t.Fatalf("Frame(%x) = %d, %v", out, size, err)
	}
	fresh := New(p.Type())
	if err := fresh.Decode(out, v); err != nil {
		t.Fatalf("decoding %x again: %v", out, err)
	}
	if twice := fresh.Append(nil, v); !bytes.Equal(twice, out) {
		t.Fatalf("encodes to %x, then to %x", out, twice)
	}
	if a, b := fmt.Sprintf("%+v", plain(p)), fmt.Sprintf("%+v", plain(fresh)); a != b {
		t.Fatalf("decodes to\n%s, then to\n%s", a, b)
	}
}

// plain is the packet without what is not part of it.
func plain(p Packet) Packet {
	if x, ok := p.(*Publish); ok {
		c := *x
		c.scratch = nil
		return &c
	}
	return p
}

func TestDecodeIntoUsedStructLeavesNothing(t *testing.T) {
	used := map[Type]Packet{}
	for _, c := range vectors(t) {
		if c.verdict != "=" {
			continue
		}
		kind := TypeOf(c.b[0])
		if used[kind] == nil {
			used[kind] = New(kind)
		}
		if err := used[kind].Decode(c.b, c.v); err != nil {
			t.Fatal(c.why, err)
		}
		if out := used[kind].Append(nil, c.v); !bytes.Equal(out, c.b) {
			t.Errorf("%s: got %x, want %x", c.why, out, c.b)
		}
	}
}

func TestEveryCutIsRefusedAndFrameAsksForMore(t *testing.T) {
	for _, c := range vectors(t) {
		if c.verdict != "=" {
			continue
		}
		for n := range c.b {
			if _, err := Decode(c.b[:n], c.v); err == nil {
				t.Errorf("%s: decodes when cut at %d", c.why, n)
			}
			if size, err := Frame(c.b[:n], 0); err != nil || size != 0 && size <= n {
				t.Errorf("%s: Frame of %d bytes: %d, %v", c.why, n, size, err)
			}
		}
	}
}

func TestFrame(t *testing.T) {
	for _, c := range []struct {
		b    []byte
		max  int
		size int
		code string
	}{
		{nil, 0, 0, ""}, {[]byte{0x30}, 0, 0, ""}, {[]byte{0x30, 0x80}, 0, 0, ""},
		{[]byte{0x30, 0x05}, 0, 7, ""}, {[]byte{0x30, 0x80, 0x01}, 0, 131, ""},
		{[]byte{0x30, 0xFF, 0xFF, 0xFF, 0x7F}, 0, MaxRemaining + 5, ""},
		{[]byte{0x30, 0xFF, 0xFF, 0xFF}, 0, 0, ""},
		{[]byte{0x30, 0x80, 0x80, 0x80, 0x80}, 0, 0, "malformed_packet"},
		{[]byte{0x30, 0x62}, 100, 100, ""}, {[]byte{0x30, 0x63}, 100, 0, "packet_too_large"},
		{[]byte{0x00}, 0, 0, "malformed_packet"},
	} {
		size, err := Frame(c.b, c.max)
		if size != c.size || (err != nil) != (c.code != "") || err != nil && fault.CodeOf(err).String() != c.code {
			t.Errorf("Frame(%x, %d) = %d, %v", c.b, c.max, size, err)
		}
	}
}

func TestPublishKeepsWhatTravelsInOrder(t *testing.T) {
	prop := func(id PropertyID, n uint32, key, value string) []byte {
		return AppendProperty(nil, Property{ID: id, Num: n, Key: []byte(key), Value: []byte(value)})
	}
	travels := [][]byte{prop(PayloadFormat, 1, "", ""), prop(UserProperty, 0, "a", "1"), prop(UserProperty, 0, "b", "2"), prop(ContentType, 0, "", "json")}
	var want []byte
	all := []byte{}
	for i, p := range travels {
		want = append(want, p...)
		all = append(all, p...)
		switch i {
		case 0:
			all = append(all, prop(MessageExpiry, 60, "", "")...)
		case 2:
			all = append(all, prop(SubscriptionIdentifier, 300, "", "")...)
		}
	}
	raw := append([]byte{0x30, byte(4 + len(all)), 0, 1, 'a', byte(len(all))}, all...)
	var p Publish
	for range 2 {
		if err := p.Decode(raw, V5); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(p.Properties, want) || p.Expiry != 60 || !reflect.DeepEqual(p.SubscriptionIDs, []uint32{300}) {
			t.Fatalf("%+v", p)
		}
	}
	if got, ok := Find(p.Properties, ContentType); !ok || string(got.Value) != "json" {
		t.Fatalf("content type %q", got.Value)
	}
	if _, ok := Find(p.Properties, ResponseTopic); ok {
		t.Fatal("found a response topic")
	}
}

func TestImageTakesAnotherIdentifier(t *testing.T) {
	for _, v := range []Version{V311, V5} {
		p := Publish{Topic: []byte("a/b"), Payload: bytes.Repeat([]byte("x"), 200), QoS: 1, ID: 1}
		image, at := p.AppendImage([]byte("before"), v)
		image = image[len("before"):]
		if len(image) != p.Size(v) {
			t.Fatalf("%d bytes, Size says %d", len(image), p.Size(v))
		}
		PatchID(image, at, 0xBEEF)
		PatchDup(image)
		var got Publish
		if err := got.Decode(image, v); err != nil || got.ID != 0xBEEF || !got.Dup || string(got.Topic) != "a/b" {
			t.Fatalf("%v %+v", err, got)
		}
	}
}

func TestRefusedVersionIsKnown(t *testing.T) {
	var c Connect
	err := c.Decode([]byte("\x10\x0e\x00\x04MQTT\x06\x02\x00\x3c\x00\x02c1"), 0)
	if fault.CodeOf(err) != fault.UnsupportedVersion || c.Version != 6 {
		t.Fatalf("%v, version %d", err, c.Version)
	}
}

func TestOldVersionsGetTheNearestCode(t *testing.T) {
	for reason, want := range map[byte]byte{Success: 0, UnsupportedVersion: 1, ClientIDNotValid: 2, ServerBusy: 3, QuotaExceeded: 3, BadUserNameOrPassword: 4, NotAuthorized: 5, Banned: 5} {
		if got := (&Connack{Reason: reason}).Append(nil, V311); got[3] != want {
			t.Errorf("%s becomes %d", ReasonName(reason), got[3])
		}
	}
	if got := (&Suback{ID: 1, Reasons: []byte{1, NotAuthorized}}).Append(nil, V311); !bytes.Equal(got, []byte{0x90, 4, 0, 1, 1, 0x80}) {
		t.Errorf("%x", got)
	}
}

func TestLongLengths(t *testing.T) {
	for _, n := range []int{0, 1, 120, 127, 128, 16_000, 16_383, 16_384, 65_535} {
		p := Suback{ID: 7, Reasons: make([]byte, n+1), ReasonString: bytes.Repeat([]byte("r"), n)}
		out := p.Append([]byte("x"), V5)
		var got Suback
		if err := got.Decode(out[1:], V5); err != nil || len(got.Reasons) != n+1 || len(got.ReasonString) != n {
			t.Fatalf("%d: %v", n, err)
		}
	}
	huge := Publish{Topic: []byte("a"), Payload: make([]byte, MaxRemaining)}
	if out := huge.Append([]byte("x"), V5); string(out) != "x" {
		t.Fatal("a packet beyond the protocol's largest was written")
	}
}

func TestEveryTypeAndReasonHasAName(t *testing.T) {
	for kind := TypeConnect; kind <= TypeAuth; kind++ {
		if p := New(kind); p.Type() != kind || kind.String() == "" {
			t.Errorf("type %d: %v", kind, p)
		}
	}
	if New(0) != nil || ReasonName(0x03) != "unknown reason 0x03" || ReasonName(QuotaExceeded) != "Quota exceeded" {
		t.Error("unknown values")
	}
	for _, c := range fault.Codes() {
		if reasons[c.Reason()].name == "" {
			t.Errorf("fault %v has the unknown reason 0x%02X", c, c.Reason())
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, c := range vectors(f) {
		f.Add(c.b, byte(c.v))
	}
	f.Fuzz(func(t *testing.T, b []byte, version byte) {
		v := [...]Version{V31, V311, V5}[version%3]
		size, err := Frame(b, 1<<20)
		if err != nil || size == 0 || size > len(b) {
			return
		}
		in := bytes.Clone(b[:size])
		p, err := Decode(b[:size], v)
		if !bytes.Equal(in, b[:size]) {
			t.Fatal("Decode changed its input")
		}
		if err != nil {
			if code := fault.CodeOf(err); code == fault.Internal {
				t.Fatalf("no code: %v", err)
			}
			return
		}
		if c, ok := p.(*Connect); ok {
			v = c.Version
		}
		again(t, p, p.Append(nil, v), v)
	})
}

func BenchmarkPublishDecode(b *testing.B) {
	for _, v := range []Version{V311, V5} {
		in := (&Publish{Topic: []byte("volta/plant1/electrode/line1/coating/coater1"), Payload: make([]byte, 64), QoS: 1, ID: 7}).Append(nil, v)
		b.Run(v.String(), func(b *testing.B) {
			var p Publish
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Decode(in, v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPublishDecodeProperties(b *testing.B) {
	in := (&Publish{Topic: []byte("a/b"), HasExpiry: true, Expiry: 60, Alias: 1,
		Properties: AppendProperty(nil, Property{ID: UserProperty, Key: []byte("key"), Value: []byte("value")})}).Append(nil, V5)
	var p Publish
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Decode(in, V5); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPublishAppend(b *testing.B) {
	p := Publish{Topic: []byte("volta/plant1/electrode/line1/coating/coater1"), Payload: make([]byte, 64), QoS: 1, ID: 7}
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		buf = p.Append(buf[:0], V5)
	}
}

func BenchmarkAckDecode(b *testing.B) {
	in := AppendAck(nil, TypePuback, 7, Success, V5)
	var p Ack
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Decode(in, V5); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAckAppend(b *testing.B) {
	buf := make([]byte, 0, 16)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendAck(buf[:0], TypePuback, 7, Success, V5)
	}
}

func BenchmarkFrame(b *testing.B) {
	in := make([]byte, 200)
	in[0], in[1], in[2] = 0x30, 0xC5, 0x01
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Frame(in, 1<<20); err != nil {
			b.Fatal(err)
		}
	}
}
