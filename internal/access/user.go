package access

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/millrace/millrace/internal/fault"
)

// The bounds of a name and a password.
const (
	longestName     = 256 // bytes
	longestPassword = 1024
	mostGroups      = 64
)

// User is one line of the users file:
//
//	NAME:HASH [SCRAM-SHA-256$…] [SCRAM-SHA-512$…] [groups=a,b] [superuser] [disabled]
//
// HASH is - for somebody who comes in by a certificate alone.
type User struct {
	Name  string
	Hash  string // as written; "" is none
	SCRAM [len(mechanisms)]Verifier
	// Groups are what rules may speak of instead of names.
	Groups []string
	// Superuser is above the rules. Disabled is not let in.
	Superuser, Disabled bool

	secret secret
	stamp  uint64 // of what the user is known by; made when the file is read
}

// SetPassword replaces the password. SCRAM verifiers are made beside the hash unless
// scram is false.
func (u *User) SetPassword(password string, cost Cost, scram bool) error {
	if err := checkPassword(u.Name, password); err != nil {
		return err
	}
	u.Hash = cost.orDefault().hashPassword(password)
	u.SCRAM = [len(mechanisms)]Verifier{}
	if !scram {
		return nil
	}
	prepared, err := prepare(password)
	if err != nil {
		return fault.New(fault.Invalid, "The password %s.", err)
	}
	for i := range mechanisms {
		if u.SCRAM[i], err = mechanisms[i].fresh(prepared); err != nil {
			return fault.Wrap(fault.Internal, "access: scram verifier", err, "The password could not be prepared for SCRAM.")
		}
	}
	return nil
}

func checkPassword(name, password string) error {
	switch {
	case password == "":
		return fault.New(fault.Invalid, "A password is not empty.")
	case !utf8.ValidString(password) || len(password) > longestPassword:
		return fault.New(fault.Invalid, "A password is text of at most %d bytes.", longestPassword)
	case strings.EqualFold(name, password):
		return fault.New(fault.Invalid, "A password is not the name.")
	}
	return nil
}

// CheckName says whether the users file can hold that name.
func CheckName(name string) error {
	switch {
	case name == "" || len(name) > longestName:
		return fault.New(fault.Invalid, "A user name has 1 to %d bytes.", longestName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) || strings.ContainsRune(name, ':'):
		return fault.New(fault.Invalid, "A user name is text without a colon and without control characters.")
	case strings.HasPrefix(name, "#") || strings.TrimSpace(name) != name:
		return fault.New(fault.Invalid, "A user name does not begin with # and has no space at its ends.")
	}
	return nil
}

// parseUser reads one line.
func parseUser(line string) (*User, error) {
	name, rest, ok := strings.Cut(line, ":")
	if !ok {
		return nil, fmt.Errorf("the line is not NAME:HASH")
	}
	if err := CheckName(name); err != nil {
		return nil, fmt.Errorf("%.32q is no name: %s", name, strings.TrimSuffix(fault.UserMessage(err), "."))
	}
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return nil, fmt.Errorf("user %q has no password: set it with millrace passwd, or write - for none", name)
	}
	u := &User{Name: name}
	if fields[0] != "-" {
		var err error
		if u.secret, err = parseSecret(fields[0]); err != nil {
			return nil, fmt.Errorf("user %q: %w", name, err)
		}
		u.Hash = fields[0]
	}
	for _, f := range fields[1:] {
		if err := u.set(f); err != nil {
			return nil, fmt.Errorf("user %q: %w", name, err)
		}
	}
	return u, nil
}

// set takes one word behind the hash.
func (u *User) set(word string) error {
	switch groups, ok := strings.CutPrefix(word, "groups="); {
	case ok:
		u.Groups = strings.Split(groups, ",")
		if slices.Contains(u.Groups, "") || len(u.Groups) > mostGroups {
			return fmt.Errorf("groups= wants 1 to %d names with commas between them", mostGroups)
		}
		return nil
	case word == "superuser":
		u.Superuser = true
		return nil
	case word == "disabled":
		u.Disabled = true
		return nil
	case !strings.HasPrefix(word, "SCRAM-"):
		return fmt.Errorf("%.32q is not understood; groups=, superuser, disabled and SCRAM verifiers are", word)
	}
	at, v, err := parseVerifier(word)
	if err == nil {
		u.SCRAM[at] = v
	}
	return err
}

// line is the user as the file has it.
func (u *User) line() string {
	words := []string{u.Hash}
	if u.Hash == "" {
		words[0] = "-"
	}
	for i := range u.SCRAM {
		if !u.SCRAM[i].None() {
			words = append(words, mechanisms[i].write(&u.SCRAM[i]))
		}
	}
	if len(u.Groups) > 0 {
		words = append(words, "groups="+strings.Join(u.Groups, ","))
	}
	if u.Superuser {
		words = append(words, "superuser")
	}
	if u.Disabled {
		words = append(words, "disabled")
	}
	return u.Name + ":" + strings.Join(words, " ")
}

// Methods are the SCRAM methods that the user can come in by.
func (u *User) Methods() []string {
	methods := []string{}
	for i := range u.SCRAM {
		if !u.SCRAM[i].None() {
			methods = append(methods, mechanisms[i].Name)
		}
	}
	return methods
}
