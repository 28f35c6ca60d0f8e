package packet

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
)

func TestAppendAliasedSaysTheSame(t *testing.T) {
	for qos := byte(0); qos <= 2; qos++ {
		for _, size := range []int{0, 60, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128, 16_000, 16_370, 16_375, 16_380, 16_384} {
			for _, p := range []Publish{
				{Topic: []byte("plant/press/1"), Payload: bytes.Repeat([]byte{7}, size)},
				{Topic: bytes.Repeat([]byte("t"), size+1), HasExpiry: true, Expiry: 9, Retain: true},
				{Topic: []byte("a"), Properties: AppendProperty(nil, Property{ID: CorrelationData, Value: make([]byte, size)}), SubscriptionIDs: []uint32{300}},
			} {
				p.QoS, p.ID = qos, 5*uint16(min(qos, 1))
				t.Run(fmt.Sprintf("qos%d/%d", qos, size), func(t *testing.T) { aliasedSaysTheSame(t, &p) })
			}
		}
	}
}

func aliasedSaysTheSame(t *testing.T, p *Publish) {
	image := p.Append(nil, V5)
	if !bytes.Equal(ImageTopic(image), p.Topic) {
		t.Fatalf("topic %s", ImageTopic(image))
	}
	for _, bare := range []bool{false, true} {
		b := AppendAliased([]byte("x"), image, 0x1234, bare)[1:]
		if !bare && len(b) > len(image)+AliasRoom {
			t.Errorf("%d bytes more", len(b)-len(image))
		}
		if n, err := Frame(b, 0); err != nil || n != len(b) {
			t.Fatal(n, len(b), err)
		}
		var got, want Publish
		if err := got.Decode(b, V5); err != nil {
			t.Fatal(err)
		}
		if err := want.Decode(image, V5); err != nil {
			t.Fatal(err)
		}
		want.Alias = 0x1234
		if bare {
			want.Topic = want.Topic[:0]
		}
		got.scratch, want.scratch = nil, nil
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, want %+v", got, want)
		}
	}
}

func BenchmarkAppendAliased(b *testing.B) {
	image := (&Publish{Topic: []byte("plant/press/1/state"), Payload: make([]byte, 64), QoS: 1, ID: 1}).Append(nil, V5)
	dst := make([]byte, 0, 200)
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendAliased(dst[:0], image, 7, true)
	}
}
