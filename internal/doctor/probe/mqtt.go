package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/millrace/millrace/internal/doctor"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// mqtt logs in, in the version asked for and then in older ones, and goes on as far as
// it is let.
func (p *probe) mqtt(ctx context.Context) {
	t := p.logIn(ctx)
	if t == nil {
		if p.deaf() {
			p.listen(ctx)
		}
		return
	}
	defer func() { t.conn.Close() }()
	if p.Target.TakeOver {
		p.watch(ctx, t)
		if p.f.Watch.Trouble != doctor.None {
			return
		}
	}
	if p.Target.Topic != "" {
		p.topic(ctx, t)
	}
	if p.Target.Wait > 0 && p.mayWait() {
		p.idle(ctx, t)
	}
	_ = t.send(&packet.Disconnect{}, p.Timeout)
}

// mayWait says whether the connection still stands.
func (p *probe) mayWait() bool {
	for _, g := range []*doctor.Grant{p.f.Subscribe, p.f.Publish} {
		if g != nil && g.Trouble != doctor.None {
			return false
		}
	}
	return p.f.TripError == ""
}

// deaf says whether what was asked for got no answer of its kind.
func (p *probe) deaf() bool {
	f := p.f
	switch {
	case f.TLS != nil && f.TLS.Alert != "":
		return false
	case f.TLS != nil && f.TLS.Trouble != doctor.None:
		return true
	case f.WebSocket != nil && f.WebSocket.Trouble != doctor.None && f.WebSocket.Status == 0:
		return true
	case len(f.Connects) == 0:
		return false
	}
	for _, c := range f.Connects {
		if c.Trouble == doctor.None {
			return false
		}
	}
	return true
}

// versions are those to try, from the one that is asked for downwards.
func versions(from packet.Version) (all []packet.Version) {
	for _, v := range []packet.Version{packet.V5, packet.V311, packet.V31} {
		if v <= from {
			all = append(all, v)
		}
	}
	return all
}

// logIn tries the versions until one is let in or refused for another reason than its
// version. Of a broker that hangs up on the new it tries the old ones.
func (p *probe) logIn(ctx context.Context) *talk {
	for _, v := range versions(p.Target.Version) {
		conn := p.open(ctx)
		if conn == nil {
			return nil
		}
		t := &talk{conn: conn, version: v}
		c := p.connect(t)
		p.f.Connects = append(p.f.Connects, c)
		if c.Trouble == doctor.None && c.Ack.Reason == packet.Success {
			return t
		}
		conn.Close()
		if c.Trouble == doctor.None && c.Ack.Reason != packet.UnsupportedVersion || c.Trouble == doctor.Timeout || c.Trouble == doctor.Garbage || ctx.Err() != nil {
			return nil
		}
	}
	return nil
}

func (p *probe) connect(t *talk) doctor.Connect {
	c := doctor.Connect{Version: t.version}
	hello := &packet.Connect{
		Version: t.version, CleanStart: true, ClientID: []byte(p.f.Identity), KeepAlive: p.keepAlive(),
	}
	if p.Target.Username != "" || t.version == packet.V5 && p.Password != nil {
		hello.Password = p.Password
	}
	if p.Target.Username != "" {
		hello.Username = []byte(p.Target.Username)
	}
	began := time.Now()
	err := t.send(hello, p.Timeout)
	for err == nil {
		var got packet.Packet
		if got, err = t.receive(began.Add(p.Timeout)); err != nil {
			break
		}
		if ack, ok := got.(*packet.Connack); ok {
			c.Ack = *ack
			break
		}
		err = fmt.Errorf("%w, but a %s", errGarbage, got.Type())
	}
	c.Took = time.Since(began)
	if err != nil {
		c.Trouble, c.Err = failure(err)
		p.afterwards(err)
	}
	return c
}

// keepAlive is longer than any silence that is to be tried.
func (p *probe) keepAlive() uint16 {
	return uint16(min(p.Target.Wait+p.Timeout+time.Minute, 65535*time.Second) / time.Second)
}

// watching is how long to look whether somebody takes the identifier back.
const watching = 3 * time.Second

func (p *probe) watch(ctx context.Context, t *talk) {
	w := &doctor.Watch{For: max(watching, p.Target.Wait)}
	p.f.Watch = w
	stop := context.AfterFunc(ctx, func() { t.conn.Close() })
	defer stop()
	began := time.Now()
	for {
		got, err := t.receive(began.Add(w.For))
		if err != nil && trouble(err) == doctor.Timeout {
			return
		}
		if d, ok := got.(*packet.Disconnect); ok || err != nil {
			w.After, w.Trouble = time.Since(began), doctor.Closed
			if ok {
				w.Reason = d.Reason
			}
			return
		}
	}
}

