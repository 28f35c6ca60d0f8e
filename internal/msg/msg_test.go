package msg

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

func sample() Message {
	return Message{
		Topic: []byte("plant/press/1"), Payload: []byte(`{"t":21.5}`), Publisher: []byte("press-1"),
		Properties: []byte{1, 1}, Time: 1_000_000_007, Expiry: 60, QoS: 1, Retain: true,
	}
}

func TestRecordRoundTrip(t *testing.T) {
	bare := Message{Topic: []byte("a"), Time: 1_000_000_000}
	atOnce := bare
	atOnce.SetExpiry(0)
	delayed := bare
	delayed.Origin = DelayedOrigin(77)
	for _, want := range []Message{sample(), bare, atOnce, delayed} {
		b := AppendRecord(nil, &want, 1_000_000_000)
		var got Message
		rest, err := ReadRecord(append(b, 0xEE), &got, 1_000_000_000)
		if err != nil || !bytes.Equal(rest, []byte{0xEE}) {
			t.Fatalf("rest %x, err %v", rest, err)
		}
		if !bytes.Equal(got.Topic, want.Topic) || !bytes.Equal(got.Payload, want.Payload) ||
			!bytes.Equal(got.Properties, want.Properties) || !bytes.Equal(got.Publisher, want.Publisher) ||
			got.Time != want.Time || got.Expiry != want.Expiry || got.Expires() != want.Expires() || got.QoS != want.QoS || got.Retain != want.Retain || got.Origin != want.Origin {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	}
}

// The bytes of a record with and without an expiry interval, as docs/formats/entry.md
// has them.
func TestRecordBytesOfExpiry(t *testing.T) {
	for _, c := range []struct {
		record  string
		expires bool
		expiry  uint32
		ok      bool
	}{
		{"\x01\x00\x01a\x00\x01x", false, 0, true},
		{"\x11\x00\x01a\x00\x00\x01x", true, 0, true},
		{"\x11\x00\x01a\x00\x3c\x01x", true, 60, true},
		{"\x11\x00\x01a\x00\xff\xff\xff\xff\x0f\x01x", true, 1<<32 - 1, true},
		{"\x11\x00\x01a\x00\x80\x80\x80\x80\x10\x01x", false, 0, false},
	} {
		var m Message
		_, err := ReadRecord([]byte(c.record), &m, 0)
		if (err == nil) != c.ok || c.ok && (m.Expires() != c.expires || m.Expiry != c.expiry) {
			t.Errorf("%x: %+v, %v", c.record, m, err)
		}
		if again := AppendRecord(nil, &m, 0); c.ok && string(again) != c.record {
			t.Errorf("%x became %x", c.record, again)
		}
	}
}

func TestRecordCutAnywhereIsAnError(t *testing.T) {
	m := sample()
	b := AppendRecord(nil, &m, m.Time)
	for n := range b {
		if _, err := ReadRecord(b[:n], new(Message), 0); !errors.Is(err, ErrRecord) {
			t.Fatalf("cut at %d of %d: %v", n, len(b), err)
		}
	}
}

func TestBatchKeepsOrderAndNeverStepsBack(t *testing.T) {
	var b Batch
	for i, at := range []int64{100, 90, 130} {
		m := Message{Topic: []byte{'a' + byte(i)}, Time: at}
		b.Add(&m, uint64(i))
		if m.Time != at {
			t.Fatal("Add changed the caller's message")
		}
	}
	var topics []byte
	var times []int64
	for rest := b.Records; len(rest) > 0; {
		var m Message
		var err error
		if rest, err = ReadRecord(rest, &m, b.Base); err != nil {
			t.Fatal(err)
		}
		topics, times = append(topics, m.Topic...), append(times, m.Time)
	}
	if string(topics) != "abc" || !reflect.DeepEqual(times, []int64{100, 100, 130}) {
		t.Fatalf("topics %s, times %v", topics, times)
	}
	if b.Count() != 3 || b.MaxTime != 130 || int(b.Ends[2]) != len(b.Records) {
		t.Fatalf("%+v", b)
	}
	b.Reset(1 << 20)
	if b.Count() != 0 || len(b.Records) != 0 || cap(b.Records) == 0 {
		t.Fatalf("after Reset: %+v", b)
	}
}

func TestCloneOwnsItsBytes(t *testing.T) {
	m := sample()
	c := m.Clone()
	m.Topic[0], m.Payload[0] = 'X', 'X'
	if string(c.Topic) != "plant/press/1" || c.Payload[0] != '{' {
		t.Fatalf("%s %s", c.Topic, c.Payload)
	}
}

func FuzzReadRecord(f *testing.F) {
	m := sample()
	f.Add(AppendRecord(nil, &m, m.Time))
	m.SetExpiry(0)
	f.Add(AppendRecord(nil, &m, m.Time))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m Message
		if _, err := ReadRecord(b, &m, 0); err != nil {
			return
		}
		var again Message
		if _, err := ReadRecord(AppendRecord(nil, &m, 0), &again, 0); err != nil || !bytes.Equal(again.Payload, m.Payload) || again.Expires() != m.Expires() || again.Expiry != m.Expiry || again.Origin != m.Origin {
			t.Fatalf("%v: %+v != %+v", err, again, m)
		}
	})
}

func BenchmarkAppendRecord(b *testing.B) {
	m, buf := sample(), make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendRecord(buf[:0], &m, 0)
	}
}

func BenchmarkReadRecord(b *testing.B) {
	m := sample()
	rec := AppendRecord(nil, &m, 0)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadRecord(rec, &m, 0); err != nil {
			b.Fatal(err)
		}
	}
}
