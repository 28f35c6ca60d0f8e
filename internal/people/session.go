package people

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// Session is who somebody is.
type Session struct {
	// User is the user's name, or the API key's.
	User string
	Role string
	// CSRF is the token that goes with every request that changes something. It is
	// made from the session's own token, so that nothing more is kept; empty for
	// keys.
	CSRF string
	// MustChangePassword is true while the generated first password is in use.
	MustChangePassword bool
}

// sessionRecord is a session as it lies in the bucket, under its token's hash.
type sessionRecord struct {
	User       string    `json:"user"`
	Generation int64     `json:"generation"` // of the user's password
	Created    time.Time `json:"created"`
	Seen       time.Time `json:"seen"` // to the minute
}

const (
	sessionPrefix = "session/"
	// grain is how exactly activity is recorded: a write a minute, not one a request.
	grain = time.Minute
)

func sessionKey(token string) string {
	sum := sha256.Sum256([]byte(token))
	return sessionPrefix + hex.EncodeToString(sum[:])
}

func csrf(token string) string {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte("csrf"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// signInRefused never says which of the two was wrong.
func signInRefused() error {
	return fault.New(fault.Unauthenticated, "The name or the password is not right.")
}

// SignIn checks a password and opens a session. address is where the request comes
// from, "" for the node itself; failures count against it.
func (p *People) SignIn(ctx context.Context, name, password, address string) (token string, s Session, err error) {
	now := p.o.Now()
	if err := p.mayTry(ctx, name, address, now); err != nil {
		return "", s, err
	}
	r, err := p.verify(ctx, name, password, address)
	if fault.CodeOf(err) == fault.Unauthenticated {
		p.throttle.failed(p.throttle.signIn(name, address), now)
		p.log.Info("people: sign-in refused", "user", printable(name), "address", address)
	}
	if err != nil {
		return "", s, err
	}
	p.throttle.succeeded(name, address)
	token, err = p.open(ctx, r)
	if err != nil {
		return "", s, err
	}
	p.log.Info("people: signed in", "user", r.Name, "address", address)
	return token, session(r, token), nil
}

// mayTry is fault.LockedOut while the name, the address or both are locked. What
// others do elsewhere does not lock a user at an address known from before.
func (p *People) mayTry(ctx context.Context, name, address string, now time.Time) error {
	counts := p.throttle.signIn(name, address)
	if len(counts) == 0 {
		return nil
	}
	if err := p.throttle.allowed(counts[:2], now); err != nil {
		return err
	}
	locked := p.throttle.allowed(counts[2:], now)
	if locked == nil || checkName(name) != nil {
		return locked
	}
	r, _, err := p.user(ctx, name)
	if err == nil && slices.Contains(r.Networks, network(address)) {
		return nil
	}
	if err != nil && fault.CodeOf(err) != fault.NotFound {
		return err
	}
	return locked
}

// printable keeps what somebody typed as a name out of the log unless it is one: it
// may be a password in the wrong field.
func printable(name string) string {
	if checkName(name) != nil {
		return "(no valid name)"
	}
	return name
}

func session(r userRecord, token string) Session {
	return Session{User: r.Name, Role: r.Role, CSRF: csrf(token), MustChangePassword: r.MustChange}
}

// verify checks a password; a user who does not exist costs the same time. address
// is where from, "" when that is not to be remembered.
func (p *People) verify(ctx context.Context, name, password, address string) (userRecord, error) {
	var r userRecord
	var err error
	if checkName(name) == nil {
		r, _, err = p.user(ctx, name)
	}
	if err != nil && fault.CodeOf(err) != fault.NotFound {
		return r, err
	}
	if len(password) > longest {
		password = password[:longest]
	}
	ok, outdated, err := p.check(ctx, r.Password, password)
	if err != nil {
		return r, err
	}
	if !ok {
		return r, signInRefused()
	}
	return p.refresh(ctx, r, password, address, outdated)
}

// refresh notes the sign-in and renews a hash whose cost is no longer ours.
func (p *People) refresh(ctx context.Context, r userRecord, password, address string, outdated bool) (userRecord, error) {
	hash := r.Password
	if outdated {
		var err error
		if hash, err = p.hash(ctx, password); err != nil {
			return r, err
		}
	}
	return p.changeUser(ctx, r.Name, func(now *userRecord) {
		now.LastSeen = p.o.Now().UTC()
		now.known(address)
		if now.Password == r.Password {
			now.Password = hash
		}
	})
}

// open makes a session for the user and ends the oldest beyond the bound.
func (p *People) open(ctx context.Context, r userRecord) (token string, err error) {
	if err := p.sweep(ctx, r.Name); err != nil {
		return "", err
	}
	token = rand.Text() + rand.Text()
	now := p.o.Now().UTC()
	rec := sessionRecord{User: r.Name, Generation: r.Generation, Created: now, Seen: now}
	return token, create(ctx, p.kv, sessionKey(token), rec)
}

// Session is whom a token belongs to; fault.Unauthenticated once it has ended.
// touch counts as activity.
func (p *People) Session(ctx context.Context, token string, touch bool) (Session, error) {
	key := sessionKey(token)
	rec, rev, err := get[sessionRecord](ctx, p.kv, key)
	if err != nil && fault.CodeOf(err) == fault.NotFound {
		return Session{}, ended()
	}
	if err != nil {
		return Session{}, err
	}
	r, err := p.owner(ctx, rec)
	if err != nil {
		return Session{}, err
	}
	if now := p.o.Now(); touch && now.Sub(rec.Seen) >= grain {
		rec.Seen = now.UTC()
		b, _ := json.Marshal(rec)
		// Another request may have noted it first, which is as good.
		if _, err := p.kv.Update(ctx, key, b, rev); err != nil && fault.CodeOf(err) != fault.Conflict {
			p.log.Debug("people: activity not noted", "error", err)
		}
	}
	return session(r, token), nil
}

func ended() error {
	return fault.New(fault.Unauthenticated, "The session has ended. Sign in again.")
}

// owner is the session's user, as long as the session lasts.
func (p *People) owner(ctx context.Context, rec sessionRecord) (userRecord, error) {
	if p.expired(rec) {
		return userRecord{}, ended()
	}
	r, _, err := p.user(ctx, rec.User)
	if err != nil && fault.CodeOf(err) == fault.NotFound || err == nil && r.Generation != rec.Generation {
		return r, ended()
	}
	return r, err
}

func (p *People) expired(rec sessionRecord) bool {
	now := p.o.Now()
	return now.Sub(rec.Created) >= p.o.SessionLifetime || now.Sub(rec.Seen) >= p.o.SessionIdle
}

// SignOut ends the session.
func (p *People) SignOut(ctx context.Context, token string) error {
	defer p.ended.signal()
	return p.kv.Delete(ctx, sessionKey(token))
}

// ChangePassword sets the password of the session's owner, who shows the current
// one. That session goes on; the owner's others end.
func (p *People) ChangePassword(ctx context.Context, token, current, password string) error {
	s, err := p.Session(ctx, token, true)
	if err != nil {
		return err
	}
	if err := p.confirm(ctx, s.User, current); err != nil {
		return err
	}
	if current == password {
		return fault.New(fault.Invalid, "The new password is the current one.")
	}
	r, err := p.setPassword(ctx, s.User, password)
	if err != nil {
		return err
	}
	defer p.ended.signal() // only then: the session that goes on is carried over first
	return p.carryOver(ctx, token, r.Generation)
}

// confirm checks the current password; failures count by themselves, so that a
// stolen session cannot lock its owner out of signing in.
func (p *People) confirm(ctx context.Context, name, current string) error {
	now, counts := p.o.Now(), p.throttle.confirmation(name)
	if err := p.throttle.allowed(counts, now); err != nil {
		return err
	}
	_, err := p.verify(ctx, name, current, "")
	if fault.CodeOf(err) == fault.Unauthenticated {
		p.throttle.failed(counts, now)
		return fault.New(fault.Forbidden, "The current password is not right.")
	}
	return err
}

// carryOver keeps a session across its owner's change of password.
func (p *People) carryOver(ctx context.Context, token string, generation int64) error {
	for {
		rec, rev, err := get[sessionRecord](ctx, p.kv, sessionKey(token))
		if err != nil {
			return err
		}
		rec.Generation = generation
		b, _ := json.Marshal(rec)
		_, err = p.kv.Update(ctx, sessionKey(token), b, rev)
		if err == nil || fault.CodeOf(err) != fault.Conflict || ctx.Err() != nil {
			return err
		}
	}
}

// sweep removes what has expired, and makes room for one more session of the user.
func (p *People) sweep(ctx context.Context, user string) error {
	p.sweeping.Lock()
	defer p.sweeping.Unlock()
	keys, err := p.kv.Keys(ctx, sessionPrefix)
	if err != nil {
		return err
	}
	var own []heldSession
	for _, key := range keys {
		rec, _, err := get[sessionRecord](ctx, p.kv, key)
		if err != nil {
			continue // it went meanwhile, or cannot be read and opens nothing
		}
		if rec.User == user && !p.expired(rec) {
			own = append(own, heldSession{key, rec.Seen})
			continue
		}
		if err := p.dropExpired(ctx, key, rec); err != nil {
			return err
		}
	}
	return p.makeRoom(ctx, own)
}

type heldSession struct {
	key  string
	seen time.Time
}

func (p *People) dropExpired(ctx context.Context, key string, rec sessionRecord) error {
	if !p.expired(rec) {
		return nil
	}
	return p.kv.Delete(ctx, key)
}

// makeRoom ends the longest unused of a user's sessions.
func (p *People) makeRoom(ctx context.Context, own []heldSession) error {
	slices.SortFunc(own, func(a, b heldSession) int { return b.seen.Compare(a.seen) })
	if len(own) >= p.o.SessionsPerUser {
		defer p.ended.signal()
	}
	for i := p.o.SessionsPerUser - 1; i < len(own); i++ {
		if err := p.kv.Delete(ctx, own[i].key); err != nil {
			return err
		}
	}
	return nil
}
