package access

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"hash"
	"strconv"
	"strings"
)

// Mechanism is one SCRAM method of RFC 5802 and RFC 7677.
type Mechanism struct {
	// Name is the method's, as clients give it: SCRAM-SHA-256.
	Name string
	hash func() hash.Hash
	size int
}

// The mechanisms, by their place in [User.SCRAM].
var mechanisms = [...]Mechanism{
	{"SCRAM-SHA-256", sha256.New, sha256.Size},
	{"SCRAM-SHA-512", sha512.New, sha512.Size},
}

// Iterations is how often SCRAM's new verifiers hash a password; each client pays
// for it at its login.
const Iterations = 15_000

// least iterations are what RFC 7677 asks for.
const leastIterations = 4096

// Verifier is what a server keeps of a password for SCRAM. It proves a login and
// cannot be used for one. Its zero value is none.
type Verifier struct {
	Iterations                 int
	Salt, StoredKey, ServerKey []byte
}

// None says that there is no verifier.
func (v *Verifier) None() bool { return v.Iterations == 0 }

// verifier is a password's, prepared by the caller.
func (m *Mechanism) verifier(password string, salt []byte, iterations int) (Verifier, error) {
	salted, err := pbkdf2.Key(m.hash, password, salt, iterations, m.size)
	if err != nil {
		return Verifier{}, err
	}
	h := m.hash()
	h.Write(m.mac(salted, "Client Key"))
	return Verifier{Iterations: iterations, Salt: salt, StoredKey: h.Sum(nil), ServerKey: m.mac(salted, "Server Key")}, nil
}

func (m *Mechanism) fresh(password string) (Verifier, error) {
	salt := make([]byte, saltLength)
	rand.Read(salt)
	return m.verifier(password, salt, Iterations)
}

func (m *Mechanism) mac(key []byte, text string) []byte {
	h := hmac.New(m.hash, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// write is the verifier as the users file has it:
// SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey.
func (m *Mechanism) write(v *Verifier) string {
	b := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("%s$%d:%s$%s:%s", m.Name, v.Iterations, b(v.Salt), b(v.StoredKey), b(v.ServerKey))
}

// parseVerifier reads what write writes and returns the mechanism's place.
func parseVerifier(s string) (at int, v Verifier, err error) {
	name, rest, _ := strings.Cut(s, "$")
	for at = range mechanisms {
		if m := &mechanisms[at]; m.Name == name {
			v, err = m.parse(rest)
			return at, v, err
		}
	}
	return 0, v, fmt.Errorf("%.32q is no SCRAM method; SCRAM-SHA-256 and SCRAM-SHA-512 are", name)
}

func (m *Mechanism) parse(s string) (v Verifier, err error) {
	head, tail, ok1 := strings.Cut(s, "$")
	count, salt, ok2 := strings.Cut(head, ":")
	stored, server, ok3 := strings.Cut(tail, ":")
	if !ok1 || !ok2 || !ok3 {
		return v, fmt.Errorf("the verifier is not %s$iterations:salt$StoredKey:ServerKey", m.Name)
	}
	var errs [4]error
	v.Iterations, errs[0] = strconv.Atoi(count)
	v.Salt, errs[1] = base64.StdEncoding.DecodeString(salt)
	v.StoredKey, errs[2] = base64.StdEncoding.DecodeString(stored)
	v.ServerKey, errs[3] = base64.StdEncoding.DecodeString(server)
	sane := v.Iterations >= leastIterations && v.Iterations <= mostIterations && len(v.Salt) >= 8 && len(v.StoredKey) == m.size && len(v.ServerKey) == m.size
	if errs != [4]error{} || !sane {
		return Verifier{}, fmt.Errorf("the verifier of %s is damaged, or its iterations are not %d to %d", m.Name, leastIterations, mostIterations)
	}
	return v, nil
}
