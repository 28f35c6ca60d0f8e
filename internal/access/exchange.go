package access

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/millrace/millrace/internal/fault"
)

var (
	errMethod       = fault.New(fault.BadAuthMethod, "The authentication method is not one of SCRAM-SHA-256 and SCRAM-SHA-512 [MQTT-4.12.0-1].")
	errScramFirst   = fault.New(fault.BadPassword, "The client's first SCRAM message is not well-formed.")
	errScramFinal   = fault.New(fault.BadPassword, "The client's final SCRAM message is not well-formed.")
	errScramNonce   = fault.New(fault.BadPassword, "The client's final SCRAM message has another nonce.")
	errScramBinding = fault.New(fault.BadAuthMethod, "The client asks SCRAM to be bound to its TLS channel, which is not offered.")
	errScramOther   = fault.New(fault.Forbidden, "The client asks to act as somebody else, which is not offered.")
	errScramMore    = fault.New(fault.BadAuthMethod, "The client asks for an extension of SCRAM, which is not offered.")
	errScramDone    = fault.New(fault.Protocol, "The client sent more than SCRAM has to say.")
)

// Exchange is the server's side of one SCRAM login (RFC 5802, RFC 7677) as a state
// machine: messages go in, answers come out. A name that nobody has goes the same way
// as one with another password, with a salt that stays the same.
type Exchange struct {
	mechanism *Mechanism
	find      func(name string) *User
	hide      func(name string) Verifier // for a name that nobody has
	fresh     func() string              // a nonce
	step      scramStep

	name     string // as the client gave it
	user     *User  // nil when nobody has the name
	verifier Verifier
	header   string // gs2-header: binding flag and authorisation identity
	nonce    string
	said     bytes.Buffer // the AuthMessage, as far as it goes
}

type scramStep uint8

const (
	wantsFirst scramStep = iota
	wantsFinal
	scramOver
)

// Exchange begins a login by SCRAM.
func (a *Access) Exchange(method string, _ *Login) (*Exchange, error) {
	for i := range mechanisms {
		if m := &mechanisms[i]; m.Name == method {
			hide := func(name string) Verifier { return a.hidden(m, name) }
			return &Exchange{mechanism: m, find: a.state.Load().users.Find, hide: hide, fresh: rand.Text}, nil
		}
	}
	return nil, errMethod
}

// hidden is what a name that nobody has, or that has no verifier, is asked with: it
// looks like the others' and is the same each time. No proof fits it.
func (a *Access) hidden(m *Mechanism, name string) Verifier {
	h := m.mac(a.logins.key[:], name)
	none := m.mac(a.logins.key[:], "nobody\x00"+name)
	return Verifier{Iterations: Iterations, Salt: h[:saltLength], StoredKey: none, ServerKey: none}
}

// Step takes a message of the client. The login is over when there is an identity or
// an error.
func (x *Exchange) Step(data []byte) (answer []byte, id *Identity, err error) {
	switch x.step {
	case wantsFirst:
		if len(data) == 0 {
			return nil, nil, nil // the client waits to be asked
		}
		answer, err = x.first(string(data))
		x.step = wantsFinal
	case wantsFinal:
		answer, id, err = x.final(string(data))
		x.step = scramOver
	default:
		err = errScramDone
	}
	if err != nil {
		x.step = scramOver
	}
	return answer, id, err
}

// User is who the client says it is; empty while it has not said so.
func (x *Exchange) User() string { return x.name }

// first answers the client-first-message with salt, iterations and a nonce.
func (x *Exchange) first(message string) ([]byte, error) {
	bare, err := x.takeHeader(message)
	if err != nil {
		return nil, err
	}
	name, nonce, err := takeFirst(bare)
	if err != nil {
		return nil, err
	}
	if err := x.actsAs(name); err != nil {
		return nil, err
	}
	x.choose(name)
	x.nonce = nonce + x.fresh()
	answer := fmt.Sprintf("r=%s,s=%s,i=%d", x.nonce, base64.StdEncoding.EncodeToString(x.verifier.Salt), x.verifier.Iterations)
	x.said.WriteString(bare + "," + answer)
	return []byte(answer), nil
}

// takeHeader splits off the gs2-header.
func (x *Exchange) takeHeader(message string) (bare string, err error) {
	flag, rest, ok1 := strings.Cut(message, ",")
	act, bare, ok2 := strings.Cut(rest, ",")
	switch {
	case !ok1 || !ok2:
		return "", errScramFirst
	case strings.HasPrefix(flag, "p="):
		return "", errScramBinding
	case flag != "n" && flag != "y":
		return "", errScramFirst
	}
	x.header = flag + "," + act + ","
	return bare, nil
}

