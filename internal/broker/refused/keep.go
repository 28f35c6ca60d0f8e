package refused

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// Shelf keeps refusals beyond the process, some of them under each key.
type Shelf interface {
	Get(ctx context.Context, key string) (value []byte, rev uint64, err error)
	Put(ctx context.Context, key string, value []byte) (rev uint64, err error)
	Delete(ctx context.Context, key string) error
	Keys(ctx context.Context, prefix string) ([]string, error)
}

const (
	// perShard is how many refusals stand under one key on average, mostShards how
	// many keys there are at most.
	perShard, mostShards = 100, 1000
	// All saves every shard that has changed.
	All = mostShards
)

// shards are which keys have changed since they were kept.
type shards struct {
	dirty []bool
	queue []int // of the dirty ones, the longest ago first
}

func newShards(most int) shards {
	return shards{dirty: make([]bool, min(max(most/perShard, 1), mostShards))}
}

// of is the same in every process, as long as there are as many shards.
func (s *shards) of(k *key) int {
	h := crc32.ChecksumIEEE([]byte(k.client + "\x00" + k.address.String() + "\x00" + k.code.String()))
	return int(h % uint32(len(s.dirty)))
}

func (s *shards) touch(k key) { s.mark(s.of(&k)) }

func (s *shards) mark(i int) {
	if !s.dirty[i] {
		s.dirty[i] = true
		s.queue = append(s.queue, i)
	}
}

// take is at most n that have changed.
func (s *shards) take(n int) []int {
	n = min(n, len(s.queue))
	taken := slices.Clone(s.queue[:n])
	s.queue = slices.Delete(s.queue, 0, n)
	for _, i := range taken {
		s.dirty[i] = false
	}
	return taken
}

// kept is a refusal as it is written.
type kept struct {
	Refusal
	Reason string // the code's word: its number may be another in the next release
}

// Save keeps at most n of the shards that have changed since; what could not be kept
// stays to be kept. One caller at a time.
func (s *Store) Save(ctx context.Context, shelf Shelf, n int, now time.Time) error {
	lists := s.changed(n, now)
	for i, list := range lists {
		if err := save(ctx, shelf, strconv.Itoa(i), list); err != nil {
			s.notKept(lists)
			return fmt.Errorf("refused: save: %w", err)
		}
		delete(lists, i)
	}
	return nil
}

func (s *Store) notKept(lists map[int][]kept) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range lists {
		s.shards.mark(i)
	}
}

func save(ctx context.Context, shelf Shelf, key string, list []kept) error {
	if len(list) == 0 {
		return shelf.Delete(ctx, key)
	}
	value, err := json.Marshal(list)
	if err == nil {
		_, err = shelf.Put(ctx, key, value)
	}
	return err
}

// changed copies what the shards hold that are to be kept now.
func (s *Store) changed(n int, now time.Time) map[int][]kept {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(now)
	lists := map[int][]kept{}
	for _, i := range s.shards.take(n) {
		lists[i] = nil
	}
	if len(lists) == 0 {
		return nil
	}
	for e := s.order.Front(); e != nil; e = e.Next() {
		r := e.Value.(*Refusal)
		k := keyOf(r)
		i := s.shards.of(&k)
		if list, ok := lists[i]; ok {
			lists[i] = append(list, kept{*r, r.Code.String()})
		}
	}
	return lists
}

// Load takes over what an earlier process has kept, before anything is added. What
// cannot be read is left out and said in the error; the rest is there all the same.
func (s *Store) Load(ctx context.Context, shelf Shelf, now time.Time) error {
	keys, err := shelf.Keys(ctx, "")
	if err != nil {
		return fmt.Errorf("refused: load: %w", err)
	}
	var all []Refusal
	var errs []error
	for _, key := range keys {
		value, _, err := shelf.Get(ctx, key)
		var list []kept
		if err == nil {
			err = json.Unmarshal(value, &list)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("refused: load %s: %w", key, err))
		}
		all = append(all, readable(list)...)
		if i, err := strconv.Atoi(key); err != nil || i < 0 || i >= len(s.shards.dirty) {
			errs = append(errs, shelf.Delete(ctx, key)) // of a larger store
		}
	}
	s.restore(all, now)
	return errors.Join(errs...)
}

func readable(list []kept) (all []Refusal) {
	for _, k := range list {
		for _, c := range fault.Codes() {
			if c.String() == k.Reason {
				k.Code = c
				all = append(all, k.Refusal)
			}
		}
	}
	return all
}

// restore enters refusals of earlier, the longest ago first.
func (s *Store) restore(all []Refusal, now time.Time) {
	slices.SortStableFunc(all, func(x, y Refusal) int { return x.LastAt.Compare(y.LastAt) })
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range all {
		r := &all[i]
		if s.entries[keyOf(r)] != nil {
			continue
		}
		s.enter(r)
		s.shards.touch(keyOf(r)) // it may stand under another key
	}
	s.expire(now)
}
