package doctor

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// Facts are what was seen. What is nil was not looked at.
type Facts struct {
	// Target is nil when only the machine is looked at.
	Target *Target
	Now    time.Time

	Name  *Name
	Dials []Dial
	// Others are the usual MQTT ports that answer where the one asked for does not.
	Others []int
	TLS    *TLS
	// WebSocket is the answer to its handshake.
	WebSocket *WebSocket
	// Speaks is what the port turned out to speak when it was not what was asked for.
	Speaks Speech
	// Connects are the attempts to log in, one for each version tried.
	Connects  []Connect
	Watch     *Watch
	Subscribe *Grant
	Publish   *Grant
	Trips     []time.Duration
	// TripError is why the last trip did not end.
	TripError string
	Idle      *Idle
	// Dated is the peer's clock as an HTTP answer told it.
	Dated *Clock
	// From is our own address on the connection, Identity the client identifier used.
	From     netip.Addr
	Identity string

	Node    *Node
	Machine *Machine
}

// IdentityPrefix begins the identifiers that this program uses of its own.
const IdentityPrefix = "doctor-"

// Target is what a client is to reach, and how.
type Target struct {
	Host           string
	Port           int
	TLS, WebSocket bool
	Path           string
	Version        packet.Version
	// ClientID is the client in question; TakeOver connects as it.
	ClientID string
	TakeOver bool
	Username string
	// ServerName is what the certificate has to bear; empty is Host.
	ServerName  string
	Insecure    bool
	Certificate bool // one of ours can be shown
	// Roots are whom we trust; nil is the system's.
	Roots     *x509.CertPool
	Topic     string
	RoundTrip bool
	Wait      time.Duration
}

// Address is host:port.
func (t *Target) Address() string { return net.JoinHostPort(t.Host, strconv.Itoa(t.Port)) }

// Kind is the kind of listener that is asked for: tcp, tls, ws or wss.
func (t *Target) Kind() string {
	switch {
	case t.TLS && t.WebSocket:
		return "wss"
	case t.TLS:
		return "tls"
	case t.WebSocket:
		return "ws"
	}
	return "tcp"
}

var kindNames = map[string]string{"tcp": "MQTT over TCP", "tls": "MQTT over TLS", "ws": "MQTT over WebSocket", "wss": "MQTT over secure WebSocket", "unix": "a Unix socket"}

// Title says in one line what is looked at.
func (f *Facts) Title() string {
	if f.Target == nil {
		return ""
	}
	return fmt.Sprintf("%s, %s, version %s", f.Target.Address(), kindNames[f.Target.Kind()], f.Target.Version)
}

// Trouble is a kind of failure of the network.
type Trouble string

// The kinds.
const (
	None        Trouble = ""
	Refused     Trouble = "refused"
	Timeout     Trouble = "timeout"
	Unreachable Trouble = "unreachable"
	NotFound    Trouble = "not found"
	Closed      Trouble = "closed"
	Garbage     Trouble = "garbage"
	Other       Trouble = "other"
)

// Name is the look-up of a host name.
type Name struct {
	Literal   bool // it is an address
	Addresses []netip.Addr
	Trouble   Trouble
	Err       string
	Took      time.Duration
}

// Dial is one attempt to reach an address.
type Dial struct {
	Address netip.Addr
	Trouble Trouble
	Err     string
	Took    time.Duration
}

// TLS is a handshake, made without trust; Examine judges the certificates.
type TLS struct {
	Trouble Trouble
	Err     string
	// Alert is the peer's word for its refusal, also when it came after the handshake.
	Alert           string
	Version, Cipher string
	Peers           []*x509.Certificate
	// Asked says that a certificate of ours was asked for.
	Asked bool
	Took  time.Duration
}

// WebSocket is the answer to the handshake.
type WebSocket struct {
	Trouble     Trouble
	Err         string
	Status      int
	Location    string
	Subprotocol string
}

// Speech is a protocol that a port speaks.
type Speech string

// What ports speak.
const (
	Unknown       Speech = ""
	SpeaksMQTT    Speech = "mqtt"
	SpeaksTLS     Speech = "tls"
	SpeaksHTTP    Speech = "http"
	SpeaksWS      Speech = "ws"
	SpeaksHTTPS   Speech = "https"
	SpeaksWSS     Speech = "wss"
	SpeaksMQTTS   Speech = "mqtts"
	SpeaksNothing Speech = "nothing"
)

// Connect is one attempt to log in.
type Connect struct {
	Version packet.Version
	Trouble Trouble
	Err     string
	// Ack is valid without trouble.
	Ack  packet.Connack
	Took time.Duration
}

// Grant is the answer to a SUBSCRIBE or PUBLISH.
type Grant struct {
	Trouble Trouble
	Err     string
	Reason  byte
	Text    string
	Took    time.Duration
}

// Watch is what came of a connection under the client's own identifier.
type Watch struct {
	For     time.Duration
	Trouble Trouble
	Reason  byte
	After   time.Duration
}

// Idle is a connection on which nothing was said.
type Idle struct {
	For time.Duration
	// Capped says that the server's keep alive made it shorter than asked.
	Capped  bool
	Trouble Trouble
	Err     string
	Reason  byte
	After   time.Duration
}

// Clock is another machine's.
type Clock struct {
	Theirs, Ours time.Time
	// Doubt is how far the two may be off by the way of measuring.
	Doubt time.Duration
}
