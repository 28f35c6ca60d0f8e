package people

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// User is somebody who may sign in.
type User struct {
	Name, Role string
	Created    time.Time
	// LastSeen is the last sign-in; zero before the first.
	LastSeen time.Time
}

// userRecord is a User as it lies in the bucket.
type userRecord struct {
	Name     string    `json:"name"`
	Role     string    `json:"role"`
	Created  time.Time `json:"created"`
	LastSeen time.Time `json:"lastSeen,omitzero"`
	Password string    `json:"password"` // argon2id with its parameters
	// Generation changes with the password; sessions of an older one have ended.
	Generation int64 `json:"generation"`
	MustChange bool  `json:"mustChange,omitempty"`
	// Networks are where the last sign-ins came from, the newest last. Guesses from
	// elsewhere do not lock the user there.
	Networks []string `json:"networks,omitempty"`
}

// mostNetworks bounds userRecord.Networks.
const mostNetworks = 16

// known notes where a sign-in came from.
func (r *userRecord) known(address string) {
	if address == "" {
		return
	}
	from := network(address)
	r.Networks = slices.DeleteFunc(r.Networks, func(n string) bool { return n == from })
	r.Networks = append(r.Networks, from)
	r.Networks = r.Networks[max(0, len(r.Networks)-mostNetworks):]
}

func (r userRecord) user() User {
	return User{Name: r.Name, Role: r.Role, Created: r.Created, LastSeen: r.LastSeen}
}

const userPrefix = "user/"

func userKey(name string) string { return userPrefix + strings.ToLower(name) }

var namePattern = regexp.MustCompile(`^[A-Za-z0-9._@-]{1,64}$`)

func checkName(name string) error {
	if !namePattern.MatchString(name) {
		return fault.New(fault.Invalid, "A name has 1 to 64 letters, digits or . _ @ -, which %q has not.", name)
	}
	return nil
}

// EnsureAdministrator makes the first administrator, "admin", when there is no
// user yet, with the password given or else a generated one, which it returns. It
// returns no name when there was somebody already.
func (p *People) EnsureAdministrator(ctx context.Context, password string) (name, generated string, err error) {
	users, err := p.kv.Keys(ctx, userPrefix)
	if err != nil || len(users) > 0 {
		return "", "", err
	}
	if password == "" {
		generated = readable()
		password = generated
	}
	_, err = p.createUser(ctx, "admin", Administrator, password, generated != "")
	if fault.CodeOf(err) == fault.Conflict && err != nil {
		return "", "", nil // another node was first
	}
	if err != nil {
		return "", "", err
	}
	return "admin", generated, nil
}

// Users lists everybody, sorted by name.
func (p *People) Users(ctx context.Context) ([]User, error) {
	records, err := list[userRecord](ctx, p.kv, userPrefix)
	if err != nil {
		return nil, err
	}
	users := make([]User, len(records))
	for i, r := range records {
		users[i] = r.user()
	}
	return users, nil
}

// CreateUser lets somebody sign in.
func (p *People) CreateUser(ctx context.Context, name, role, password string) (User, error) {
	return p.createUser(ctx, name, role, password, false)
}

func (p *People) createUser(ctx context.Context, name, role, password string, mustChange bool) (User, error) {
	if err := checkName(name); err != nil {
		return User{}, err
	}
	if err := checkRole(role); err != nil {
		return User{}, err
	}
	if err := checkPassword(name, password); err != nil {
		return User{}, err
	}
	hash, err := p.hash(ctx, password)
	if err != nil {
		return User{}, err
	}
	now := p.o.Now().UTC()
	r := userRecord{Name: name, Role: role, Created: now, Password: hash, Generation: newGeneration(), MustChange: mustChange}
	if err := create(ctx, p.kv, userKey(name), r); err != nil {
		return User{}, taken(err, "A user named %q exists already.", name)
	}
	p.log.Info("people: user created", "user", name, "role", role)
	return r.user(), nil
}

// taken words a conflict for the user.
func taken(err error, message string, args ...any) error {
	if fault.CodeOf(err) == fault.Conflict {
		return fault.Wrap(fault.Conflict, "people: create", err, message, args...)
	}
	return err
}

// DeleteUser removes a user, whose sessions end with it. The last administrator
// stays.
func (p *People) DeleteUser(ctx context.Context, name string) error {
	p.changing.Lock()
	defer p.changing.Unlock()
	r, _, err := p.user(ctx, name)
	if err != nil {
		return err
	}
	if r.Role == Administrator {
		if err := p.anotherAdministrator(ctx, r.Name); err != nil {
			return err
		}
	}
	if err := p.kv.Delete(ctx, userKey(name)); err != nil {
		return err
	}
	p.ended.signal()
	p.log.Info("people: user deleted", "user", r.Name)
	return nil
}

func (p *People) anotherAdministrator(ctx context.Context, name string) error {
	users, err := p.Users(ctx)
	if err != nil {
		return err
	}
	for _, u := range users {
		if u.Role == Administrator && u.Name != name {
			return nil
		}
	}
	return fault.New(fault.Conflict, "%s is the last administrator. Make another one first.", name)
}

// SetPassword sets somebody's password, which is all an administrator needs, and
// ends that user's sessions.
func (p *People) SetPassword(ctx context.Context, name, password string) error {
	_, err := p.setPassword(ctx, name, password)
	if err == nil {
		p.ended.signal()
	}
	return err
}

func (p *People) setPassword(ctx context.Context, name, password string) (userRecord, error) {
	if err := checkPassword(name, password); err != nil {
		return userRecord{}, err
	}
	hash, err := p.hash(ctx, password)
	if err != nil {
		return userRecord{}, err
	}
	r, err := p.changeUser(ctx, name, func(r *userRecord) {
		r.Password, r.MustChange, r.Generation = hash, false, newGeneration()
	})
	if err == nil {
		p.throttle.renewed(name)
		p.log.Info("people: password changed", "user", r.Name)
	}
	return r, err
}

// newGeneration is random, so that a user who is removed and made anew does not
// revive old sessions.
func newGeneration() int64 {
	var b [8]byte
	rand.Read(b[:])
	return int64(binary.LittleEndian.Uint64(b[:]) >> 1)
}

func (p *People) user(ctx context.Context, name string) (userRecord, uint64, error) {
	r, rev, err := get[userRecord](ctx, p.kv, userKey(name))
	if err != nil && fault.CodeOf(err) == fault.NotFound {
		err = fault.Wrap(fault.NotFound, "people: user", err, "There is no user named %q.", name)
	}
	return r, rev, err
}

// changeUser applies f to the newest record, again when somebody else was faster.
func (p *People) changeUser(ctx context.Context, name string, f func(*userRecord)) (userRecord, error) {
	for {
		r, rev, err := p.user(ctx, name)
		if err != nil {
			return r, err
		}
		f(&r)
		b, _ := json.Marshal(r)
		_, err = p.kv.Update(ctx, userKey(name), b, rev)
		if err == nil || fault.CodeOf(err) != fault.Conflict || ctx.Err() != nil {
			return r, err
		}
	}
}
