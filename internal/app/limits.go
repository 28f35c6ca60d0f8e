package app

import (
	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/broker/limit"
	"github.com/millrace/millrace/internal/broker/pace"
	"github.com/millrace/millrace/internal/config"
)

// limitedZone puts the settings of rates into a zone.
func limitedZone(z broker.Zone, c *config.Limits) broker.Zone {
	z.OverRate = broker.Policy(c.Policy)
	z.Rates, z.ListenerRates = ratesOf(c.Client), ratesOf(c.Listener)
	return z
}

// limited puts the rates of all clients together into the broker's options.
func limited(o broker.Options, c config.Limits) broker.Options {
	o.TotalRates = ratesOf(config.Rates(c.Total))
	return o
}

func ratesOf(c config.Rates) pace.Rates {
	rate := func(perSecond, burst int64) limit.Rate { return limit.Rate{PerSecond: perSecond, Burst: burst} }
	return pace.Rates{
		Messages:   rate(int64(c.Messages), int64(c.MessagesBurst)),
		Bytes:      rate(c.Bytes.Int64(), c.BytesBurst.Int64()),
		Subscribes: rate(int64(c.Subscribes), int64(c.SubscribesBurst)),
		Connects:   rate(int64(c.Connects), int64(c.ConnectsBurst)),
	}
}
