package access

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"strings"

	"github.com/millrace/millrace/internal/fault"
)

// mostBytes bounds a users file: about 100,000 users.
const mostBytes = 64 << 20

// Users is a users file as it was read: its lines in their order, comments and empty
// ones among them. Its zero value is an empty file.
type Users struct {
	lines []usersLine
	at    map[string]int // the line of each name
}

type usersLine struct {
	text string
	user *User // nil for a comment or an empty line
}

// ParseUsers reads a users file. Lines that begin with # and empty ones are kept. The
// first mistake refuses the whole file.
func ParseUsers(b []byte) (*Users, error) {
	if len(b) > mostBytes {
		return nil, fault.New(fault.TooLarge, "The users file has more than %d bytes.", mostBytes)
	}
	u := &Users{at: map[string]int{}}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	for number, line := 1, ""; len(b) > 0; number++ {
		before, after, _ := bytes.Cut(b, []byte("\n"))
		line, b = strings.TrimSuffix(string(before), "\r"), after
		if err := u.add(line); err != nil {
			return nil, fault.New(fault.Invalid, "Line %d of the users file: %v.", number, err)
		}
	}
	return u, nil
}

func (u *Users) add(line string) error {
	l := usersLine{text: line}
	if t := strings.TrimSpace(line); t != "" && t[0] != '#' {
		var err error
		if l.user, err = parseUser(t); err != nil {
			return err
		}
		if _, twice := u.at[l.user.Name]; twice {
			return fmt.Errorf("user %q is there twice", l.user.Name)
		}
		l.user.stamp = stampOf(l.user)
		u.at[l.user.Name] = len(u.lines)
	}
	u.lines = append(u.lines, l)
	return nil
}

var stampSeed = maphash.MakeSeed()

// stampOf changes with what the user is known by, not with groups.
func stampOf(u *User) uint64 {
	var h maphash.Hash
	h.SetSeed(stampSeed)
	_, _ = h.WriteString(u.Hash)
	for i := range u.SCRAM {
		_, _ = h.Write(u.SCRAM[i].StoredKey)
	}
	return h.Sum64()
}

// Find is the user of that name, or nil. It must not be changed.
func (u *Users) Find(name string) *User {
	if at, ok := u.at[name]; ok {
		return u.lines[at].user
	}
	return nil
}

// Len is how many users there are.
func (u *Users) Len() int { return len(u.at) }

// All are the users in the file's order. They must not be changed.
func (u *Users) All() []*User {
	all := make([]*User, 0, len(u.at))
	for _, l := range u.lines {
		if l.user != nil {
			all = append(all, l.user)
		}
	}
	return all
}

// Set puts the user in the place of the one of that name, else at the end.
func (u *Users) Set(user *User) error {
	if err := CheckName(user.Name); err != nil {
		return err
	}
	l := usersLine{user.line(), user}
	if at, ok := u.at[user.Name]; ok {
		u.lines[at] = l
		return nil
	}
	if u.at == nil {
		u.at = map[string]int{}
	}
	u.at[user.Name] = len(u.lines)
	u.lines = append(u.lines, l)
	return nil
}

// Delete takes the user out; false says that there was none.
func (u *Users) Delete(name string) bool {
	at, ok := u.at[name]
	if !ok {
		return false
	}
	u.lines = append(u.lines[:at], u.lines[at+1:]...)
	delete(u.at, name)
	for n, i := range u.at {
		if i > at {
			u.at[n] = i - 1
		}
	}
	return true
}

// Bytes is the file with its changes; other lines are as they were.
func (u *Users) Bytes() []byte {
	var b bytes.Buffer
	for _, l := range u.lines {
		b.WriteString(l.text)
		b.WriteByte('\n')
	}
	return b.Bytes()
}
