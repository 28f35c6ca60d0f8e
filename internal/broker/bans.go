package broker

import (
	"cmp"
	"context"
	"net/netip"

	"github.com/millrace/millrace/internal/broker/ban"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

var errBanned = fault.New(fault.Banned, "The client is banned.")

// Bans lists the bans in force, newest first.
func (b *Broker) Bans() []ban.Ban { return b.bans.List() }

// Ban keeps clients out from now on, and disconnects those that are in. It is kept
// when Ban returns. Since is set; Until 0 is for ever.
func (b *Broker) Ban(ctx context.Context, whom ban.Ban) (ban.Ban, error) {
	entered, err := b.bans.Enter(ctx, whom)
	if err == nil {
		b.expel()
	}
	return entered, err
}

// Unban ends a ban.
func (b *Broker) Unban(ctx context.Context, kind ban.Kind, value string) error {
	return b.bans.Lift(ctx, kind, value)
}

// expel disconnects everybody who is banned now, a slice of clients in each turn.
func (b *Broker) expel() {
	done := make(chan struct{}, len(b.workers))
	for _, w := range b.workers {
		w.loop.Post(&inquiry{done: done, next: overClients(func(w *worker, c *client) int {
			if !c.session.Away() && w.broker.bans.Bans(c.candidate(), w.loop.Now()) {
				w.end(c, errBanned)
			}
			return 1
		})})
	}
}

// candidate is what bans go by.
func (c *client) candidate() ban.Who {
	return ban.Who{ClientID: c.id, User: cmp.Or(c.user(), c.username), Address: c.remoteAddrPort().Addr()}
}

// barred says whether nobody may connect from there.
func (b *Broker) barred(from netip.Addr) error {
	if b.bans.Bans(ban.Who{Address: from}, b.options.Now().UnixNano()) {
		return errBanned
	}
	return nil
}

// banned says whether the client may not come in.
func (w *worker) banned(c *client, p *packet.Connect, id string) error {
	return w.bannedAs(c, id, string(p.Username))
}

// bannedAs is banned once it is known who the client says it is.
func (w *worker) bannedAs(c *client, id, user string) error {
	who := ban.Who{ClientID: id, User: user, Address: c.conn.RemoteAddrPort().Addr()}
	if w.broker.bans.Bans(who, w.loop.Now()) {
		return errBanned
	}
	return nil
}

// strike counts that the client has left; one that comes and goes is banned.
func (w *worker) strike(c *client) {
	if !w.draining && w.flaps.Hit(c.id, w.loop.Steady()) {
		w.broker.bans.Flapped(c.id, w.loop.Now())
	}
}

// loginFailed counts a login that failed for what the client showed.
func (w *worker) loginFailed(c *client, user string, err error) {
	switch fault.CodeOf(err) {
	case fault.BadPassword, fault.UnknownUser, fault.Unauthenticated:
		w.broker.bans.LoginFailed(user, c.conn.RemoteAddrPort().Addr(), w.loop.Steady(), w.loop.Now())
	}
}
