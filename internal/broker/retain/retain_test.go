package retain

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

func message(topic, payload string) *msg.Message {
	return &msg.Message{Topic: []byte(topic), Payload: []byte(payload)}
}

func TestStoreAgainstAModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	levels := []string{"", "a", "b", "$SYS", "c"}
	name := func(wild bool) string {
		var parts []string
		for range 1 + r.IntN(4) {
			parts = append(parts, levels[r.IntN(len(levels))])
			if wild && r.IntN(3) == 0 {
				parts[len(parts)-1] = "+"
			}
		}
		if wild && r.IntN(3) == 0 {
			parts = append(parts, "#")
		}
		return strings.Join(parts, "/")
	}
	s, model := New(0, 0), map[string]string{}
	for i := range 4_000 {
		topicName := name(false)
		if topicName == "" {
			continue
		}
		payload := ""
		if r.IntN(3) > 0 {
			payload = fmt.Sprint(i)
		}
		if err := s.Set(message(topicName, payload)); err != nil {
			t.Fatal(err)
		}
		delete(model, topicName)
		if payload != "" {
			model[topicName] = payload
		}
		if m := s.Get([]byte(topicName)); (m != nil) != (payload != "") || m != nil && string(m.Payload) != payload {
			t.Fatalf("%q: %+v, want %q", topicName, m, payload)
		}
		filter := name(true)
		if filter == "" {
			continue
		}
		var got, want []string
		for _, m := range s.Match(nil, filter) {
			got = append(got, string(m.Topic)+"="+string(m.Payload))
		}
		bytes := 0
		for k, v := range model {
			bytes += len(k) + len(v) + levelBytes*(1+strings.Count(k, "/"))
			if topic.Match(filter, k) {
				want = append(want, k+"="+v)
			}
		}
		sort.Strings(got)
		sort.Strings(want)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%q: %v, want %v", filter, got, want)
		}
		if n, b := s.Len(); n != len(model) || b != bytes {
			t.Fatalf("%d messages, %d bytes; want %d, %d", n, b, len(model), bytes)
		}
	}
	for k := range model {
		_ = s.Set(message(k, ""))
	}
	if len(s.root.children) != 0 {
		t.Fatal("levels are left")
	}
}

func TestStoreStaysWithinItsLimits(t *testing.T) {
	s := New(2, 20+2*levelBytes)
	for _, c := range []struct {
		topic, payload string
		ok             bool
	}{
		{"a", "1", true}, {"b", "1", true}, {"c", "1", false}, {"a", "2", true}, {"b", strings.Repeat("x", 20), false}, {"b", "", true}, {"c", "1", true},
	} {
		if err := s.Set(message(c.topic, c.payload)); (err == nil) != c.ok || err != nil && fault.CodeOf(err) != fault.TooMany {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if m := s.Get([]byte("a")); string(m.Payload) != "2" {
		t.Errorf("%+v", m)
	}
}

// Expiry beside a plain map: messages come, are replaced by others that expire or
// do not, go, and expire in the order of their times.
func TestExpiryAgainstAModel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	s, model, now := New(0, 0), map[string]*msg.Message{}, int64(0)
	for range 5_000 {
		m := message(fmt.Sprint("t/", r.IntN(40)), []string{"", "x"}[min(r.IntN(4), 1)])
		m.Time, m.Expiry = now, uint32(r.IntN(5))
		if err := s.Set(m); err != nil {
			t.Fatal(err)
		}
		if model[string(m.Topic)] = m; len(m.Payload) == 0 {
			delete(model, string(m.Topic))
		}
		now += r.Int64N(int64(time.Second))
		dead := 0
		for name, m := range model {
			if m.Expiry > 0 && m.Time+int64(m.Expiry)*int64(time.Second) <= now {
				delete(model, name)
				dead++
			}
		}
		if s.Overdue(now) != (dead > 0) {
			t.Fatalf("%d are overdue", dead)
		}
		gone := 0
		for s.Overdue(now) {
			n := s.Expire(now, 2)
			if gone += n; n < 1 || n > 2 {
				t.Fatalf("%d expired at once", n)
			}
		}
		if gone != dead {
			t.Fatalf("%d expired, want %d", gone, dead)
		}
		if n, _ := s.Len(); n != len(model) {
			t.Fatalf("%d messages, want %d", n, len(model))
		}
	}
	for name, m := range model {
		if got := s.Get([]byte(name)); got == nil || got.Time != m.Time {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
