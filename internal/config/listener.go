package config

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Listener is one way in for MQTT clients.
type Listener struct {
	Name              string        `yaml:"name" required:"true" max:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9_-]*$" doc:"Name of the listener, unique on the node; default is that of mqtt.listen."`
	Kind              string        `yaml:"kind" default:"tcp" enum:"tcp,tls,ws,wss,unix" doc:"What is spoken: MQTT over TCP, TLS, WebSocket, secure WebSocket or a Unix socket."`
	Address           string        `yaml:"address" required:"true" min:"1" max:"1024" doc:"Address and port, or the path of the Unix socket. Usual ports: tcp 1883, tls 8883, ws 8083, wss 8084."`
	Anonymous         bool          `yaml:"anonymous" default:"false" doc:"Whether clients that show no user name may come in from wherever they are. Without it mqtt.access.anonymous says so for clients of this machine; others may not, and behind proxies (proxy_protocol, trusted_proxies) nobody may."`
	Zone              string        `yaml:"zone" default:"" max:"64" doc:"The entry of mqtt.zones that clients live under. Empty: the settings of mqtt."`
	MaxConnections    int           `yaml:"max_connections" default:"0" min:"1" max:"10000000" zero:"mqtt.max_connections" doc:"Connections at one time; more are refused."`
	MaxPerAddress     int           `yaml:"max_per_address" default:"0" min:"1" max:"10000000" zero:"no limit" doc:"Connections at one time from one IPv4 address or one /64 of IPv6; more are refused."`
	AcceptRate        int           `yaml:"accept_rate" default:"0" min:"1" max:"1000000" zero:"no limit" doc:"New connections a second; those beyond wait."`
	AcceptBurst       int           `yaml:"accept_burst" default:"0" min:"1" max:"1000000" zero:"as many as in a second" doc:"New connections that may come at once."`
	HandshakeTimeout  time.Duration `yaml:"handshake_timeout" default:"10s" min:"100ms" max:"10m" doc:"Time that a connection has for its PROXY header and its TLS handshake."`
	CertificateFiles  []string      `yaml:"certificate_files" default:"[]" max:"64" itemmin:"1" doc:"The server's certificates with their chains, PEM. A client gets the first that fits the name it asks for (SNI), else the first. Files are read again when they change."`
	KeyFiles          []string      `yaml:"key_files" default:"[]" max:"64" itemmin:"1" doc:"Their keys, PEM, in the same order."`
	StapleFiles       []string      `yaml:"staple_files" default:"[]" max:"64" doc:"OCSP responses for them, DER, in the same order; an empty text for none."`
	ClientCertificate string        `yaml:"client_certificate" default:"none" enum:"none,optional,required" doc:"Whether clients show a certificate. optional: one that is shown must be good."`
	CertificateUser   string        `yaml:"certificate_user" default:"common_name" enum:"common_name,dns,email,uri,none" doc:"Which part of a client's certificate is its user name. none: the certificate names nobody."`
	CertificateAlone  bool          `yaml:"certificate_alone" default:"true" doc:"Whether a certificate that names a user suffices. false: that user's password, too."`
	ClientCAFiles     []string      `yaml:"client_ca_files" default:"[]" max:"64" itemmin:"1" doc:"Authorities whose clients are trusted, PEM."`
	RevocationFiles   []string      `yaml:"revocation_files" default:"[]" max:"64" itemmin:"1" doc:"Certificate revocation lists (CRL) of those authorities, PEM or DER. A list past its next update lets nobody of that authority in."`
	OCSP              string        `yaml:"ocsp" default:"off" enum:"off,soft,hard" doc:"Whether responders are asked about client certificates. soft: a client comes in when nobody answers; hard: it does not."`
	OCSPResponder     string        `yaml:"ocsp_responder" default:"" max:"1024" doc:"URL of the responder. Empty: the one that the certificate names."`
	TLSMin            string        `yaml:"tls_min" default:"1.2" enum:"1.2,1.3" doc:"Least version of TLS."`
	TLSMax            string        `yaml:"tls_max" default:"1.3" enum:"1.2,1.3" doc:"Highest version of TLS."`
	Ciphers           string        `yaml:"ciphers" default:"default" enum:"default,modern,compatible" doc:"Cipher suites of TLS 1.2. modern: forward secrecy and authenticated encryption only; compatible: CBC and RSA key exchange too, for old devices."`
	Path              string        `yaml:"path" default:"/mqtt" max:"256" pattern:"^/[!-~]*$" doc:"Path of MQTT over WebSocket."`
	Origins           []string      `yaml:"origins" default:"[]" max:"256" itemmin:"1" doc:"Origins of web pages that may connect over WebSocket, such as https://dashboard.example.com, or * for all. Pages from the host that is connected to always may."`
	ProxyProtocol     bool          `yaml:"proxy_protocol" default:"false" doc:"Whether each connection begins with a PROXY header, version 1 or 2. Only trusted_proxies may connect then."`
	TrustedProxies    []string      `yaml:"trusted_proxies" default:"[]" max:"256" itemmin:"1" doc:"Addresses or networks (CIDR) of proxies whose PROXY header or X-Forwarded-For is believed."`
	Limits            ZoneLimits    `yaml:"limits" doc:"Rates of this listener; one that is 0 is as in its zone, or in mqtt.limits."`
	SocketMode        string        `yaml:"socket_mode" default:"0660" pattern:"^0?[0-7]{3}$" doc:"Permissions of the Unix socket, octal."`
}

