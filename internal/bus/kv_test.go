package bus

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/millrace/millrace/internal/fault"
)

// bucket is what both twins offer.
type bucket interface {
	Get(ctx context.Context, key string) ([]byte, uint64, error)
	Put(ctx context.Context, key string, value []byte) (uint64, error)
	Create(ctx context.Context, key string, value []byte) (uint64, error)
	Update(ctx context.Context, key string, value []byte, rev uint64) (uint64, error)
	Delete(ctx context.Context, key string) error
	Keys(ctx context.Context, prefix string) ([]string, error)
}

var (
	_ bucket = (*KV)(nil)
	_ bucket = (*MemoryKV)(nil)
)

func TestBothBucketsKeepTheSamePromises(t *testing.T) {
	b := start(t, Options{Dir: t.TempDir(), Durability: Process})
	var n atomic.Int32
	durable := func(t *testing.T) bucket {
		kv, err := b.KV(t.Context(), fmt.Sprint("bucket-", n.Add(1)))
		must(t, err)
		return kv
	}
	t.Run("durable", func(t *testing.T) { suite(t, durable) })
	t.Run("memory", func(t *testing.T) { suite(t, func(*testing.T) bucket { return Memory() }) })
}

func suite(t *testing.T, fresh func(*testing.T) bucket) {
	for name, test := range map[string]func(*testing.T, bucket){
		"a value is read back":           readBack,
		"a missing key is not found":     missing,
		"who creates second is told":     createTwice,
		"an old revision is refused":     oldRevision,
		"a deleted key can come again":   deleted,
		"keys are listed by prefix":      listed,
		"any bytes may be a key":         oddKeys,
		"the caller keeps its bytes":     ownBytes,
		"of many writers one wins a rev": race,
	} {
		t.Run(name, func(t *testing.T) { test(t, fresh(t)) })
	}
}

func wantCode(t *testing.T, err error, code fault.Code) {
	t.Helper()
	if err == nil || fault.CodeOf(err) != code {
		t.Fatalf("got %v, want %v", err, code)
	}
}

func readBack(t *testing.T, b bucket) {
	r1, err := b.Put(t.Context(), "a", []byte("1"))
	must(t, err)
	r2, err := b.Put(t.Context(), "a", []byte("2"))
	must(t, err)
	v, rev, err := b.Get(t.Context(), "a")
	if err != nil || string(v) != "2" || rev != r2 || r2 <= r1 {
		t.Fatalf("%q at %d (put at %d, %d), %v", v, rev, r1, r2, err)
	}
	_, err = b.Put(t.Context(), "empty", nil)
	must(t, err)
	if v, _, err := b.Get(t.Context(), "empty"); err != nil || len(v) != 0 {
		t.Fatalf("%q, %v", v, err)
	}
}

func missing(t *testing.T, b bucket) {
	_, _, err := b.Get(t.Context(), "nobody")
	wantCode(t, err, fault.NotFound)
	must(t, b.Delete(t.Context(), "nobody"))
	_, err = b.Update(t.Context(), "nobody", nil, 77)
	wantCode(t, err, fault.Conflict)
}

func createTwice(t *testing.T, b bucket) {
	_, err := b.Create(t.Context(), "a", []byte("1"))
	must(t, err)
	_, err = b.Create(t.Context(), "a", []byte("2"))
	wantCode(t, err, fault.Conflict)
	if v, _, _ := b.Get(t.Context(), "a"); string(v) != "1" {
		t.Fatalf("got %q", v)
	}
}

func oldRevision(t *testing.T, b bucket) {
	r1, err := b.Put(t.Context(), "a", []byte("1"))
	must(t, err)
	_, err = b.Put(t.Context(), "other", []byte("1"))
	must(t, err)
	r2, err := b.Update(t.Context(), "a", []byte("2"), r1)
	must(t, err)
	_, err = b.Update(t.Context(), "a", []byte("3"), r1)
	wantCode(t, err, fault.Conflict)
	if v, rev, _ := b.Get(t.Context(), "a"); string(v) != "2" || rev != r2 {
		t.Fatalf("got %q at %d", v, rev)
	}
}

func deleted(t *testing.T, b bucket) {
	_, err := b.Put(t.Context(), "a", []byte("1"))
	must(t, err)
	must(t, b.Delete(t.Context(), "a"))
	_, _, err = b.Get(t.Context(), "a")
	wantCode(t, err, fault.NotFound)
	if keys, err := b.Keys(t.Context(), ""); err != nil || len(keys) != 0 {
		t.Fatalf("%q, %v", keys, err)
	}
	_, err = b.Create(t.Context(), "a", []byte("2"))
	must(t, err)
}

func listed(t *testing.T, b bucket) {
	if keys, err := b.Keys(t.Context(), ""); err != nil || keys == nil || len(keys) != 0 {
		t.Fatalf("empty bucket: %#v, %v", keys, err)
	}
	for _, k := range []string{"user.b", "user.a", "key.a", "user"} {
		_, err := b.Put(t.Context(), k, nil)
		must(t, err)
	}
	keys, err := b.Keys(t.Context(), "user.")
	if err != nil || !slices.Equal(keys, []string{"user.a", "user.b"}) {
		t.Fatalf("%q, %v", keys, err)
	}
}

func oddKeys(t *testing.T, b bucket) {
	odd := []string{".", "..", "a.", ".a", "a b", "Müller", "\x00", "*", ">", "a=b", "=41", "$x", strings.Repeat("k", 512)}
	for _, k := range odd {
		_, err := b.Put(t.Context(), k, []byte(k))
		must(t, err)
	}
	for _, k := range odd {
		if v, _, err := b.Get(t.Context(), k); err != nil || string(v) != k {
			t.Fatalf("%q: %q, %v", k, v, err)
		}
	}
	slices.Sort(odd)
	if keys, err := b.Keys(t.Context(), ""); err != nil || !slices.Equal(keys, odd) {
		t.Fatalf("%q, %v", keys, err)
	}
	for _, k := range []string{"", strings.Repeat("k", 513)} {
		_, err := b.Put(t.Context(), k, nil)
		wantCode(t, err, fault.Invalid)
	}
}

func ownBytes(t *testing.T, b bucket) {
	v := []byte("1")
	_, err := b.Put(t.Context(), "a", v)
	must(t, err)
	v[0] = '2'
	got, _, _ := b.Get(t.Context(), "a")
	got[0] = '3'
	if again, _, _ := b.Get(t.Context(), "a"); string(again) != "1" {
		t.Fatalf("got %q", again)
	}
}

func race(t *testing.T, b bucket) {
	rev, err := b.Put(t.Context(), "a", []byte("0"))
	must(t, err)
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := b.Update(t.Context(), "a", []byte("1"), rev); err == nil {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Fatalf("%d writers won", won.Load())
	}
}

func FuzzEscapeKey(f *testing.F) {
	for _, k := range []string{"a", "a.b", "=", "=4", "\xff\x00"} {
		f.Add(k)
	}
	f.Fuzz(func(t *testing.T, key string) {
		e := escapeKey(key)
		if strings.ContainsAny(e, ". *>\x00") {
			t.Fatalf("%q became %q", key, e)
		}
		if back, ok := unescapeKey(e); !ok || back != key {
			t.Fatalf("%q came back as %q", key, back)
		}
		_, _ = unescapeKey(key)
	})
}
