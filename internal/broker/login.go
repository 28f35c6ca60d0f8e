package broker

import (
	"bytes"

	"github.com/millrace/millrace/internal/broker/loop"
	"github.com/millrace/millrace/internal/broker/rewrite"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

var (
	errAuthMethod  = fault.New(fault.BadAuthMethod, "The authentication method is not supported [MQTT-4.12.0-1].")
	errWillDenied  = fault.New(fault.AccessDenied, "The access rules deny the will's topic.")
	errExpiredAuth = fault.New(fault.CredentialsExpired, "What the client showed to come in has run out.")
)

// asking is a CONNECT that is being decided. What needs it is gone once the client is
// admitted.
type asking struct {
	frame    []byte // the CONNECT, copied
	id       string
	assigned bool
	order    uint32
	exchange Exchange // nil when a password is being compared
}

// decided is a verdict on its way to the loop of its connection.
type decided struct {
	conn    loop.Handle
	verdict Verdict
}

func (v *decided) on(w *worker) { w.answered(v) }

// login finds out who the client is, then admits it or turns it away. frame begins
// with its CONNECT.
func (w *worker) login(c *client, p *packet.Connect, id string, assigned bool, frame []byte) {
	w.asked++
	c.order = w.asked
	switch a := w.options.Authenticator; {
	case p.AuthMethod != nil:
		w.beginExchange(c, p, id, assigned, frame)
	case a == nil:
		w.decide(c, p, id, assigned, Verdict{})
	default:
		w.authenticate(c, p, id, assigned, frame)
	}
}

// authenticate asks about name and password. Until the answer comes the connection is
// read no further; ConnectTimeout goes on.
func (w *worker) authenticate(c *client, p *packet.Connect, id string, assigned bool, frame []byte) {
	l := c.login(id)
	l.Username, l.Password = p.Username, p.Password
	to, handle := w.loop, c.conn.Handle()
	v, now := w.options.Authenticator.Authenticate(&l, func(v Verdict) { to.Post(&decided{handle, v}) })
	if now {
		w.decide(c, p, id, assigned, v)
		return
	}
	c.ownSeldom().asking = newAsking(c, id, assigned, frame)
	c.conn.Pause()
}

func newAsking(c *client, id string, assigned bool, frame []byte) *asking {
	size, _ := packet.Frame(frame, 0) // it was framed before
	return &asking{frame: bytes.Clone(frame[:size]), id: id, assigned: assigned, order: c.order}
}

// login is what the connection itself says of its client.
func (c *client) login(id string) Login {
	return Login{
		Remote: c.conn.Remote(), Listener: c.door.name, ClientID: id,
		Anonymous: c.door.admission.unknown(c.conn), CertificateAlone: c.door.admission.alone,
		CertificateName: c.door.admission.name.of(c.conn),
	}
}

// answered takes a verdict that was waited for. The client may have gone, or its time
// may be up.
func (w *worker) answered(d *decided) {
	conn := w.loop.Conn(d.conn)
	if conn == nil {
		return
	}
	c := clientOf(conn)
	if c.asking == nil {
		return
	}
	w.decideAsked(c, d.verdict)
	if conn.Open() {
		w.mayReadOn(clientOf(conn))
	}
}

// decideAsked decides the CONNECT that waited.
func (w *worker) decideAsked(c *client, v Verdict) {
	a, p := c.asking, &w.event.Connect
	c.stopAsking()
	if err := p.Decode(a.frame, 0); err != nil {
		v.Err = err // cannot be: it was decoded before
	}
	if v.Err == nil && w.options.Authenticator != nil { // the files may have changed while it waited
		v.Identity, v.Err = w.options.Authenticator.Recheck(v.Identity)
	}
	w.decide(c, p, a.id, a.assigned, v)
}

// decide admits the client or turns it away.
func (w *worker) decide(c *client, p *packet.Connect, id string, assigned bool, v Verdict) {
	if err := w.mayEnter(c, p, id, v); err != nil {
		w.loginFailed(c, string(p.Username), err)
		w.refuse(c, err)
		return
	}
	w.admit(c, p, id, assigned)
}

// noteUnread logs that a certificate spoke for the client alone, though it said
// another name or a password as well.
func (w *worker) noteUnread(c *client, p *packet.Connect) {
	if !c.door.admission.alone || p.Username == nil && p.Password == nil {
		return
	}
	if what := unread(p, c.door.admission.name.of(c.conn)); what != "" {
		w.refusals.log("a certificate counts alone at this listener", about(c, "user", c.user(), "not_looked_at", what)...)
	}
}

// unread is what CONNECT says that a certificate alone leaves unread.
func unread(p *packet.Connect, certificate string) string {
	switch {
	case certificate == "":
		return ""
	case p.Username != nil && string(p.Username) != certificate:
		return "another name, " + shown(p.Username)
	case p.Password != nil:
		return "the password"
	}
	return ""
}

// mayEnter takes the identity and its rights over, and says what speaks against the
// client.
func (w *worker) mayEnter(c *client, p *packet.Connect, id string, v Verdict) error {
	if v.Err != nil {
		return v.Err
	}
	// Of two that waited for their verdicts, the one that came later stays.
	if old := w.clients[id]; old != nil && !old.session.Away() && int32(old.order-c.order) > 0 {
		return errTakenOver
	}
	if v.Identity != nil && v.Identity.Username != string(p.Username) { // by its certificate, or SCRAM
		if err := w.bannedAs(c, id, v.Identity.Username); err != nil {
			return err
		}
	}
	c.setAccess(v.Identity, w.rightsOf(c, id, v.Identity))
	if p.HasWill && c.rights != nil && !c.rights.MayPublish(w.willTopic(c, p, id), p.Will.QoS, p.Will.Retain) {
		return errWillDenied
	}
	return nil
}

// willTopic is where the will would go.
func (w *worker) willTopic(c *client, p *packet.Connect, id string) []byte {
	if w.rewrites == nil {
		return p.Will.Topic
	}
	to, err := w.rewrites.cache.Publish(p.Will.Topic, rewrite.Client{ID: id, Username: c.userName(p)})
	if err != nil {
		return p.Will.Topic // the will is dropped later
	}
	return to
}

// user is who the client is, or says that it is where nobody checks.
func (c *client) user() string {
	if c.identity != nil {
		return c.identity.Username
	}
	return c.username
}

// userName is user before the client is admitted.
func (c *client) userName(p *packet.Connect) string {
	if c.identity != nil {
		return c.identity.Username
	}
	return string(p.Username)
}

// another says whether the session is of another user than the one who comes for it:
// what was kept for one must not reach the other.
func (c *client) another(fresh *client) bool {
	if e := c.enduring; e != nil && c.identity == nil && fresh.identity != nil {
		return e.user != "" && e.user != fresh.identity.Username
	}
	return c.identity != nil && fresh.identity != nil && c.identity.Username != fresh.identity.Username
}

// wake asks to be told when the keep alive or the identity runs out, whichever is
// first.
func (w *worker) wake(c *client) {
	at := c.session.Deadline()
	if at > 0 {
		at++ // silent is who keeps quiet for longer
	}
	if c.identity != nil && c.identity.Expires > 0 {
		if ends := c.identity.Expires - w.loop.Wall(0); at == 0 || ends < at {
			at = ends
		}
	}
	c.conn.Wake(at)
}

// expired says whether the client's identity has run out.
func (c *client) expired(now int64) bool {
	return c.identity != nil && c.identity.Expires > 0 && now >= c.identity.Expires
}
