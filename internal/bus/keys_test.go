package bus

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// bucketOf makes a data folder with a bucket over several files, whose keys have changed
// and gone as seed wants, but for those of the last files.
func bucketOf(t *testing.T, seed uint64) (dir string) {
	t.Helper()
	chance := rand.New(rand.NewPCG(seed, 0))
	dir = t.TempDir()
	b, err := New(Options{Dir: dir, Durability: Process})
	must(t, err)
	must(t, b.Start(t.Context()))
	defer b.Close()
	kv, err := b.KV(t.Context(), "people")
	must(t, err)
	for range 60 {
		if key := fmt.Sprint("key ", chance.IntN(40)); chance.IntN(5) == 0 {
			must(t, kv.Delete(t.Context(), key))
		} else {
			_, err = kv.Put(t.Context(), key, make([]byte, 1<<20))
			must(t, err)
		}
	}
	for i := range 30 {
		_, err = kv.Put(t.Context(), fmt.Sprint("lasting ", i), make([]byte, 1<<20))
		must(t, err)
	}
	return dir
}

// A file in the middle of a bucket that is missing is told, and keys that came and went are
// no loss, however the engine ended.
func TestMissingKeysAreTold(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dir := bucketOf(t, seed)
	s := surveyor{dir: filepath.Join(dir, "jetstream", "$G", "streams", "KV_people", "msgs")}
	must(t, s.list())
	if len(s.blocks) < 3 {
		t.Fatalf("the bucket is in %v", s.blocks)
	}
	missing, index := s.path(s.blocks[len(s.blocks)-2]), filepath.Join(s.dir, indexDB)
	if _, losses, _ := found(t, dir); len(losses) > 0 {
		t.Errorf("after a good end it told %+v", losses)
	}
	must(t, os.Remove(index))
	if _, losses, _ := found(t, dir); len(losses) > 0 {
		t.Errorf("without an index it told %+v", losses)
	}
	must(t, os.Remove(missing))
	if err := os.Remove(index); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	_, losses, _ := found(t, dir)
	if len(losses) != 1 || losses[0].Stream != "people" || !strings.Contains(losses[0].Text, "keys are gone") {
		t.Errorf("without %s it told %+v", filepath.Base(missing), losses)
	}
	if _, again, _ := found(t, dir); len(again) != len(losses) {
		t.Errorf("the start after that told %+v", again)
	}
}
