package broker

import (
	"context"
	"net"
	"net/netip"

	"github.com/millrace/millrace/internal/broker/listener"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/fault"
)

// Listener is one way in.
type Listener struct {
	// Name is for people; empty is "default".
	Name string
	// Address is where to listen; empty is 127.0.0.1:1883.
	Address string
	// MaxConnections bounds the open connections; 0 is 100,000.
	MaxConnections int
	// Zone is the settings of its clients; nil is Options.Zone.
	Zone *Zone
}

// door is a listener at work: every connection knows the one it came in by.
type door struct {
	broker   *Broker
	name     string
	zone     *Zone
	limits   session.Limits // of the sessions that come in here
	place    int            // among the doors
	rates    sharedRates
	listener *listener.Listener
}

func (b *Broker) newDoor(l Listener) (*door, error) {
	d := &door{broker: b, name: l.Name, zone: l.Zone, place: len(b.doors)}
	set(&d.name, "default")
	if d.zone == nil {
		d.zone = &b.options.Zone
	}
	d.zone.defaults()
	d.limits = d.zone.limits()
	d.rates = newSharedRates(&d.zone.ListenerRates, b.options.Loops)
	if err := d.zone.OverRate.check(); err != nil {
		return nil, err
	}
	o := listener.Options{
		Address: l.Address, Authenticated: b.options.Authenticator != nil, MaxConnections: l.MaxConnections,
		Accept: d.adopt, Refused: d.refused, Log: b.options.Log,
	}
	if b.options.Transport == Epoll {
		o.AcceptFD = d.adoptFD
	}
	var err error
	d.listener, err = listener.New(o)
	return d, err
}

// openDoors listens everywhere or, with an error, nowhere.
func (b *Broker) openDoors(ctx context.Context) error {
	for _, d := range b.doors {
		if err := d.listener.Start(ctx); err != nil {
			b.closeDoors()
			return err
		}
		b.options.Log.Info("MQTT listener is open", "listener", d.name, "address", addressText(d.listener.Addr()),
			"loops", len(b.workers), "transport", string(b.options.Transport))
	}
	return nil
}

func (b *Broker) closeDoors() {
	for _, d := range b.doors {
		d.listener.Close()
	}
}

// Addr is the address of the first listener, once started.
func (b *Broker) Addr() net.Addr { return b.doors[0].listener.Addr() }

// adopt gives a new socket to the loop whose turn it is.
func (d *door) adopt(nc net.Conn) {
	n := d.broker.accepted.Add(1)
	d.broker.workers[n%uint64(len(d.broker.workers))].loop.Adopt(nc, n, d)
}

// adoptFD is adopt for a socket that only the loop will know.
func (d *door) adoptFD(fd int, remote netip.AddrPort) {
	n := d.broker.accepted.Add(1)
	d.broker.workers[n%uint64(len(d.broker.workers))].loop.AdoptFD(fd, remote, n, d)
}

// Release is loop.Door's.
func (d *door) Release() { d.listener.Release() }

func (d *door) refused(code fault.Code, remote net.Addr) {
	d.broker.overLimit.Add(1)
	d.broker.options.Log.Debug("connection refused", "listener", d.name, "remote", addressText(remote), "reason", code.String())
}
