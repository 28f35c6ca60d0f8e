package bus

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/millrace/millrace/internal/fault"
)

// bucketPrefix is what the engine puts before a bucket's name to name its stream.
const bucketPrefix = "KV_"

// KV is one durable bucket: keys with their newest value and its revision. A
// revision is a number that grows with every change of the bucket; who writes with
// the revision it read overwrites nobody's change.
//
// Missing keys answer [fault.NotFound], a revision that has passed
// [fault.Conflict]. Keys are any 1 to 512 bytes.
type KV struct {
	bus    *Bus
	bucket string

	// mu guards the fields below.
	mu     sync.Mutex
	engine *engine // the one that handle belongs to
	handle jetstream.KeyValue
}

// KV opens the bucket of that name, making it when it is new. A bucket that is there
// is opened without a write, so that a full disk is no obstacle; a new one answers
// [fault.StorageFull] then.
func (b *Bus) KV(ctx context.Context, bucket string) (*KV, error) {
	if !validName(bucket) {
		return nil, fault.New(fault.Invalid, "Bucket name %q: use lower-case letters, digits, - and _, 64 at most.", bucket)
	}
	k := &KV{bus: b, bucket: bucket}
	ctx, cancel := bounded(ctx)
	defer cancel()
	_, _, err := k.open(ctx)
	return k, err
}

