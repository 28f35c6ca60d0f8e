package payload

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/point"
)

// FuzzDecode compares what we find in a JSON container with what encoding/json
// finds, and wants no panic on anything else.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		reading, `[{"a":1},{"b":[true,null,"x"]}]`, `{"a":{"":1e3,"b.c":-0}}`, `{"k":"\ud83d\ude00\ud800"}`, `{"a":1e400}`,
		`{"a":`, "21.5", "+1", "NaN", "text", "\xff", `"s"`, `[[[[]]]]`, ` {} `, `{"a":01}`, `{"ts":1,"timestamp":"x"}`,
		"\ufeff{\"a\":1}", "\ufeff", "\ufeff21.5", `{"a.b":1,"a":{"b":2}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		d := New(Options{TimeFields: []string{"\x00none"}, MaxDepth: 10_000, MaxMetrics: 1 << 20, MaxPath: 1 << 16, MaxText: 1 << 20})
		var got []string
		rejected, err := d.Decode(&msg.Message{Payload: in}, func(m *Metric) error {
			got = append(got, word(string(m.Path), m.Value))
			return nil
		})
		if err != nil && fault.CodeOf(err) != fault.Undecodable {
			t.Fatal(err)
		}
		if nothing := err == nil && len(got) == 0 && rejected.values() == 0; nothing != (rejected.NoValues == 1) {
			t.Fatalf("%q: %+v", got, rejected)
		}
		in = bytes.TrimPrefix(in, []byte(byteOrderMark))
		trimmed := trimSpace(in)
		if len(in) > 4096 || len(trimmed) == 0 || trimmed[0] != '{' && trimmed[0] != '[' || !utf8.Valid(in) {
			return
		}
		if json.Valid(in) != (err == nil) {
			t.Fatalf("encoding/json finds it valid: %v, we say %v", json.Valid(in), err)
		}
		if err != nil {
			return
		}
		dec := json.NewDecoder(bytes.NewReader(in))
		dec.UseNumber()
		want := peer(dec, "", true, nil)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("got  %q\nwant %q", got, want)
		}
	})
}

func word(path string, v point.Value) string {
	return fmt.Sprintf("%q=%v:%x:%q", path, v.Kind, math.Float64bits(v.Num), v.Str)
}

// peer walks the next value of dec; an object straight inside the outermost array
// starts its paths anew.
func peer(dec *json.Decoder, path string, outermost bool, out []string) []string {
	tok, _ := dec.Token()
	switch v := tok.(type) {
	case json.Delim:
		for i := 0; dec.More(); i++ {
			part := strconv.Itoa(i)
			if v == '{' {
				key, _ := dec.Token()
				part = key.(string)
			}
			out = member(dec, v, path, part, outermost, out)
		}
		dec.Token()
	case json.Number:
		if n, err := v.Float64(); err == nil {
			out = append(out, word(path, point.Number(n)))
		}
	case bool:
		out = append(out, word(path, point.Truth(v)))
	case string:
		out = append(out, word(path, point.String(v)))
	}
	return out
}

func member(dec *json.Decoder, in json.Delim, path, part string, outermost bool, out []string) []string {
	if outermost && in == '[' {
		return element(dec, part, out)
	}
	if !outermost {
		part = path + "." + part
	}
	return peer(dec, part, false, out)
}

// element walks an element of the outermost array: an object is a record.
func element(dec *json.Decoder, part string, out []string) []string {
	var raw json.RawMessage
	if dec.Decode(&raw) != nil {
		return out
	}
	sub := json.NewDecoder(bytes.NewReader(raw))
	sub.UseNumber()
	if raw[0] == '{' {
		return peer(sub, "", true, out)
	}
	return peer(sub, part, false, out)
}

// strict is RFC 3339's shape; the standard library takes more.
var strict = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-](0\d|1\d|2[0-3]):[0-5]\d)$`)

// FuzzTime compares our RFC 3339 with the standard library's.
func FuzzTime(f *testing.F) {
	for _, s := range []string{"2024-05-06T07:08:09Z", "2024-02-29T23:59:59.999999999+23:59", "1678-01-01T00:00:00Z", "2261-12-31T00:00:00-00:01", "2024-13-01T00:00:00Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, state := parseTime([]byte(s))
		ok := state == timeRead
		want, err := time.Parse(time.RFC3339Nano, s)
		if !strict.MatchString(s) || err == nil && (want.Year() < 1679 || want.Year() > 2260) || s[:4] < "1679" || s[:4] > "2260" {
			return
		}
		if ok != (err == nil) || ok && got != want.UnixNano() {
			t.Fatalf("%q: got %d %v, want %d", s, got, ok, want.UnixNano())
		}
	})
}
