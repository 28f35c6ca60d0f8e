package people

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// Key is a program's way in. Its secret is not in it: that is shown once.
type Key struct {
	Name, Key, Role string
	Created         time.Time
	// LastSeen is the last use, to the quarter of an hour; zero before the first.
	LastSeen time.Time
}

// keyRecord is a Key as it lies in the bucket. The secret has full entropy, so a
// plain hash guards it.
type keyRecord struct {
	Name     string    `json:"name"`
	Key      string    `json:"key"`
	Role     string    `json:"role"`
	Created  time.Time `json:"created"`
	LastSeen time.Time `json:"lastSeen,omitzero"`
	Secret   string    `json:"secret"` // SHA-256, hex
}

func (r keyRecord) key() Key {
	return Key{Name: r.Name, Key: r.Key, Role: r.Role, Created: r.Created, LastSeen: r.LastSeen}
}

const (
	keyPrefix = "key/"
	// keyGrain is how exactly a key's last use is recorded.
	keyGrain = 15 * time.Minute
)

func hashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// CreateAPIKey makes a key and its secret, which cannot be had again.
func (p *People) CreateAPIKey(ctx context.Context, name, role string) (k Key, secret string, err error) {
	if err := checkName(name); err != nil {
		return k, "", err
	}
	if err := checkRole(role); err != nil {
		return k, "", err
	}
	secret = rand.Text() + rand.Text()
	r := keyRecord{Name: name, Key: "mr-" + strings.ToLower(rand.Text()[:16]), Role: role,
		Created: p.o.Now().UTC(), Secret: hashSecret(secret)}
	if err := create(ctx, p.kv, keyPrefix+r.Key, r); err != nil {
		return k, "", err
	}
	p.log.Info("people: API key created", "key", r.Key, "name", name, "role", role)
	return r.key(), secret, nil
}

// APIKeys lists the keys in the order of their identifiers.
func (p *People) APIKeys(ctx context.Context) ([]Key, error) {
	records, err := list[keyRecord](ctx, p.kv, keyPrefix)
	if err != nil {
		return nil, err
	}
	keys := make([]Key, len(records))
	for i, r := range records {
		keys[i] = r.key()
	}
	return keys, nil
}

// DeleteAPIKey removes a key at once.
func (p *People) DeleteAPIKey(ctx context.Context, key string) error {
	if _, _, err := get[keyRecord](ctx, p.kv, keyPrefix+key); err != nil {
		if fault.CodeOf(err) == fault.NotFound {
			err = fault.Wrap(fault.NotFound, "people: key", err, "There is no API key %q.", key)
		}
		return err
	}
	if err := p.kv.Delete(ctx, keyPrefix+key); err != nil {
		return err
	}
	p.ended.signal()
	p.log.Info("people: API key deleted", "key", key)
	return nil
}

// APIKey checks a key and its secret. A right one always passes; wrong ones count
// against the address, which they then only keep from being wrong at full speed.
func (p *People) APIKey(ctx context.Context, key, secret, address string) (Session, error) {
	r, rev, err := p.keyOf(ctx, key)
	if err != nil {
		return Session{}, err
	}
	if subtle.ConstantTimeCompare([]byte(hashSecret(secret)), []byte(r.Secret)) != 1 {
		return Session{}, p.refuseKey(address)
	}
	p.noteUse(ctx, r, rev)
	return Session{User: r.Name, Role: r.Role}, nil
}

func (p *People) refuseKey(address string) error {
	now, counts := p.o.Now(), p.throttle.apiKey(address)
	if err := p.throttle.allowed(counts, now); err != nil {
		return err
	}
	p.throttle.failed(counts, now)
	p.log.Info("people: API key refused", "address", address)
	return fault.New(fault.Unauthenticated, "The API key or its secret is not right.")
}

func (p *People) noteUse(ctx context.Context, r keyRecord, rev uint64) {
	now := p.o.Now()
	if now.Sub(r.LastSeen) < keyGrain {
		return
	}
	r.LastSeen = now.UTC()
	b, _ := json.Marshal(r)
	// Another request may have noted it first, which is as good.
	if _, err := p.kv.Update(ctx, keyPrefix+r.Key, b, rev); err != nil && fault.CodeOf(err) != fault.Conflict {
		p.log.Debug("people: use not noted", "error", err)
	}
}

// keyOf reads a key's record; an unknown key reads as one whose secret is nobody's.
func (p *People) keyOf(ctx context.Context, key string) (r keyRecord, rev uint64, err error) {
	if !namePattern.MatchString(key) {
		return r, 0, nil
	}
	r, rev, err = get[keyRecord](ctx, p.kv, keyPrefix+key)
	if err != nil && fault.CodeOf(err) == fault.NotFound {
		return keyRecord{}, 0, nil
	}
	return r, rev, err
}
