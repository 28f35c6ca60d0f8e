package people

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/millrace/millrace/internal/fault"
)

// The bounds of a password.
const (
	shortest = 10   // characters
	longest  = 1024 // bytes
)

// Cost is what argon2id spends on one password.
type Cost struct {
	// Memory is in KiB, Passes over it, Lanes side by side.
	Memory, Passes uint32
	Lanes          uint8
}

func (c *Cost) defaults() {
	setDefault(&c.Memory, 19*1024)
	setDefault(&c.Passes, 2)
	setDefault(&c.Lanes, 1)
}

const (
	saltLength = 16
	hashLength = 32
)

// hash writes password with its parameters, in the form that argon2's own tools
// write: $argon2id$v=19$m=19456,t=2,p=1$salt$hash.
func (c Cost) hash(password string) string {
	salt := make([]byte, saltLength)
	rand.Read(salt)
	return c.write(salt, c.derive(password, salt, hashLength))
}

func (c Cost) derive(password string, salt []byte, length uint32) []byte {
	return argon2.IDKey([]byte(password), salt, c.Passes, c.Memory, c.Lanes, length)
}

func (c Cost) write(salt, hash []byte) string {
	b := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.Memory, c.Passes, c.Lanes, b(salt), b(hash))
}

// stored is a written hash, taken apart.
type stored struct {
	Cost
	salt, hash []byte
}

func parseHash(s string) (h stored, ok bool) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return h, false
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.Memory, &h.Passes, &h.Lanes); n != 3 || err != nil {
		return h, false
	}
	var err1, err2 error
	h.salt, err1 = base64.RawStdEncoding.DecodeString(parts[4])
	h.hash, err2 = base64.RawStdEncoding.DecodeString(parts[5])
	sane := h.Memory <= 1<<21 && h.Passes >= 1 && h.Passes <= 64 && h.Lanes >= 1 && len(h.hash) >= 16 && len(h.hash) <= 128
	return h, sane && err1 == nil && err2 == nil
}

// matches spends the same time whether the password is right, wrong, or there is
// none to compare with (written is empty).
func (c Cost) matches(written, password string) (ok, outdated bool) {
	h, valid := parseHash(written)
	if !valid {
		h = stored{Cost: c, salt: make([]byte, saltLength), hash: make([]byte, hashLength)}
	}
	same := subtle.ConstantTimeCompare(h.derive(password, h.salt, uint32(len(h.hash))), h.hash) == 1
	return same && valid, h.Cost != c
}

// check compares a password under the bound for such work.
func (p *People) check(ctx context.Context, written, password string) (ok, outdated bool, err error) {
	select {
	case p.hashing <- struct{}{}:
		defer func() { <-p.hashing }()
	case <-ctx.Done():
		return false, false, fault.Wrap(fault.Timeout, "people: check password", ctx.Err(), "Too many sign-ins at once. Try again.")
	}
	ok, outdated = p.o.Cost.matches(written, password)
	return ok, outdated, nil
}

// hash makes a new password's hash under the same bound.
func (p *People) hash(ctx context.Context, password string) (string, error) {
	select {
	case p.hashing <- struct{}{}:
		defer func() { <-p.hashing }()
	case <-ctx.Done():
		return "", fault.Wrap(fault.Timeout, "people: hash password", ctx.Err(), "Too many sign-ins at once. Try again.")
	}
	return p.o.Cost.hash(password), nil
}

// checkPassword says whether somebody may take this password.
func checkPassword(name, password string) error {
	switch {
	case !utf8.ValidString(password) || len(password) > longest:
		return fault.New(fault.Invalid, "A password is text of at most %d bytes.", longest)
	case utf8.RuneCountInString(password) < shortest:
		return fault.New(fault.Invalid, "A password has at least %d characters.", shortest)
	case strings.EqualFold(name, password):
		return fault.New(fault.Invalid, "A password is not the name.")
	}
	return nil
}

// syllables are easy to read out and to type; 32 of them make 5 bits each.
const syllables = "babibobudadidodugagigogukakikokulalilolumamimomunaninonurariroru"

// readable makes a password of five groups of four letters: 50 random bits, which
// the cost of a check and the throttle make ample for a first sign-in.
func readable() string {
	random := make([]byte, 10)
	rand.Read(random)
	var b strings.Builder
	for i, r := range random {
		if i > 0 && i%2 == 0 {
			b.WriteByte('-')
		}
		at := int(r) % 32 * 2
		b.WriteString(syllables[at : at+2])
	}
	return b.String()
}
