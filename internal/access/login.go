package access

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"
)

// Verdict is the answer to a login: an identity or why not.
type Verdict struct {
	Identity *Identity
	Err      error
}

// Authenticate says who a client is. now means that v is the answer; else later is
// called with it, once and from another goroutine. It does not block, and keeps
// nothing of l.
func (a *Access) Authenticate(l *Login, later func(Verdict)) (v Verdict, now bool) {
	users := a.state.Load().users
	switch {
	case l.CertificateName != "" && l.CertificateAlone:
		return byCertificateAlone(users, l), true
	case l.CertificateName != "" && l.Username != nil && string(l.Username) != l.CertificateName:
		return Verdict{Err: errOtherName}, true
	case l.Anonymous && users.Len() == 0, l.Anonymous && l.Username == nil && l.Password == nil:
		return Verdict{Identity: anonymous}, true
	case l.Username == nil && l.CertificateName == "" && l.Password != nil:
		return Verdict{Err: errNoName}, true
	case l.Username == nil && l.CertificateName == "":
		return Verdict{Err: errNoCredentials}, true
	case l.Password == nil && l.CertificateName != "":
		return Verdict{Err: errCertificateOnly}, true
	case l.Password == nil:
		return Verdict{Err: errNoPassword}, true
	}
	name := l.CertificateName
	if name == "" {
		name = string(l.Username)
	}
	return a.logins.check(users, name, l.Password, later)
}

// byCertificateAlone takes the name in the certificate. The users file need not know
// it; where it does, its groups count, and who is disabled stays out.
func byCertificateAlone(users *Users, l *Login) Verdict {
	u := users.Find(l.CertificateName)
	switch {
	case u == nil:
		return Verdict{Identity: &Identity{Username: l.CertificateName, By: byCertificate}}
	case u.Disabled:
		return Verdict{Err: errDisabled}
	}
	return Verdict{Identity: identityOf(u, byCertificate)}
}

// logins compares passwords on a few goroutines. Clients that show the same name and
// password at one time, or again within a while, cost one comparison.
type logins struct {
	key      [32]byte // of this process
	cost     Cost
	good     time.Duration
	bad      time.Duration
	most     int // remembered
	now      func() time.Time
	work     chan *comparison
	stopping chan struct{}
	tasks    sync.WaitGroup

	mu sync.Mutex
	// mu guards all that follows.
	asked map[print]*comparison // under way
	known map[print]remembered
}

// print stands for a name, a password and the line they were held against. Without
// the process's key it says nothing.
type print [sha256.Size]byte

type remembered struct {
	verdict Verdict
	until   time.Time
}

// comparison is one password to be compared, and who waits for it.
type comparison struct {
	print    print
	user     *User // nil when nobody has the name
	password []byte
	waiting  []func(Verdict)
}

func (g *logins) printOf(u *User, name string, password []byte) (p print) {
	h := hmac.New(sha256.New, g.key[:])
	var head [8]byte
	if u != nil {
		binary.LittleEndian.PutUint64(head[:], u.stamp)
	}
	h.Write(head[:])
	h.Write([]byte(name))
	h.Write([]byte{0})
	h.Write(password)
	h.Sum(p[:0])
	return p
}

func (g *logins) check(users *Users, name string, password []byte, later func(Verdict)) (Verdict, bool) {
	u := users.Find(name)
	p := g.printOf(u, name, password)
	g.mu.Lock()
	defer g.mu.Unlock()
	if k, ok := g.known[p]; ok && g.now().Before(k.until) {
		return current(u, k.verdict), true
	}
	if c := g.asked[p]; c != nil {
		c.waiting = append(c.waiting, later)
		return Verdict{}, false
	}
	c := &comparison{print: p, user: u, password: append([]byte(nil), password...), waiting: []func(Verdict){later}}
	select {
	case g.work <- c:
		g.asked[p] = c
		return Verdict{}, false
	default:
		return Verdict{Err: errBusy}, true
	}
}

// current brings a remembered verdict up to date with what else the line says.
func current(u *User, v Verdict) Verdict {
	if v.Err != nil || u == nil {
		return v
	}
	return admitted(u)
}

func admitted(u *User) Verdict {
	if u.Disabled {
		return Verdict{Err: errDisabled}
	}
	return Verdict{Identity: identityOf(u, byPassword)}
}

func (g *logins) start(hashers int) {
	for range hashers {
		g.tasks.Go(g.compare)
	}
}

// compare is one hashing goroutine; it ends with close.
func (g *logins) compare() {
	for {
		select {
		case c := <-g.work:
			g.decide(c)
		case <-g.stopping:
			return
		}
	}
}

func (g *logins) decide(c *comparison) {
	v := Verdict{Err: errUnknownUser}
	var s secret = noSecret{g.cost}
	if c.user != nil && c.user.secret != nil {
		s, v.Err = c.user.secret, errBadPassword
	}
	if s.matches(c.password) {
		v = admitted(c.user)
	}
	g.finish(c, v)
}

// finish remembers the verdict and tells those who wait.
func (g *logins) finish(c *comparison, v Verdict) {
	g.mu.Lock()
	delete(g.asked, c.print)
	while := g.bad
	if v.Err == nil {
		while = g.good
	}
	if while > 0 {
		g.room()
		g.known[c.print] = remembered{v, g.now().Add(while)}
	}
	waiting := c.waiting
	g.mu.Unlock()
	for _, tell := range waiting {
		tell(v)
	}
}

// room forgets what is out of date, and everything when that is not enough.
func (g *logins) room() {
	if len(g.known) < g.most {
		return
	}
	now := g.now()
	for p, k := range g.known {
		if !now.Before(k.until) {
			delete(g.known, p)
		}
	}
	if len(g.known) >= g.most {
		clear(g.known)
	}
}

func (g *logins) close() {
	close(g.stopping)
	g.tasks.Wait()
	g.mu.Lock()
	asked := g.asked
	g.asked = map[print]*comparison{}
	g.mu.Unlock()
	for _, c := range asked {
		for _, tell := range c.waiting {
			tell(Verdict{Err: errClosed})
		}
	}
}
