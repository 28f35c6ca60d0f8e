package bus

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
)

// MemoryKV is the in-memory twin of [KV]: the same methods, the same answers,
// nothing kept. The zero value is not ready; use [Memory].
type MemoryKV struct {
	// mu guards the fields below.
	mu     sync.Mutex
	values map[string]revised
	rev    uint64
}

type revised struct {
	value []byte
	rev   uint64
}

// Memory returns an empty bucket that lives in memory, for tests.
func Memory() *MemoryKV { return &MemoryKV{values: map[string]revised{}} }

// Get is [KV.Get].
func (k *MemoryKV) Get(_ context.Context, key string) (value []byte, rev uint64, err error) {
	if err := checkKey(key); err != nil {
		return nil, 0, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	v, ok := k.values[key]
	if !ok {
		return nil, 0, notFound("bus: get in memory", key)
	}
	return bytes.Clone(v.value), v.rev, nil
}

// Put is [KV.Put].
func (k *MemoryKV) Put(_ context.Context, key string, value []byte) (rev uint64, err error) {
	return k.write(key, value, func(revised, bool) bool { return true })
}

// Create is [KV.Create].
func (k *MemoryKV) Create(_ context.Context, key string, value []byte) (rev uint64, err error) {
	return k.write(key, value, func(_ revised, there bool) bool { return !there })
}

// Update is [KV.Update].
func (k *MemoryKV) Update(_ context.Context, key string, value []byte, rev uint64) (uint64, error) {
	return k.write(key, value, func(v revised, _ bool) bool { return v.rev == rev })
}

func (k *MemoryKV) write(key string, value []byte, may func(revised, bool) bool) (uint64, error) {
	if err := checkKey(key); err != nil {
		return 0, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if v, there := k.values[key]; !may(v, there) {
		return 0, conflict("bus: write in memory", key)
	}
	k.rev++
	k.values[key] = revised{bytes.Clone(value), k.rev}
	return k.rev, nil
}

// Delete is [KV.Delete].
func (k *MemoryKV) Delete(_ context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.rev++
	delete(k.values, key)
	return nil
}

// Keys is [KV.Keys].
func (k *MemoryKV) Keys(_ context.Context, prefix string) ([]string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	keys := []string{}
	for key := range k.values {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys, nil
}