// TLS says whether the listener has certificates.
func (l *Listener) TLS() bool { return l.Kind == "tls" || l.Kind == "wss" }

// WebSocket says whether the listener speaks WebSocket.
func (l *Listener) WebSocket() bool { return l.Kind == "ws" || l.Kind == "wss" }

// Proxies are the trusted proxies; check has found each to be one.
func (l *Listener) Proxies() []netip.Prefix {
	all := make([]netip.Prefix, 0, len(l.TrustedProxies))
	for _, s := range l.TrustedProxies {
		if p, err := network(s); err == nil {
			all = append(all, p)
		}
	}
	return all
}

func network(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") {
		return netip.ParsePrefix(s)
	}
	a, err := netip.ParseAddr(s)
	return netip.PrefixFrom(a, a.BitLen()), err
}

// Mode is SocketMode as a number.
func (l *Listener) Mode() uint32 {
	n, _ := strconv.ParseUint(l.SocketMode, 8, 16)
	return uint32(n)
}

// Zone is settings that the clients of some listeners have instead of those of mqtt.
type Zone struct {
	Name           string        `yaml:"name" required:"true" max:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9_-]*$" doc:"Name of the zone, unique on the node."`
	MaxPacketSize  Size          `yaml:"max_packet_size" default:"0" min:"128" max:"7MiB" zero:"as in mqtt" doc:"Largest packet that a client may send. What it is sent is bounded by what others may send, and by the maximum packet size that it asks for itself."`
	MaxConnectSize Size          `yaml:"max_connect_size" default:"0" min:"128" max:"7MiB" zero:"as in mqtt" doc:"Largest CONNECT, its will included."`
	ConnectTimeout time.Duration `yaml:"connect_timeout" default:"0" min:"100ms" max:"10m" zero:"as in mqtt" doc:"Time that a new connection has to send its CONNECT."`
	KeepAliveMax   time.Duration `yaml:"keep_alive_max" default:"0" min:"1s" max:"65535s" zero:"as in mqtt" doc:"Longest keep alive that a client may have, in whole seconds."`
	ReceiveMaximum int           `yaml:"receive_maximum" default:"0" min:"1" max:"65535" zero:"as in mqtt" doc:"QoS 1 and 2 publishes that one client may have unacknowledged towards the node."`
	InflightWindow int           `yaml:"inflight_window" default:"0" min:"1" max:"65535" zero:"as in mqtt" doc:"QoS 1 and 2 messages that the node sends to one client before an acknowledgement is due."`
	QueueMessages  int           `yaml:"queue_messages" default:"0" min:"1" max:"10000000" zero:"as in mqtt" doc:"Messages that wait for one client behind its inflight window."`
	QueueBytes     Size          `yaml:"queue_bytes" default:"0" min:"64KiB" max:"1GiB" zero:"as in mqtt" doc:"Bytes that wait for one client, whatever their QoS."`
	MaxClientID    int           `yaml:"max_client_id" default:"0" min:"23" max:"65535" zero:"as in mqtt" doc:"Longest client identifier in bytes."`
	Subscriptions  int           `yaml:"subscriptions" default:"0" min:"1" max:"10000000" zero:"as in mqtt" doc:"Topic filters that one client may have."`
	MaxFilters     int           `yaml:"max_filters" default:"0" min:"1" max:"1000000" zero:"as in mqtt" doc:"Topic filters that one SUBSCRIBE or UNSUBSCRIBE may have."`
	MaxLevels      int           `yaml:"max_levels" default:"0" min:"1" max:"65535" zero:"as in mqtt.topics" doc:"Levels of a topic or filter."`
	MaxLength      int           `yaml:"max_length" default:"0" min:"1" max:"65535" zero:"as in mqtt.topics" doc:"Bytes of a topic or filter."`
	MaxWildcards   int           `yaml:"max_wildcards" default:"0" min:"1" max:"65535" zero:"as in mqtt.topics" doc:"Levels of one filter that may be a wildcard."`
	Limits         ZoneLimits    `yaml:"limits" doc:"Rates of the zone; one that is 0 is as in mqtt.limits."`
}