// idle says nothing for a while and then asks whether the other end still hears.
func (p *probe) idle(ctx context.Context, t *talk) {
	i := &doctor.Idle{For: p.Target.Wait}
	p.f.Idle = i
	ack := p.f.Connects[len(p.f.Connects)-1].Ack
	if most := time.Duration(ack.ServerKeepAlive) * time.Second; ack.HasServerKeepAlive && most > 0 && most < i.For {
		i.For, i.Capped = most, true
	}
	stop := context.AfterFunc(ctx, func() { t.conn.Close() })
	defer stop()
	began := time.Now()
	got, err := t.until(began.Add(i.For), packet.TypeDisconnect)
	if err != nil && trouble(err) == doctor.Timeout { // it was silent all the time
		if err = t.send(packet.Pingreq{}, p.Timeout); err == nil {
			got, err = t.until(time.Now().Add(p.Timeout), packet.TypePingresp)
		}
	}
	i.After = time.Since(began)
	if d, ok := got.(*packet.Disconnect); ok {
		i.Trouble, i.Reason = doctor.Closed, d.Reason
	} else if err != nil {
		i.Trouble, i.Err = failure(err)
	}
}

// until reads on to a packet of the type or the peer's good-bye.
func (t *talk) until(at time.Time, want packet.Type) (packet.Packet, error) {
	for {
		got, err := t.receive(at)
		if err != nil || got.Type() == want || got.Type() == packet.TypeDisconnect {
			return got, err
		}
		if m, ok := got.(*packet.Publish); ok {
			t.acknowledge(m)
		}
	}
}

// acknowledge answers a message of QoS 1, so that the broker sends on.
func (t *talk) acknowledge(m *packet.Publish) {
	if m.QoS == 1 {
		_, _ = t.conn.Write(packet.AppendAck(nil, packet.TypePuback, m.ID, packet.Success, t.version))
	}
}

// trips is how many messages go there and back.
const trips = 5

// topic tries to subscribe, to publish and, if asked, what comes back. Packet
// identifiers count up.
func (p *probe) topic(_ context.Context, t *talk) {
	name, wild := p.Target.Topic, strings.ContainsAny(p.Target.Topic, "+#")
	p.f.Subscribe = t.grant(p.Timeout, packet.TypeSuback, &packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte(name), QoS: 1, RetainHandling: 2}}})
	if p.f.Subscribe.Trouble != doctor.None || wild {
		return
	}
	p.f.Publish = t.grant(p.Timeout, packet.TypePuback, t.message(name, 2, p.f.Identity))
	if !p.Target.RoundTrip || p.f.Publish.Trouble != doctor.None || max(p.f.Subscribe.Reason, p.f.Publish.Reason) >= packet.UnspecifiedError {
		return
	}
	for id := uint16(3); id < 3+trips; id++ {
		took, err := t.trip(t.message(name, id, fmt.Sprintf("%s %d", p.f.Identity, id)), p.Timeout)
		if err != nil {
			p.f.TripError = err.Error()
			return
		}
		p.f.Trips = append(p.f.Trips, took)
	}
}

// message is what is published: a text that no decoder takes for a value.
func (t *talk) message(topic string, id uint16, text string) *packet.Publish {
	return &packet.Publish{Topic: []byte(topic), QoS: 1, ID: id, Payload: []byte("millrace doctor " + text)}
}

func (t *talk) grant(limit time.Duration, answer packet.Type, ask packet.Packet) *doctor.Grant {
	g, began := &doctor.Grant{}, time.Now()
	err := t.send(ask, limit)
	var got packet.Packet
	if err == nil {
		got, err = t.until(began.Add(limit), answer)
	}
	g.Took = time.Since(began)
	if err != nil {
		g.Trouble, g.Err = failure(err)
		return g
	}
	switch a := got.(type) {
	case *packet.Suback:
		g.Reason, g.Text = a.Reasons[0], string(a.ReasonString)
	case *packet.Ack:
		g.Reason, g.Text = a.Reason, string(a.ReasonString)
	case *packet.Disconnect:
		g.Trouble, g.Reason, g.Err = doctor.Closed, a.Reason, "the broker said good-bye"
	}
	return g
}

// trip publishes a message and waits for it to come back.
func (t *talk) trip(m *packet.Publish, limit time.Duration) (time.Duration, error) {
	began := time.Now()
	if err := t.send(m, limit); err != nil {
		return 0, err
	}
	for {
		got, err := t.receive(began.Add(limit))
		switch {
		case err != nil && trouble(err) == doctor.Timeout:
			return 0, fmt.Errorf("nothing within %s", limit)
		case err != nil:
			return 0, errors.New(plain(err))
		}
		switch back := got.(type) {
		case *packet.Publish:
			t.acknowledge(back)
			if bytes.Equal(back.Payload, m.Payload) {
				return time.Since(began), nil
			}
		case *packet.Disconnect:
			return 0, fmt.Errorf("the broker ended the connection: %s", packet.ReasonName(back.Reason))
		}
	}
}
