package broker

import (
	"cmp"
	"crypto/tls"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/broker/view"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// ClientDetail is a client with what belongs to its session.
type ClientDetail struct {
	view.Client
	Subscribed []view.Subscription // the first of them, by filter
	Flights    []session.Pending   // the first messages under way to it
	Held       []session.Pending   // the first of its QoS 2 messages that it has not released
	Queue      []session.Pending   // the first messages that wait for it, oldest first
	DroppedBy  []view.Drop         // of Dropped, by reason, most first
	Will       *WillInfo           // nil when there is none
	TLS        *TLSInfo            // nil without TLS
	Limits     session.Limits
	Log        *Backlog // what bounds a durable session in place of the queue's limits; nil for others
	Agreed     session.Agreed
}

// WillInfo is a will without its payload.
type WillInfo struct {
	Topic  string
	QoS    byte
	Retain bool
	Delay  uint32 // seconds
	Size   int
}

// TLSInfo is what TLS has agreed on, and the client's certificate, if it has one.
type TLSInfo struct {
	Version, Cipher, ServerName, Subject, Issuer string
	NotAfter                                     time.Time
}

// What of a client's lists its detail has.
const (
	mostSubscribed = 1000
	mostPending    = 100 // messages of each kind
)

func (w *worker) detail(c *client) ClientDetail {
	s := &c.session
	d := ClientDetail{
		Client: w.info(c), Flights: s.Flights(mostPending, w.loop.Now()), Queue: s.Queued(mostPending),
		Limits: *s.Limits(), Agreed: s.Agreed(), TLS: tlsInfo(c),
	}
	if c.enduring != nil {
		bounds := w.options.Backlog
		d.Log = &bounds
	}
	for by := c.troubles.by; by != nil; by = by.next {
		d.DroppedBy = append(d.DroppedBy, view.Drop{Code: by.code, Count: by.n})
	}
	slices.SortStableFunc(d.DroppedBy, func(x, y view.Drop) int { return cmp.Compare(y.Count, x.Count) })
	s.Held(mostPending, func(id uint16, answered bool) {
		awaits := packet.TypePubrec
		if answered {
			awaits = packet.TypePubrel
		}
		d.Held = append(d.Held, session.Pending{ID: id, Awaits: awaits, QoS: 2})
	})
	if m, ok := s.PeekWill(); ok {
		d.Will = &WillInfo{Topic: string(m.Topic), QoS: m.QoS, Retain: m.Retain, Delay: m.Delay, Size: len(m.Payload)}
	}
	for _, f := range c.filters.list() {
		d.Subscribed = append(d.Subscribed, subscriptionInfo(c, f))
	}
	slices.SortFunc(d.Subscribed, func(x, y view.Subscription) int { return strings.Compare(x.Filter, y.Filter) })
	d.Subscribed = d.Subscribed[:min(len(d.Subscribed), mostSubscribed)]
	return d
}

func tlsInfo(c *client) *TLSInfo {
	if c.session.Away() {
		return nil
	}
	state, ok := secured(c.conn)
	if !ok {
		return nil
	}
	i := &TLSInfo{Version: tls.VersionName(state.Version), Cipher: tls.CipherSuiteName(state.CipherSuite), ServerName: state.ServerName}
	if len(state.PeerCertificates) > 0 {
		leaf := state.PeerCertificates[0]
		i.Subject, i.Issuer, i.NotAfter = leaf.Subject.String(), leaf.Issuer.String(), leaf.NotAfter
	}
	return i
}
