package broker

import (
	"crypto/x509"
	"net"
	"net/netip"

	"github.com/millrace/millrace/internal/broker/loop"
)

// Login is what a client shows of itself. Its slices are valid during the call.
type Login struct {
	// Remote is where it comes from, Listener where it came in.
	Remote   net.Addr
	Listener string
	// Anonymous says that the listener takes clients that show nothing.
	Anonymous bool
	// ClientID is what it calls itself.
	ClientID string
	// Username and Password are nil when absent.
	Username, Password []byte
	// CertificateName is the name in its certificate, which was checked; "" is none.
	CertificateName string
	// CertificateAlone says that the listener takes a certificate without a password.
	CertificateAlone bool
}

// Identity is who a client is. It is never changed once it is given.
type Identity struct {
	// Username is "" for an anonymous client.
	Username string
	Groups   []string
	// Superuser is above the rules.
	Superuser bool
	// Attributes are for rules; nil is none.
	Attributes map[string]string
	// Expires is when the identity ends, and the connection with it, in ns since
	// 1970; 0 is never.
	Expires int64
	// By is how it was shown: anonymous, certificate, password, an AUTH method.
	By string
	// Stamp is the Authenticator's own.
	Stamp uint64
}

// Verdict is the answer to a login: an identity, or why not.
type Verdict struct {
	Identity *Identity
	Err      error
}

// Authenticator says who clients are. It is asked on an event loop and must not
// block.
type Authenticator interface {
	// Authenticate decides a login. now says that v is the verdict; else later is
	// called with it, once and from any goroutine. Meanwhile the connection is read no
	// further.
	Authenticate(l *Login, later func(Verdict)) (v Verdict, now bool)
	// Exchange begins an enhanced authentication (MQTT 5 section 4.12);
	// fault.BadAuthMethod when it does not know the method.
	Exchange(method string, l *Login) (Exchange, error)
	// Recheck says whether an identity still holds, and what it is now.
	Recheck(id *Identity) (*Identity, error)
}

// Exchange is one run of an authentication method.
type Exchange interface {
	// Step takes what the client sent and returns what it is answered. It is done
	// when there is an identity or an error.
	Step(data []byte) (answer []byte, id *Identity, err error)
	// User is who the client says it is; empty while it has not said so.
	User() string
}

// Authorizer says what clients may do.
type Authorizer interface {
	// Rights are what a client may do; nil is everything. It is asked at the login,
	// and again after [Broker.Reauthorize].
	Rights(id *Identity, l *Login) Rights
}

// Rights are one client's. They are asked on its event loop, for every message: no
// lock, no allocation.
type Rights interface {
	// MayPublish decides about a message.
	MayPublish(topic []byte, qos byte, retain bool) bool
	// MaySubscribe decides about a subscription; the filter of a shared one comes
	// without $share/NAME/.
	MaySubscribe(filter []byte, qos byte) bool
}

// CertificateName is what of a client's certificate is its user name.
type CertificateName string

// The parts of a certificate. Of several names of a kind the first counts.
const (
	NoName     CertificateName = ""
	CommonName CertificateName = "common_name"
	DNSName    CertificateName = "dns"
	EmailName  CertificateName = "email"
	URIName    CertificateName = "uri"
)

// of is the name in the certificate of a connection's client, which was verified here
// or by the proxy; "" when there is none.
func (n CertificateName) of(conn *loop.Conn) string {
	if n == CommonName {
		return certificateName(conn)
	}
	if state, ok := secured(conn); ok && n != NoName && len(state.PeerCertificates) > 0 {
		return n.nameIn(state.PeerCertificates[0])
	}
	return ""
}

// nameIn is that part of the certificate, "" when it has none.
func (n CertificateName) nameIn(c *x509.Certificate) string {
	switch {
	case n == DNSName && len(c.DNSNames) > 0:
		return c.DNSNames[0]
	case n == EmailName && len(c.EmailAddresses) > 0:
		return c.EmailAddresses[0]
	case n == URIName && len(c.URIs) > 0:
		return c.URIs[0].String()
	}
	return ""
}

// admission is how a door's clients show who they are.
type admission struct {
	anonymous, local, alone bool // local: without a name from this machine alone
	name                    CertificateName
}

func (l *Listener) admission(asked bool) admission {
	return admission{
		anonymous: l.Anonymous || !asked, local: l.AnonymousLocal && !l.ProxyProtocol && len(l.Proxies) == 0,
		alone: l.CertificateAlone, name: l.CertificateName,
	}
}

// unknown says whether the client may come in without a name.
func (a *admission) unknown(conn *loop.Conn) bool {
	return a.anonymous || a.local && ofThisMachine(conn.RemoteAddrPort().Addr()) && !abroad(conn)
}

// ofThisMachine says whether the address is one of this machine's own; that of a Unix
// socket's client is not valid.
func ofThisMachine(from netip.Addr) bool { return !from.IsValid() || from.Unmap().IsLoopback() }