// actsAs refuses an authorisation identity that is not the user.
func (x *Exchange) actsAs(name string) error {
	_, act, _ := strings.Cut(x.header, ",")
	act = strings.TrimSuffix(act, ",")
	if act == "" {
		return nil
	}
	other, ok := strings.CutPrefix(act, "a=")
	if !ok {
		return errScramFirst
	}
	if other, err := unescape(other); err != nil || other != name {
		return errScramOther
	}
	return nil
}

func takeFirst(bare string) (name, nonce string, err error) {
	if strings.HasPrefix(bare, "m=") {
		return "", "", errScramMore
	}
	who, rest, _ := strings.Cut(bare, ",")
	name, ok1 := strings.CutPrefix(who, "n=")
	random, _, _ := strings.Cut(rest, ",") // extensions may follow, and are left alone
	nonce, ok2 := strings.CutPrefix(random, "r=")
	if !ok1 || !ok2 || nonce == "" || len(nonce) > 1024 || !printable(nonce) {
		return "", "", errScramFirst
	}
	if name, err = unescape(name); err != nil || name == "" {
		return "", "", errScramFirst
	}
	if name, err = prepare(name); err != nil || len(name) > longestName {
		return "", "", errScramFirst
	}
	return name, nonce, nil
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < 0x21 || s[i] > 0x7e || s[i] == ',' {
			return false
		}
	}
	return true
}

// unescape reads =2C as comma and =3D as =; any other = is refused.
func unescape(s string) (string, error) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "=")
		b.WriteString(before)
		switch {
		case !found:
			return b.String(), nil
		case strings.HasPrefix(after, "2C"):
			b.WriteByte(',')
		case strings.HasPrefix(after, "3D"):
			b.WriteByte('=')
		default:
			return "", errScramFirst
		}
		s = after[2:]
	}
}

// choose finds the verifier, or one that nothing fits.
func (x *Exchange) choose(name string) {
	x.name = name
	x.user = x.find(name)
	if x.user != nil {
		for i := range mechanisms {
			if &mechanisms[i] == x.mechanism {
				x.verifier = x.user.SCRAM[i]
			}
		}
	}
	if x.verifier.None() {
		x.verifier = x.hide(name)
	}
}

// final checks the proof and answers with the server's own.
func (x *Exchange) final(message string) ([]byte, *Identity, error) {
	at := strings.LastIndex(message, ",p=")
	if at < 0 {
		return nil, nil, errScramFinal
	}
	proof, err := base64.StdEncoding.DecodeString(message[at+3:])
	if err != nil || len(proof) != x.mechanism.size {
		return nil, nil, errScramFinal
	}
	if err := x.sameAsBegun(message[:at]); err != nil {
		return nil, nil, err
	}
	x.said.WriteString("," + message[:at])
	said := x.said.String()
	if err := x.prove(said, proof); err != nil {
		return nil, nil, err
	}
	signature := x.mechanism.mac(x.verifier.ServerKey, said)
	return []byte("v=" + base64.StdEncoding.EncodeToString(signature)), identityOf(x.user, x.mechanism.Name), nil
}

// sameAsBegun holds the final message's header and nonce against what was said.
func (x *Exchange) sameAsBegun(bare string) error {
	binding, rest, _ := strings.Cut(bare, ",")
	encoded, ok1 := strings.CutPrefix(binding, "c=")
	header, err := base64.StdEncoding.DecodeString(encoded)
	random, _, _ := strings.Cut(rest, ",")
	nonce, ok2 := strings.CutPrefix(random, "r=")
	switch {
	case !ok1 || !ok2 || err != nil || string(header) != x.header:
		return errScramFinal
	case nonce != x.nonce:
		return errScramNonce
	}
	return nil
}

func (x *Exchange) prove(said string, proof []byte) error {
	key := x.mechanism.mac(x.verifier.StoredKey, said)
	subtle.XORBytes(key, key, proof)
	h := x.mechanism.hash()
	h.Write(key)
	same := subtle.ConstantTimeCompare(h.Sum(nil), x.verifier.StoredKey) == 1
	switch {
	case x.user == nil:
		return errUnknownUser
	case !same:
		return errBadPassword
	case x.user.Disabled:
		return errDisabled
	}
	return nil
}