// listeners checks what no key of a listener says alone.
func (k *checker) listeners(c *Config) {
	names, zones := map[string]int{"default": -1}, map[string]bool{"": true}
	for i, z := range c.MQTT.Zones {
		if zones[z.Name] && z.Name != "" {
			k.problem(fmt.Sprintf("mqtt.zones[%d].name", i), "is %q, and there is one of that name already", z.Name)
		}
		zones[z.Name] = true
		if z.KeepAliveMax%time.Second != 0 {
			k.problem(fmt.Sprintf("mqtt.zones[%d].keep_alive_max", i), "has to be whole seconds")
		}
	}
	for i := range c.MQTT.Listeners {
		key, l := fmt.Sprintf("mqtt.listeners[%d]", i), &c.MQTT.Listeners[i]
		if _, twice := names[l.Name]; twice {
			k.problem(key+".name", "is %q, and there is one of that name already", l.Name)
		}
		names[l.Name] = i
		if !zones[l.Zone] && !k.bad["mqtt.zones"] {
			k.problem(key+".zone", "is %q, and mqtt.zones has none of that name", l.Zone)
		}
		k.listener(key, l)
	}
}

func (k *checker) listener(key string, l *Listener) {
	if l.Kind != "unix" {
		k.address(key+".address", l.Address)
	}
	k.listenerTLS(key, l)
	for j, s := range l.TrustedProxies {
		if _, err := network(s); err != nil {
			k.problem(fmt.Sprintf("%s.trusted_proxies[%d]", key, j), "is %q; it wants an address or a network, such as 10.0.0.7 or 10.0.0.0/8", shorten(s))
		}
	}
	if l.ProxyProtocol && len(l.TrustedProxies) == 0 && l.Kind != "unix" {
		k.problem(key+".trusted_proxies", "is empty, so nobody could connect: proxy_protocol needs the proxies' addresses")
	}
}

func (k *checker) listenerTLS(key string, l *Listener) {
	switch {
	case !l.TLS():
		return
	case len(l.CertificateFiles) == 0:
		k.problem(key+".certificate_files", "is empty; %s needs a certificate", l.Kind)
	case len(l.KeyFiles) != len(l.CertificateFiles):
		k.problem(key+".key_files", "has %d items for %d certificates", len(l.KeyFiles), len(l.CertificateFiles))
	case len(l.StapleFiles) > len(l.CertificateFiles):
		k.problem(key+".staple_files", "has more items than certificate_files")
	}
	if l.ClientCertificate != "none" && len(l.ClientCAFiles) == 0 {
		k.problem(key+".client_ca_files", "is empty; client_certificate needs an authority")
	}
	if l.TLSMin > l.TLSMax {
		k.problem(key+".tls_min", "is %s, above tls_max, %s", l.TLSMin, l.TLSMax)
	}
}
