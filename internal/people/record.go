package people

import (
	"context"
	"encoding/json"

	"github.com/millrace/millrace/internal/fault"
)

// get reads a record; one that is no JSON of ours is an internal fault.
func get[T any](ctx context.Context, kv KV, key string) (v T, rev uint64, err error) {
	b, rev, err := kv.Get(ctx, key)
	if err != nil {
		return v, 0, err
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return v, 0, fault.Wrap(fault.Internal, "people: read "+key, err, "The record of %q cannot be read.", key)
	}
	return v, rev, nil
}

func create[T any](ctx context.Context, kv KV, key string, v T) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = kv.Create(ctx, key, b)
	return err
}

// list reads every record below prefix in the order of their keys, without those
// that went meanwhile.
func list[T any](ctx context.Context, kv KV, prefix string) ([]T, error) {
	keys, err := kv.Keys(ctx, prefix)
	if err != nil {
		return nil, err
	}
	all := make([]T, 0, len(keys))
	for _, key := range keys {
		v, _, err := get[T](ctx, kv, key)
		if err != nil && fault.CodeOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}
