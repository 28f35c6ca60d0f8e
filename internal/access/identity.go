package access

import (
	"net"

	"github.com/millrace/millrace/internal/fault"
)

// Login is what a client shows of itself.
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

// Identity is who a client is. It is never changed.
type Identity struct {
	// Username is "" for an anonymous client.
	Username string
	Groups   []string
	// Superuser is above the rules.
	Superuser bool
	// Attributes are for rules; nil here.
	Attributes map[string]string
	// Expires is when it ends, ns since 1970; 0 is never.
	Expires int64
	// By is how it was shown: anonymous, certificate, password or a SCRAM method.
	By string
	// Stamp tells the password it was shown by from later ones.
	Stamp uint64
}

// How an identity was shown.
const (
	byNobody      = "anonymous"
	byCertificate = "certificate"
	byPassword    = "password"
)

var anonymous = &Identity{By: byNobody}

var (
	errNoCredentials   = fault.New(fault.NoCredentials, "The client says no name and password, and the listener takes no anonymous clients.")
	errNoPassword      = fault.New(fault.NoCredentials, "The client says a name and no password.")
	errNoName          = fault.New(fault.NoCredentials, "The client says a password and no name.")
	errUnknownUser     = fault.New(fault.UnknownUser, "No user has this name.")
	errBadPassword     = fault.New(fault.BadPassword, "The password is wrong.")
	errDisabled        = fault.New(fault.UserDisabled, "The user is disabled.")
	errOtherName       = fault.New(fault.BadCertificate, "The client says another name than its certificate.")
	errCertificateOnly = fault.New(fault.NoCredentials, "The client shows a certificate and no password; the listener wants both (certificate_alone: false).")
	errBusy            = fault.New(fault.AuthBusy, "Too many clients wait for their passwords to be checked.")
	errRemoved         = fault.New(fault.UserRemoved, "The user was removed.")
	errChanged         = fault.New(fault.CredentialsChanged, "The user's password was changed.")
	errClosed          = fault.New(fault.Unavailable, "The node is shutting down.")
)

func identityOf(u *User, by string) *Identity {
	return &Identity{Username: u.Name, Groups: u.Groups, Superuser: u.Superuser, By: by, Stamp: u.stamp}
}