// open returns the bucket on the engine in use.
func (k *KV) open(ctx context.Context) (jetstream.KeyValue, *engine, error) {
	e, err := k.bus.wait(ctx)
	if err != nil {
		return nil, nil, fault.Wrap(fault.Unavailable, "bus: bucket "+k.bucket, err, "The storage engine is being restarted.")
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.engine == e {
		return k.handle, e, nil
	}
	h, err := e.keyValue(ctx, k.bucket)
	if err != nil {
		op := "bus: open bucket " + k.bucket
		if f := callFault(e, op, err); fault.CodeOf(f) != fault.Unavailable {
			return nil, nil, f
		}
		return nil, nil, k.bus.openFault("Bucket "+k.bucket, op, err)
	}
	k.engine, k.handle = e, h
	return h, e, nil
}

// keyValue opens the bucket that is there without writing a byte, which works on a
// full disk too; else it makes or changes it.
func (e *engine) keyValue(ctx context.Context, bucket string) (jetstream.KeyValue, error) {
	want := jetstream.KeyValueConfig{Bucket: bucket, History: 1, Storage: jetstream.FileStorage, Replicas: 1}
	h, err := e.js.KeyValue(ctx, bucket)
	if err == nil {
		if st, err := h.Status(ctx); err == nil && sameBucket(st.Config(), want) {
			return h, nil
		}
	} else if !errors.Is(err, jetstream.ErrBucketNotFound) && !errors.Is(err, jetstream.ErrBadBucket) {
		return nil, err
	}
	return e.js.CreateOrUpdateKeyValue(ctx, want)
}

func sameBucket(stored, want jetstream.KeyValueConfig) bool {
	return stored.History == want.History && stored.Storage == want.Storage && stored.Replicas == want.Replicas && stored.TTL == want.TTL
}

// Get returns the value of key, which is the caller's own, and its revision.
func (k *KV) Get(ctx context.Context, key string) (value []byte, rev uint64, err error) {
	err = k.call(ctx, "get", key, false, func(ctx context.Context, h jetstream.KeyValue, key string) error {
		entry, err := h.Get(ctx, key)
		if err == nil {
			value, rev = entry.Value(), entry.Revision()
		}
		return err
	})
	return value, rev, err
}

// Put sets key whatever it was.
func (k *KV) Put(ctx context.Context, key string, value []byte) (rev uint64, err error) {
	return k.write(ctx, "put", key, value, func(ctx context.Context, h jetstream.KeyValue, key string) (uint64, error) {
		return h.Put(ctx, key, value)
	})
}

// Create sets key if it is not there, else it answers [fault.Conflict].
func (k *KV) Create(ctx context.Context, key string, value []byte) (rev uint64, err error) {
	return k.write(ctx, "create", key, value, func(ctx context.Context, h jetstream.KeyValue, key string) (uint64, error) {
		return h.Create(ctx, key, value)
	})
}

// Update sets key if its revision still is rev, else it answers [fault.Conflict].
func (k *KV) Update(ctx context.Context, key string, value []byte, rev uint64) (uint64, error) {
	return k.write(ctx, "update", key, value, func(ctx context.Context, h jetstream.KeyValue, key string) (uint64, error) {
		return h.Update(ctx, key, value, rev)
	})
}

// Delete removes key; a key that is not there is removed already.
func (k *KV) Delete(ctx context.Context, key string) error {
	return k.call(ctx, "delete", key, true, func(ctx context.Context, h jetstream.KeyValue, key string) error {
		return h.Delete(ctx, key)
	})
}

// Keys returns the keys that begin with prefix, sorted.
func (k *KV) Keys(ctx context.Context, prefix string) ([]string, error) {
	keys := []string{}
	err := k.call(ctx, "keys", "*", false, func(ctx context.Context, h jetstream.KeyValue, _ string) (err error) {
		keys, err = listKeys(ctx, h, prefix)
		return err
	})
	slices.Sort(keys)
	return keys, err
}

// listKeys watches the bucket until all that is there now has been seen.
func listKeys(ctx context.Context, h jetstream.KeyValue, prefix string) ([]string, error) {
	keys := []string{}
	w, err := h.WatchAll(ctx, jetstream.IgnoreDeletes(), jetstream.MetaOnly())
	if err != nil {
		return keys, err
	}
	defer func() { _ = w.Stop() }()
	for {
		select {
		case entry, ok := <-w.Updates():
			switch {
			case !ok:
				return keys, errAgain
			case entry == nil:
				return keys, nil
			}
			if key, ok := unescapeKey(entry.Key()); ok && strings.HasPrefix(key, prefix) {
				keys = append(keys, key)
			}
		case <-ctx.Done():
			return keys, ctx.Err()
		}
	}
}

func (k *KV) write(ctx context.Context, op, key string, value []byte, do func(context.Context, jetstream.KeyValue, string) (uint64, error)) (rev uint64, err error) {
	if len(value) > k.bus.opt.MaxEntry {
		return 0, fault.New(fault.TooLarge, "A value of %d bytes is over the limit of %d.", len(value), k.bus.opt.MaxEntry)
	}
	err = k.call(ctx, op, key, true, func(ctx context.Context, h jetstream.KeyValue, key string) (err error) {
		if rev, err = do(ctx, h, key); err == nil {
			k.bus.marks.stored(bucketPrefix+k.bucket, rev)
		}
		return err
	})
	return rev, err
}

// call runs one operation on the engine in use. A write does not try a sick one.
func (k *KV) call(ctx context.Context, op, key string, writes bool, do func(context.Context, jetstream.KeyValue, string) error) error {
	if err := checkKey(key); err != nil {
		return err
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	h, e, err := k.open(ctx)
	if err != nil {
		return err
	}
	if sick := e.broken(); writes && sick != nil {
		return sick
	}
	if writes { // one that the engine dies of is answered by nobody
		ctx, cancel = e.whileWell(ctx)
		defer cancel()
	}
	if err := do(ctx, h, escapeKey(key)); err != nil {
		return k.fault(e, op, key, err)
	}
	return nil
}

// wrongRevision is the engine's code for a write whose revision has passed.
const wrongRevision = 10071

// fault gives the engine's error its code.
func (k *KV) fault(e *engine, op, key string, err error) error {
	op = "bus: " + op + " in bucket " + k.bucket
	var api *jetstream.APIError
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound), errors.Is(err, jetstream.ErrKeyDeleted):
		return notFound(op, key)
	case errors.Is(err, jetstream.ErrKeyExists), errors.As(err, &api) && api.ErrorCode == wrongRevision:
		return conflict(op, key)
	}
	return callFault(e, op, err)
}

func notFound(op, key string) error {
	return &fault.Error{Code: fault.NotFound, Op: op, Message: "There is no " + key + "."}
}

func conflict(op, key string) error {
	return &fault.Error{Code: fault.Conflict, Op: op, Message: "Somebody else changed " + key + " in the meantime. Read it again and repeat the change."}
}
