package app

import (
	"cmp"
	"crypto/tls"

	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/broker/certs"
	"github.com/millrace/millrace/internal/broker/websocket"
	"github.com/millrace/millrace/internal/config"
	"github.com/millrace/millrace/internal/doctor"
)

// listeners are the broker's ways in: that of mqtt.listen and those of mqtt.listeners.
func (a *App) listeners() (all []broker.Listener) {
	c := &a.cfg.MQTT
	if c.Listen != "" {
		all = append(all, broker.Listener{Name: "default", Address: c.Listen, MaxConnections: connections(c.MaxConnections, fileLimit())})
	}
	for i := range c.Listeners {
		all = append(all, a.listener(&c.Listeners[i]))
	}
	return all
}

// connections is how many connections a listener may have: as many as are set or, when
// none are, what a process that may have so many files open can carry; 0 is any number.
func connections(set int, files uint64) int {
	const most, least = 100_000, 100
	if set != 0 || files == 0 || files > most+doctor.SpareFiles {
		return cmp.Or(set, most)
	}
	return max(least, int(files)-doctor.SpareFiles)
}

func (a *App) listener(l *config.Listener) broker.Listener {
	out := broker.Listener{
		Name: l.Name, Address: l.Address, Unix: l.Kind == "unix", SocketMode: l.Mode(), Anonymous: l.Anonymous,
		MaxConnections: connections(cmp.Or(l.MaxConnections, a.cfg.MQTT.MaxConnections), fileLimit()), MaxPerAddress: l.MaxPerAddress,
		AcceptRate: l.AcceptRate, AcceptBurst: l.AcceptBurst, HandshakeTimeout: l.HandshakeTimeout,
		ProxyProtocol: l.ProxyProtocol, Proxies: l.Proxies(), Zone: a.zoneOf(l),
	}
	out.CertificateName, out.CertificateAlone = certificateUser(l.CertificateUser), l.CertificateAlone
	if l.TLS() {
		out.TLS = certificates(l)
		out.TLS.Log = a.log.With("listener", l.Name)
	}
	if l.WebSocket() {
		out.WebSocket = &websocket.Options{Path: l.Path, Origins: l.Origins}
	}
	return out
}

// tlsVersions are the versions as the configuration has them.
var tlsVersions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

func certificates(l *config.Listener) *certs.Options {
	o := &certs.Options{
		ClientCA: l.ClientCAFiles, ClientAuth: certs.ClientAuth(l.ClientCertificate), RevocationLists: l.RevocationFiles,
		MinVersion: tlsVersions[l.TLSMin], MaxVersion: tlsVersions[l.TLSMax], Ciphers: certs.Policy(l.Ciphers),
		OCSP: certs.OCSPMode(l.OCSP), OCSPResponder: l.OCSPResponder,
	}
	for i, path := range l.CertificateFiles {
		p := certs.Pair{Certificate: path, Key: l.KeyFiles[i]}
		if i < len(l.StapleFiles) {
			p.Staple = l.StapleFiles[i]
		}
		o.Pairs = append(o.Pairs, p)
	}
	return o
}

// zoneOf is what clients of a listener live under, nil for the settings of all: the
// listener's own rates, then what its zone says, then what is said for all.
func (a *App) zoneOf(l *config.Listener) *broker.Zone {
	var z config.Zone
	for i := range a.cfg.MQTT.Zones {
		if l.Zone != "" && a.cfg.MQTT.Zones[i].Name == l.Zone {
			z = a.cfg.MQTT.Zones[i]
		}
	}
	if z.Name == "" && l.Limits == (config.ZoneLimits{}) {
		return nil
	}
	c := zoned(a.cfg.MQTT, &z)
	c.Limits.Client, c.Limits.Listener = l.Limits.Client.Over(c.Limits.Client), l.Limits.Listener.Over(c.Limits.Listener)
	own := limited(broker.Options{Zone: zone(&c)}, c.Limits).Zone
	own.Name = z.Name
	return &own
}

// zoned are the settings of a zone: what it does not say is as in c.
func zoned(c config.MQTT, z *config.Zone) config.MQTT {
	c.MaxPacketSize = cmp.Or(z.MaxPacketSize, c.MaxPacketSize)
	c.MaxConnectSize = cmp.Or(z.MaxConnectSize, c.MaxConnectSize)
	c.MaxFilters = cmp.Or(z.MaxFilters, c.MaxFilters)
	c.ConnectTimeout = cmp.Or(z.ConnectTimeout, c.ConnectTimeout)
	c.KeepAliveMax = cmp.Or(z.KeepAliveMax, c.KeepAliveMax)
	c.ReceiveMaximum = cmp.Or(z.ReceiveMaximum, c.ReceiveMaximum)
	c.InflightWindow = cmp.Or(z.InflightWindow, c.InflightWindow)
	c.QueueMessages = cmp.Or(z.QueueMessages, c.QueueMessages)
	c.QueueBytes = cmp.Or(z.QueueBytes, c.QueueBytes)
	c.Topics.MaxLevels = cmp.Or(z.MaxLevels, c.Topics.MaxLevels)
	c.Topics.MaxLength = cmp.Or(z.MaxLength, c.Topics.MaxLength)
	c.Topics.MaxWildcards = cmp.Or(z.MaxWildcards, c.Topics.MaxWildcards)
	c.MaxClientID = cmp.Or(z.MaxClientID, c.MaxClientID)
	c.Subscriptions = cmp.Or(z.Subscriptions, c.Subscriptions)
	c.Limits.Client, c.Limits.Listener = z.Limits.Client.Over(c.Limits.Client), z.Limits.Listener.Over(c.Limits.Listener)
	return c
}
