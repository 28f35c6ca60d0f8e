package access

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Cost is what argon2id spends on one password.
type Cost struct {
	// Memory is in KiB, Passes over it, Lanes side by side. The zero value is 19 MiB,
	// 2 passes and 1 lane.
	Memory, Passes uint32
	Lanes          uint8
}

func (c Cost) orDefault() Cost {
	if c == (Cost{}) {
		return Cost{Memory: 19 << 10, Passes: 2, Lanes: 1}
	}
	return c
}

const (
	saltLength = 16
	hashLength = 32
	// What a file may ask for: more would let one line of it take the node down.
	mostMemory     = 1 << 20 // KiB
	mostPasses     = 64
	mostIterations = 10_000_000
)

// secret is a stored password that another can be held against.
type secret interface {
	matches(password []byte) bool
}

// noSecret takes as long as a real one and matches nothing.
type noSecret struct{ cost Cost }

func (n noSecret) matches(password []byte) bool {
	argon{cost: n.cost, salt: make([]byte, saltLength), hash: make([]byte, hashLength)}.matches(password)
	return false
}

// argon is an argon2id hash, taken apart.
type argon struct {
	cost       Cost
	salt, hash []byte
}

func (a argon) matches(password []byte) bool {
	got := argon2.IDKey(password, a.salt, a.cost.Passes, a.cost.Memory, a.cost.Lanes, uint32(len(a.hash)))
	return subtle.ConstantTimeCompare(got, a.hash) == 1
}

// hashPassword writes the password with its parameters, in the form that argon2's own
// tools write: $argon2id$v=19$m=19456,t=2,p=1$salt$hash.
func (c Cost) hashPassword(password string) string {
	salt := make([]byte, saltLength)
	rand.Read(salt)
	hash := argon2.IDKey([]byte(password), salt, c.Passes, c.Memory, c.Lanes, hashLength)
	b := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.Memory, c.Passes, c.Lanes, b(salt), b(hash))
}

// parseSecret reads a hash of the users file; the error says what is wrong without
// showing it.
func parseSecret(s string) (secret, error) {
	switch {
	case strings.HasPrefix(s, "$argon2id$"):
		return parseArgon(s)
	case strings.HasPrefix(s, "$7$"):
		return parsePBKDF2(s)
	case strings.HasPrefix(s, "$"):
		return nil, fmt.Errorf("the password's hash is of a kind that is not read: argon2id, and PBKDF2-SHA512 as mosquitto_passwd writes it ($7$), are")
	}
	return nil, fmt.Errorf("the password is not hashed: set it with millrace passwd")
}

func parseArgon(s string) (secret, error) {
	var a argon
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return nil, fmt.Errorf("the argon2id hash is not $argon2id$v=19$m=…,t=…,p=…$salt$hash")
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &a.cost.Memory, &a.cost.Passes, &a.cost.Lanes); n != 3 || err != nil {
		return nil, fmt.Errorf("the argon2id hash lacks its parameters m, t and p")
	}
	var err1, err2 error
	a.salt, err1 = base64.RawStdEncoding.DecodeString(parts[4])
	a.hash, err2 = base64.RawStdEncoding.DecodeString(parts[5])
	sane := a.cost.Memory >= 8 && a.cost.Memory <= mostMemory && a.cost.Passes >= 1 && a.cost.Passes <= mostPasses && a.cost.Lanes >= 1
	if err1 != nil || err2 != nil || !sane || len(a.salt) < 8 || len(a.hash) < 16 || len(a.hash) > 128 {
		return nil, fmt.Errorf("the argon2id hash is damaged, or its parameters are beyond %d KiB and %d passes", mostMemory, mostPasses)
	}
	return a, nil
}

// pbkdf2SHA512 is a hash as mosquitto_passwd writes it.
type pbkdf2SHA512 struct {
	iterations int
	salt, hash []byte
}

func (p pbkdf2SHA512) matches(password []byte) bool {
	got, err := pbkdf2.Key(sha512.New, string(password), p.salt, p.iterations, len(p.hash))
	return err == nil && subtle.ConstantTimeCompare(got, p.hash) == 1
}

func parsePBKDF2(s string) (secret, error) {
	var p pbkdf2SHA512
	parts := strings.Split(s, "$")
	if len(parts) != 5 {
		return nil, fmt.Errorf("the hash is not $7$iterations$salt$hash")
	}
	var err1, err2, err3 error
	p.iterations, err1 = strconv.Atoi(parts[2])
	p.salt, err2 = base64.StdEncoding.DecodeString(parts[3])
	p.hash, err3 = base64.StdEncoding.DecodeString(parts[4])
	if err1 != nil || err2 != nil || err3 != nil || p.iterations < 1 || p.iterations > mostIterations || len(p.salt) < 8 || len(p.hash) != sha512.Size {
		return nil, fmt.Errorf("the hash $7$ is damaged, or has more than %d iterations", mostIterations)
	}
	return p, nil
}
