package payload

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// arrival is when every test message came in.
var arrival = time.Date(2024, 5, 6, 7, 8, 9, 10, time.UTC)

// decode tells what a payload holds as "path=value" words, "@" and the seconds
// from the arrival behind those that brought a time.
func decode(d *Decoder, payload string) (string, Rejected, error) {
	var out []string
	m := msg.Message{Payload: []byte(payload), Time: arrival.UnixNano()}
	rejected, err := d.Decode(&m, func(v *Metric) error {
		word := fmt.Sprintf("%s=%#v", v.Path, v.Value)
		if v.Value.Kind == 1 {
			word = fmt.Sprintf("%s=%v", v.Path, v.Value.Any())
		}
		if v.Own {
			word += "@" + time.Duration(v.Time-m.Time).String()
		} else if v.Time != m.Time {
			word += "@wrong"
		}
		out = append(out, word)
		return nil
	})
	return strings.Join(out, " "), rejected, err
}

func TestWhatBecomesAPoint(t *testing.T) {
	for _, c := range []struct{ name, payload, want string }{
		{"nested object", `{"motor":{"temp":21.5,"on":true},"state":"run"}`, `motor.temp=21.5 motor.on=true state="run"`},
		{"array elements by index", `{"axes":[1,2,{"x":3}]}`, `axes.0=1 axes.1=2 axes.2.x=3`},
		{"null is no point", `{"a":null,"b":1}`, `b=1`},
		{"several records", `[{"t":1},{"t":2}]`, `t=1 t=2`},
		{"loose array elements", `[1,{"t":2},[3,4],"x"]`, `0=1 t=2 2.0=3 2.1=4 3="x"`},
		{"empty containers", `{"a":{},"b":[],"c":1}`, `c=1`},
		{"plain number", "21.5", `value=21.5`},
		{"plain number in white space", " \t-3e2\r\n", `value=-300`},
		{"number as instruments write it", "+.5", `value=0.5`},
		{"plain text", "running, 3 of 5", `value="running, 3 of 5"`},
		{"text is kept exactly", " état\n", `value=" état\n"`},
		{"hexadecimal is text", "0x1F", `value="0x1F"`},
		{"JSON string", `"run"`, `value="run"`},
		{"JSON true", "true", `value=true`},
		{"JSON false", " false ", `value=false`},
		{"dots in keys stay", `{"a.b":1,"a":{"b":2}}`, `a.b=1 a.b=2`},
		{"empty keys are empty parts", `{"":1,"a":{"":2},"b":{"":{"c":3}}}`, `=1 a.=2 b..c=3`},
		{"of a key twice both, in order", `{"a":1,"a":2}`, `a=1 a=2`},
		{"escapes", `{"a\u0062\n":"\"\\\/\b\f\r\t\u00e9"}`, "ab\n=" + `"\"\\/\b\f\r\té"`},
		{"surrogate pair", `{"k":"\ud83d\ude00"}`, `k="😀"`},
		{"lone surrogates", `{"k":"\ud83dx\ude00\ud83d\u0041"}`, `k="�x��A"`},
		{"negative zero", `{"a":-0}`, `a=-0`},
		{"17 digits", `{"a":0.30000000000000004}`, `a=0.30000000000000004`},
		{"beyond 2^53", `{"a":9007199254740993}`, `a=9.007199254740992e+15`},
		{"tiny numbers round to zero", `{"a":1e-999}`, `a=0`},
		{"time inside is a metric", `{"a":{"ts":1}}`, `a.ts=1`},
		{"byte order mark before an object", "\ufeff{\"a\":1}", `a=1`},
		{"byte order mark before an array", "\ufeff [1]", `0=1`},
		{"byte order mark before a string", "\ufeff\"run\"", `value="run"`},
		{"byte order mark before a number", "\ufeff21.5", `value=21.5`},
		{"byte order mark before a literal", "\ufefftrue", `value=true`},
		{"a text keeps its byte order mark", "\ufeffrun", `value="\ufeffrun"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, rejected, err := decode(New(Options{}), c.payload)
			if err != nil || rejected != (Rejected{}) || got != c.want {
				t.Fatalf("got %s\nwant %s\nrejected %+v, err %v", got, c.want, rejected, err)
			}
		})
	}
}

func TestTime(t *testing.T) {
	s := arrival.Unix()
	for _, c := range []struct{ name, payload, want string }{
		{"RFC 3339", `{"ts":"2024-05-06T07:08:09Z","a":1}`, `a=1@-10ns`},
		{"behind the values", `{"a":1,"timestamp":"2024-05-06T07:08:10.5Z"}`, `a=1@1.49999999s`},
		{"offset", `{"ts":"2024-05-06T09:38:09.00000001+02:30","a":1}`, `a=1@0s`},
		{"negative offset, lower case", `{"ts":"2024-05-06t06:08:09.000000011-01:00","a":1}`, `a=1@1ns`},
		{"fractions end at the nanosecond", `{"ts":"2024-05-06T07:08:09.0000000109Z","a":1}`, `a=1@0s`},
		{"epoch seconds", fmt.Sprintf(`{"ts":%d,"a":1}`, s), `a=1@-10ns`},
		{"seconds with fraction", fmt.Sprintf(`{"ts":%d.000000011,"a":1}`, s), `a=1@1ns`},
		{"milliseconds", fmt.Sprintf(`{"ts":%d001,"a":1}`, s), `a=1@999.99µs`},
		{"microseconds", fmt.Sprintf(`{"ts":%d000001,"a":1}`, s), `a=1@990ns`},
		{"nanoseconds", fmt.Sprintf(`{"ts":%d000000007,"a":1}`, s), `a=1@-3ns`},
		{"number in a string", fmt.Sprintf(`{"ts":"%d","a":1}`, s), `a=1@-10ns`},
		{"exponent", `{"ts":1.714979289e9,"a":1}`, `a=1@-10ns`},
		{"null is no time", `{"ts":null,"a":1}`, `a=1`},
		{"ts before timestamp", fmt.Sprintf(`{"timestamp":1,"ts":%d,"a":1}`, s), `a=1@-10ns`},
		{"each record its own", fmt.Sprintf(`[{"ts":%d,"a":1},{"a":2},{"ts":%d,"a":3}]`, s, s+1), `a=1@-10ns a=2 a=3@999.99999ms`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, rejected, err := decode(New(Options{}), c.payload)
			if err != nil || rejected != (Rejected{}) || got != c.want {
				t.Fatalf("got %s\nwant %s\nrejected %+v, err %v", got, c.want, rejected, err)
			}
		})
	}
}

// TestTimesThatCannotBeRead keeps every record: the next field has the time, else
// the arrival, and the record is counted once.
func TestTimesThatCannotBeRead(t *testing.T) {
	good := fmt.Sprint(arrival.Unix())
	for _, c := range []struct {
		name, payload, want string
		unreadable          uint32
	}{
		{"a word", `{"ts":"foo","a":1,"b":2}`, `a=1 b=2`, 1},
		{"behind the values", `{"a":1,"ts":"foo"}`, `a=1`, 1},
		{"no offset", `{"ts":"2024-05-06T07:08:09","a":1}`, `a=1`, 1},
		{"no offset, with fraction", `{"ts":"2024-05-06T07:08:09.123","a":1}`, `a=1`, 1},
		{"a date alone", `{"ts":"2024-05-06","a":1}`, `a=1`, 1},
		{"no such day", `{"ts":"2023-02-29T07:08:09Z","a":1}`, `a=1`, 1},
		{"no such day far away", `{"ts":"9999-02-30T07:08:09Z","a":1}`, `a=1`, 1},
		{"empty", `{"ts":"","a":1}`, `a=1`, 1},
		{"number with a unit", `{"ts":"1714979289 s","a":1}`, `a=1`, 1},
		{"large number with a unit", `{"ts":"99999999999999999999 s","a":1}`, `a=1`, 1},
		{"NaN in a string", `{"ts":"NaN","a":1}`, `a=1`, 1},
		{"a boolean stays a metric", `{"ts":true,"a":1}`, `ts=true a=1`, 1},
		{"so does what is in an object", `{"ts":{"sec":5},"a":1}`, `ts.sec=5 a=1`, 1},
		{"and in an array", `{"ts":[5],"a":1}`, `ts.0=5 a=1`, 1},
		{"the next field has it", `{"ts":"foo","timestamp":` + good + `,"a":1}`, `a=1@-10ns`, 1},
		{"also when it comes first", `{"timestamp":` + good + `,"ts":"foo","a":1}`, `a=1@-10ns`, 1},
		{"nor the next", `{"ts":"foo","timestamp":false,"a":1}`, `timestamp=false a=1`, 1},
		{"a worse field was not needed", `{"ts":` + good + `,"timestamp":"foo","a":1}`, `a=1@-10ns`, 0},
		{"null is as good as none", `{"ts":null,"timestamp":` + good + `,"a":1}`, `a=1@-10ns`, 0},
		{"each record by itself", `[{"ts":"x","a":1},{"ts":` + good + `,"a":2},{"ts":"y","a":3}]`, `a=1 a=2@-10ns a=3`, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, rejected, err := decode(New(Options{}), c.payload)
			if err != nil || rejected != (Rejected{TimeUnreadable: c.unreadable}) || got != c.want {
				t.Fatalf("got %s\nwant %s\nrejected %+v, err %v", got, c.want, rejected, err)
			}
		})
	}
}

func TestPayloadsWithoutValues(t *testing.T) {
	for _, payload := range []string{
		"", " \n", "\ufeff", "\ufeff\t", "null", " null ", `{}`, ` [ ] `, `[{},[],null]`, `{"a":{},"b":[[]]}`,
		`{"a":null,"b":{"c":null}}`, `{"ts":1714979289}`, `[{"ts":1714979289},{"timestamp":null}]`, `{"ts":5}`,
	} {
		if got, rejected, err := decode(New(Options{}), payload); err != nil || got != "" || rejected != (Rejected{NoValues: 1}) {
			t.Errorf("%q: got %q, rejected %+v, err %v", payload, got, rejected, err)
		}
	}
	for _, payload := range []string{`{"a":1e400}`, "NaN", `{"ts":5,"a":1}`, "0", "false", `""`, `{"":0}`} {
		if _, rejected, err := decode(New(Options{}), payload); err != nil || rejected.NoValues != 0 {
			t.Errorf("%q: rejected %+v, err %v", payload, rejected, err)
		}
	}
}

// TestRecordsAreTold gives what is needed to keep one point of a metric that a
// record names twice.
func TestRecordsAreTold(t *testing.T) {
	m := msg.Message{Payload: []byte(`[{"a.b":1,"a":{"b":2}},3,{"a.b":4}]`), Time: arrival.UnixNano()}
	var got []string
	if _, err := New(Options{}).Decode(&m, func(v *Metric) error {
		got = append(got, fmt.Sprintf("%d:%s=%v", v.Record, v.Path, v.Value.Num))
		return nil
	}); err != nil || strings.Join(got, " ") != "0:a.b=1 0:a.b=2 1:1=3 2:a.b=4" {
		t.Fatal(got, err)
	}
}

func TestPartsThatAreRejected(t *testing.T) {
	many := strings.TrimSuffix(strings.Repeat("1,", 12), ",")
	opts := Options{MaxMetrics: 10, MaxPath: 20, MaxText: 8}
	for _, c := range []struct {
		name, payload, want string
		rejected            Rejected
	}{
		{"beyond float64", `{"a":1e400,"b":-1e400,"c":1}`, `c=1`, Rejected{Undecodable: 2}},
		{"plain beyond float64", `1e400`, ``, Rejected{Undecodable: 1}},
		{"plain NaN", `NaN`, ``, Rejected{Undecodable: 1}},
		{"plain infinity", ` -Inf `, ``, Rejected{Undecodable: 1}},
		{"path too long", `{"` + strings.Repeat("p", 21) + `":1,"b":2}`, `b=2`, Rejected{Undecodable: 1}},
		{"text too long", `{"a":"123456789","b":"12345678"}`, `b="12345678"`, Rejected{TooLarge: 1}},
		{"plain text too long", `a longer text`, ``, Rejected{TooLarge: 1}},
		{"too many metrics", `{"a":[` + many + `]}`, `a.0=1 a.1=1 a.2=1 a.3=1 a.4=1 a.5=1 a.6=1 a.7=1 a.8=1 a.9=1`, Rejected{TooMany: 2}},
		{"too many loose elements", `[` + many + `]`, `0=1 1=1 2=1 3=1 4=1 5=1 6=1 7=1 8=1 9=1`, Rejected{TooMany: 2}},
		{"eleven years back", `{"ts":"2013-05-06T07:08:09Z","a":1}`, ``, Rejected{TimeOutOfRange: 1}},
		{"two days ahead", `{"ts":"2024-05-08T07:08:10Z","a":1}`, ``, Rejected{TimeOutOfRange: 1}},
		{"seconds past 2262", `{"ts":99999999999,"a":1}`, ``, Rejected{TimeOutOfRange: 1}},
		{"a time no int64 holds", `{"ts":99999999999999999999,"a":1}`, ``, Rejected{TimeOutOfRange: 1}},
		{"a time no float64 holds", `{"ts":1e400,"a":1}`, ``, Rejected{TimeOutOfRange: 1}},
		{"a year no nanoseconds reach", `{"ts":"9999-12-31T23:59:59Z","a":1}`, ``, Rejected{TimeOutOfRange: 1}},
		{"a number too large in a string", `{"ts":"99999999999999999999","a":1}`, ``, Rejected{TimeOutOfRange: 1}},
		{"the first readable time decides", `{"ts":12345,"timestamp":"2024-05-06T07:08:09Z","a":1}`, ``, Rejected{TimeOutOfRange: 1}},
		{"uptime instead of time", `{"ts":12345,"a":1}`, ``, Rejected{TimeOutOfRange: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, rejected, err := decode(New(opts), c.payload)
			if err != nil || rejected != c.rejected || got != c.want {
				t.Fatalf("got %s\nwant %s\nrejected %+v, err %v", got, c.want, rejected, err)
			}
		})
	}
}

func TestWholeMessagesThatAreRefused(t *testing.T) {
	for name, payload := range map[string]string{
		"invalid UTF-8":        "\xff\xfe",
		"invalid UTF-8 inside": "{\"a\":\"\xc3\"}",
		"binary":               "\x00\x01\x02",
		"cut JSON":             `{"a":1`,
		"cut string":           `{"a":"b`,
		"cut escape":           `{"a":"\u00`,
		"trailing text":        `{"a":1} x`,
		"trailing comma":       `{"a":1,}`,
		"mismatched":           `{"a":[1}]`,
		"NaN inside":           `{"a":NaN}`,
		"Infinity inside":      `{"a":-Infinity}`,
		"leading zero":         `{"a":01}`,
		"no digits":            `{"a":1.}`,
		"raw control":          "{\"a\":\"\n\"}",
		"key without quotes":   `{a:1}`,
		"nested 33 deep":       strings.Repeat(`[`, 33) + strings.Repeat(`]`, 33),
		"nested 1,000 deep":    strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat(`}`, 1000),
		"a million brackets":   strings.Repeat(`[`, 1_000_000),
	} {
		t.Run(name, func(t *testing.T) {
			got, rejected, err := decode(New(Options{}), payload)
			if !errors.Is(err, fault.New(fault.Undecodable, "")) && fault.CodeOf(err) != fault.Undecodable {
				t.Fatalf("err %v", err)
			}
			if got != "" || rejected != (Rejected{}) {
				t.Fatalf("got %s, rejected %+v", got, rejected)
			}
		})
	}
	if got, _, err := decode(New(Options{}), strings.Repeat(`[`, 32)+"1"+strings.Repeat(`]`, 32)); err != nil || got == "" {
		t.Fatalf("32 deep: %q, %v", got, err)
	}
}

func TestTheReceiverMayStop(t *testing.T) {
	stop := errors.New("stop")
	m := msg.Message{Payload: []byte(`[1,2]`)}
	calls := 0
	if _, err := New(Options{}).Decode(&m, func(*Metric) error { calls++; return stop }); err != stop || calls != 1 {
		t.Fatalf("%d calls, err %v", calls, err)
	}
}

func TestTimeFieldsAreAChoice(t *testing.T) {
	d := New(Options{TimeFields: []string{"when"}})
	if got, _, err := decode(d, `{"ts":5,"when":"2024-05-06T07:08:09.00000001Z"}`); err != nil || got != "ts=5@0s" {
		t.Fatalf("%s, %v", got, err)
	}
}

func TestNumbersRoundAsStrconvDoes(t *testing.T) {
	for _, c := range []string{"0.1", "123456789012345678", "9007199254740992.5", "1.7976931348623157e308", "5e-324", "0.000000000000000000000123", "100000000000000000000000", "-12.75"} {
		v, n, kind := jsonNumber([]byte(c))
		want, _ := parseFloat([]byte(c))
		if n != len(c) || kind != numberFinite || math.Float64bits(v) != math.Float64bits(want) {
			t.Errorf("%s: got %v, want %v", c, v, want)
		}
	}
}

const reading = `{"ts":"2024-05-06T07:08:09.123Z","machine":{"temp":21.53,"pressure":1013.25,"running":true},"state":"coating","count":123456}`

func BenchmarkDecode(b *testing.B) {
	d := New(Options{})
	m := msg.Message{Payload: []byte(reading), Time: arrival.UnixNano()}
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Decode(&m, func(*Metric) error { n++; return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/metric")
}

func BenchmarkDecodePlainNumber(b *testing.B) {
	d := New(Options{})
	m := msg.Message{Payload: []byte("21.5"), Time: arrival.UnixNano()}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Decode(&m, func(*Metric) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
