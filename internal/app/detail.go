package app

import (
	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/broker/view"
)

// detailRow is a client with what its session holds.
func detailRow(d broker.ClientDetail) api.ClientDetail {
	row := api.ClientDetail{Client: clientRow(d.Client), Subscribed: convert(d.Subscribed, subscriptionRow)}
	row.Flights = convert(d.Flights, func(p session.Pending) api.Flight {
		return api.Flight{PacketID: int(p.ID), Direction: "out", Awaits: p.Awaits.String(), Topic: p.Topic, QoS: int(p.QoS), Since: moment(p.Since)}
	})
	for _, p := range d.Held {
		row.Flights = append(row.Flights, api.Flight{PacketID: int(p.ID), Direction: "in", Awaits: p.Awaits.String(), QoS: int(p.QoS)})
	}
	row.Queue = convert(d.Queue, func(p session.Pending) api.QueuedMessage {
		return api.QueuedMessage{Topic: p.Topic, QoS: int(p.QoS), Size: p.Size, Since: moment(p.Since)}
	})
	row.DroppedBy = convert(d.DroppedBy, dropRow)
	if w := d.Will; w != nil {
		row.Will = &api.ClientWill{Topic: w.Topic, QoS: int(w.QoS), Retain: w.Retain, Delay: int64(w.Delay), Size: w.Size}
	}
	if t := d.TLS; t != nil {
		row.TLS = (*api.ClientTLS)(t)
	}
	l, a := &d.Limits, &d.Agreed
	row.Limits = api.ClientLimits{
		ReceiveMaximum: int(l.ReceiveMaximum), MaxPacketSize: int64(l.MaximumPacketSize), Queue: l.Queue,
		QueueBytes: int64(l.QueueBytes), Subscriptions: l.Subscriptions, TopicAliases: int(l.TopicAliases),
		ClientReceiveMaximum: int(a.SendMax), ClientMaxPacketSize: int64(a.MaxPacket), AliasesIn: a.AliasesIn, AliasesOut: a.AliasesOut,
	}
	if b := d.Log; b != nil {
		row.Limits.Log = &api.LogLimits{Messages: b.Messages, Bytes: b.Bytes, Age: b.Age.Seconds()}
	}
	return row
}

func dropRow(by view.Drop) api.DropCount {
	return api.DropCount{Code: by.Code.Quote(), Reason: by.Code.String(), Count: by.Count}
}
