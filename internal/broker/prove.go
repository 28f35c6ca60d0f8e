package broker

import (
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// beginExchange answers a CONNECT that names an authentication method.
func (w *worker) beginExchange(c *client, p *packet.Connect, id string, assigned bool, frame []byte) {
	x, err := w.exchangeOf(c, p.AuthMethod, id)
	if err != nil {
		w.refuse(c, err)
		return
	}
	c.ownSeldom().asking = newAsking(c, id, assigned, frame)
	c.asking.exchange = x
	w.exchangeStep(c, p.AuthData)
}

func (w *worker) exchangeOf(c *client, method []byte, id string) (Exchange, error) {
	if w.options.Authenticator == nil {
		return nil, errAuthMethod
	}
	l := c.login(id)
	return w.options.Authenticator.Exchange(string(method), &l)
}

// auth takes an AUTH of the client: the next step of what was begun, or the beginning
// of a re-authentication, which traffic does not wait for.
func (w *worker) auth(c *client, ev *session.Event) {
	if ev.Auth.Reason == packet.ReAuthenticate {
		x, err := w.exchangeOf(c, ev.Auth.Method, c.id)
		if err != nil {
			w.end(c, err)
			return
		}
		c.ownSeldom().asking = &asking{id: c.id, exchange: x}
	}
	if c.asking == nil || c.asking.exchange == nil {
		return // cannot be: the session lets no other AUTH pass
	}
	w.exchangeStep(c, ev.Auth.Data)
}

func (w *worker) exchangeStep(c *client, data []byte) {
	x := c.asking.exchange
	answer, id, err := x.Step(data)
	if err != nil {
		w.loginFailed(c, x.User(), err)
	} else if user := x.User(); user != "" { // before it is told whether the password is right
		err = w.bannedAs(c, c.asking.id, user)
	}
	switch before := c.conn.Output(); {
	case err != nil && c.id == "":
		c.stopAsking()
		c.named(x.User())
		w.refuse(c, err)
	case err != nil:
		w.end(c, err) // [MQTT-4.12.1-2]
	case id == nil:
		w.send(c, before, c.session.Challenge(before, answer))
	case c.id == "":
		c.session.Proved(answer)
		w.decideAsked(c, Verdict{Identity: id})
	default:
		w.reproved(c, id, answer)
	}
}

// reproved takes over the identity that a client has shown anew. It has to be the
// same user's.
func (w *worker) reproved(c *client, id *Identity, answer []byte) {
	c.stopAsking()
	if c.identity == nil || id.Username != c.identity.Username {
		w.end(c, errOtherUser)
		return
	}
	c.identity = id
	w.counts.access.logins++
	w.reauthorise(c)
	if !c.conn.Open() {
		return
	}
	before := c.conn.Output()
	w.send(c, before, c.session.Reproved(before, answer))
	w.wake(c)
}
