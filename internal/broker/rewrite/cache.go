package rewrite

// Cache remembers what becomes of topics that are published to. It is bounded in
// entries and in the size of each.
type Cache struct {
	rules *Rules
	known map[string]result
	key   []byte // scratch
}

// result is what became of a topic. to is nil when it stays as it is.
type result struct {
	to  []byte
	err error
}

const (
	cacheEntries = 1 << 14
	cacheEntry   = 512 // bytes of key and result
)

// NewCache returns an empty cache of the rules' results.
func NewCache(r *Rules) *Cache { return &Cache{rules: r, known: map[string]result{}} }

// Publish is [Rules.Publish]; it returns name itself when no rule matches. The
// result is not to be changed and stays as it is.
func (k *Cache) Publish(name []byte, c Client) ([]byte, error) {
	k.key = append(k.key[:0], name...)
	if k.rules.personal {
		k.key = append(append(append(append(k.key, 0), c.ID...), 0), c.Username...)
	}
	r, known := k.known[string(k.key)]
	if !known {
		r = k.find(string(name), c)
	}
	if r.err != nil || r.to != nil {
		return r.to, r.err
	}
	return name, nil
}

func (k *Cache) find(name string, c Client) (r result) {
	to, changed, err := k.rules.Publish(name, c)
	if r.err = err; changed && err == nil {
		r.to = []byte(to)
	}
	if len(k.key)+len(r.to) > cacheEntry {
		return r
	}
	if len(k.known) >= cacheEntries {
		clear(k.known)
	}
	k.known[string(k.key)] = r
	return r
}
