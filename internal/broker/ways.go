package broker

import (
	"context"
	"runtime"
	"time"

	"github.com/millrace/millrace/internal/broker/certs"
	"github.com/millrace/millrace/internal/broker/listener"
	"github.com/millrace/millrace/internal/fault"
)

// ListenerState is a listener at this moment, and what it has counted since the
// start.
type ListenerState struct {
	Name, Kind, Address string
	// Zone is the name of its zone; empty is the one for all.
	Zone string
	// Anonymous says that clients may come in unknown.
	Anonymous bool
	// AnonymousLocal says that those of this machine may.
	AnonymousLocal bool
	// Listening is false while it is stopped.
	Listening bool
	// Open are the connections at this moment, MaxConnections as many as there may be.
	Open, MaxConnections int
	// Accepted are the sockets that came, whatever became of them.
	Accepted uint64
	// BytesIn and BytesOut are the bytes of MQTT, without what TLS and WebSocket add.
	BytesIn, BytesOut uint64
	// Refused are those that were turned away before their client was let in, by reason.
	Refused map[fault.Code]uint64
	// HandshakesFailed did not get through TLS or their PROXY header.
	HandshakesFailed uint64
	// Silent went before they said anything, where TLS or a PROXY header was due.
	Silent uint64
	// Handshakes counts TLS handshakes by the time they took: at place i those up to
	// listener.Bounds[i] that are in no earlier one, and the slower ones last;
	// HandshakeTime is the sum.
	Handshakes    []uint64
	HandshakeTime time.Duration
	// Certificates is nil without TLS.
	Certificates *certs.State
}

// Listeners are the ways in, in the order of the settings.
func (b *Broker) Listeners() []ListenerState {
	all := make([]ListenerState, len(b.doors))
	for i, d := range b.doors {
		all[i] = d.state()
	}
	return all
}

func (d *door) state() ListenerState {
	l, counts := d.listener, d.listener.Counts()
	s := ListenerState{
		Name: d.name, Kind: d.kind, Zone: d.zone.Name, Address: addressText(l.Addr()), Anonymous: d.admission.anonymous, AnonymousLocal: d.admission.local, Listening: l.Listening(),
		Open: l.Open(), MaxConnections: l.MaxConnections(), Accepted: counts.Accepted.Load(), Refused: map[fault.Code]uint64{}, HandshakesFailed: counts.HandshakesFailed.Load(), Silent: counts.Silent.Load(),
	}
	carried := d.traffic()
	s.BytesIn, s.BytesOut = carried.in, carried.out
	for i := range d.turnedAway {
		if n := d.turnedAway[i].Load(); n > 0 {
			s.Refused[fault.Code(i)] = n
		}
	}
	if store := l.Certificates(); store != nil {
		certificates := store.State()
		buckets, sum := counts.Handshakes.Read()
		s.Certificates, s.Handshakes, s.HandshakeTime = &certificates, buckets[:], sum
	}
	return s
}

// HandshakeBounds are the upper bounds of ListenerState.Handshakes.
func HandshakeBounds() []time.Duration { return listener.Bounds[:] }

// ReloadCertificates reads the TLS files of every listener again. It returns the
// names of those that have some; with an error, those whose files cannot be used go
// on with what they had.
func (b *Broker) ReloadCertificates() (names []string, err error) {
	for _, d := range b.doors {
		store := d.listener.Certificates()
		if store == nil {
			continue
		}
		names = append(names, d.name)
		if failed := store.Reload(); failed != nil && err == nil {
			err = fault.Wrap(fault.CodeOf(failed), "broker: listener "+d.name, failed, "Listener %s: %s", d.name, fault.UserMessage(failed))
		}
	}
	return names, err
}

// StopListener makes a listener accept no more; its connections stay.
func (b *Broker) StopListener(name string) error {
	d, err := b.doorNamed(name)
	if err != nil {
		return err
	}
	d.listener.Close()
	b.options.Log.Info("MQTT listener is stopped", "listener", d.name)
	return nil
}

// StartListener makes a stopped listener accept again, at the address it had.
func (b *Broker) StartListener(ctx context.Context, name string) error {
	d, err := b.doorNamed(name)
	if err != nil {
		return err
	}
	if !b.running() {
		return fault.New(fault.ServerShutdown, "The node does not serve clients at this moment.")
	}
	return d.open(ctx)
}

func (b *Broker) doorNamed(name string) (*door, error) {
	for _, d := range b.doors {
		if d.name == name {
			return d, nil
		}
	}
	return nil, fault.New(fault.NotFound, "There is no MQTT listener %q.", name)
}

func (t Transport) check() error {
	switch {
	case t == Epoll && runtime.GOOS != "linux":
		return fault.New(fault.Invalid, "The transport epoll is Linux's alone.")
	case t == Epoll || t == Portable:
		return nil
	}
	return fault.New(fault.Invalid, "There is no transport %q.", string(t))
}
