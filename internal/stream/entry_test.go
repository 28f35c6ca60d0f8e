package stream

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"os"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/msg"
)

var rewrite = flag.Bool("rewrite", false, "write the expectations of the scripts and vectors anew")

// batchOf makes a batch of messages, all of one publisher.
func batchOf(ms ...msg.Message) *msg.Batch {
	b := new(msg.Batch)
	for i := range ms {
		b.Add(&ms[i], uint64(i))
	}
	return b
}

func reading(topic, payload string, at int64) msg.Message {
	return msg.Message{Topic: []byte(topic), Payload: []byte(payload), Publisher: []byte("press-1"), Time: at, QoS: 1}
}

func encode(run, number uint64, batches ...*msg.Batch) []byte {
	var parts []part
	for _, b := range batches {
		parts = append(parts, part{b, 0, b.Count()})
	}
	return new(encoder).encode(nil, run, number, parts)
}

// show writes an entry for people.
func show(b []byte) string {
	e, err := ReadEntry(b)
	if err != nil {
		return err.Error() + "\n"
	}
	ms, err := e.Messages(nil)
	if err != nil {
		return err.Error() + "\n"
	}
	s := fmt.Sprintf("count %d, times %d to %d, run %d, number %d\n", e.Count, e.MinTime, e.MaxTime, e.Run, e.Number)
	for _, m := range ms {
		s += fmt.Sprintf("%d %q from %q qos %d retain %v expiry %d properties %x payload %q\n", m.Time, m.Topic, m.Publisher, m.QoS, m.Retain, m.Expiry, m.Properties, m.Payload)
	}
	return s
}

// TestVectors holds the format: each file is an entry in hex and what it says.
func TestVectors(t *testing.T) {
	full := msg.Message{Topic: []byte("plant/a"), Payload: []byte(`{"t":21.5}`), Properties: []byte{0x01, 0x01}, Publisher: []byte("oven"), Time: 1_700_000_000_000_000_500, Expiry: 60, QoS: 2, Retain: true}
	for name, b := range map[string][]byte{
		"one":        encode(0x1122334455667788, 1, batchOf(reading("a", "1", 1_700_000_000_000_000_000))),
		"all-fields": encode(7, 9, batchOf(full)),
		"two-groups": encode(7, 10, batchOf(reading("a", "1", 1000), reading("b", "", 1300)), batchOf(reading("a", "2", 900))),
		"before1970": encode(7, 11, batchOf(reading("a", "1", -5))),
	} {
		t.Run(name, func(t *testing.T) {
			file := "testdata/entry/" + name + ".txt"
			got := hex.Dump(b) + "\n" + show(b)
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil || got != string(want) {
				t.Fatalf("got\n%s\nwant\n%s\n%v", got, want, err)
			}
		})
	}
}

func TestDamageIsFound(t *testing.T) {
	good := encode(1, 1, batchOf(reading("a/b", "12", 5), reading("a/c", "13", 6)))
	for i := range good {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			if _, err := ReadEntry(bad); err == nil {
				t.Fatalf("byte %d, bit %d flipped: not found", i, bit)
			}
		}
	}
	for n := range good {
		if _, err := ReadEntry(good[:n]); err == nil {
			t.Fatalf("cut to %d bytes: not found", n)
		}
	}
}

// seal gives bytes a good checksum, as an attacker or a bug would.
func seal(b []byte) []byte {
	if len(b) >= headerSize {
		copy(b, magic[:])
		binary.LittleEndian.PutUint32(b[4:], crc32.Checksum(b[crcFrom:], castagnoli))
	}
	return b
}

func TestLiesUnderAGoodChecksumAreRefused(t *testing.T) {
	make := func(change func(b []byte)) []byte {
		b := encode(1, 1, batchOf(reading("a/b", "12", 5)))
		change(b)
		return seal(b)
	}
	group := headerSize + 8
	for name, b := range map[string][]byte{
		"more messages than bytes": make(func(b []byte) { b[11] = 0xff }),
		"one message too many":     make(func(b []byte) { b[8]++ }),
		"filter beyond the end":    make(func(b []byte) { b[14] = 1 }),
		"group beyond the end":     make(func(b []byte) { b[group+12]++ }),
		"group too short":          make(func(b []byte) { b[group+12]-- }),
		"group counts too many":    make(func(b []byte) { b[group+8]++ }),
		"group counts enormous":    make(func(b []byte) { b[group+11] = 0x7f }),
		"record is none":           make(func(b []byte) { b[group+16] = 0xff }),
	} {
		t.Run(name, func(t *testing.T) {
			e, err := ReadEntry(b)
			if err == nil {
				_, err = e.Messages(nil)
			}
			if !errors.Is(err, ErrEntry) && !errors.Is(err, msg.ErrRecord) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestFilterMissesNoTopicAndAdmitsFewOthers(t *testing.T) {
	for _, n := range []int{1, 10, 100, 4000} {
		b := new(msg.Batch)
		for i := range n {
			m := reading(fmt.Sprintf("plant/line%d/temperature", i), "1", 1)
			b.Add(&m, 0)
			b.Add(&m, 0)
		}
		e, err := ReadEntry(encode(1, 1, b))
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if !e.MayHold(fmt.Appendf(nil, "plant/line%d/temperature", i)) {
				t.Fatalf("of %d: topic %d is missed", n, i)
			}
		}
		wrong := 0
		for i := range 100_000 {
			if e.MayHold(fmt.Appendf(nil, "plant/line%d/pressure", i)) {
				wrong++
			}
		}
		t.Logf("%d topics, %d bytes: %.2f %% wrong", n, len(e.topics), float64(wrong)/1000)
		if wrong > 1500 {
			t.Errorf("of %d: %d of 100,000 others admitted", n, wrong)
		}
	}
}

func FuzzReadEntry(f *testing.F) {
	f.Add(encode(1, 1, batchOf(reading("a", "1", 1))), false)
	f.Add(encode(1, 2, batchOf(reading("a", "1", 1), reading("b", strings.Repeat("x", 300), 2)), batchOf(reading("c", "", -1))), true)
	f.Add([]byte("MRE\x01"), false)
	f.Add(make([]byte, headerSize+groupSize), true)
	f.Fuzz(func(t *testing.T, b []byte, good bool) {
		if good {
			b = seal(bytes.Clone(b))
		}
		e, err := ReadEntry(b)
		if err != nil {
			return
		}
		e.MayHold([]byte("a"))
		ms, err := e.Messages(nil)
		if err == nil && len(ms) != e.Count {
			t.Fatalf("%d messages, %d counted", len(ms), e.Count)
		}
	})
}
