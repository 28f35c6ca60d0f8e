// Package certs holds the TLS settings of a listener: its certificates, whose
// clients it trusts and which it no longer does, and how strong TLS must be.
//
// [New] reads the files once and says what is wrong with them. [Store.Reload] reads
// them again, and [Store.Watch] does so when one has changed: new handshakes then
// get the new certificates and authorities, connections that stand are left alone.
// Files that cannot be used change nothing: what was read last stays in force, and
// [Store.State] says so.
//
// Handshakes read a snapshot that never changes; no lock is held while they do.
package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// Pair is a certificate with its chain and its key, in PEM files.
type Pair struct {
	Certificate, Key string
	// Staple is a file with an OCSP response for the certificate, in DER; empty is none.
	Staple string
}

// ClientAuth says what is asked of clients.
type ClientAuth string

// What may be asked of clients.
const (
	NoCertificate       ClientAuth = "none"
	OptionalCertificate ClientAuth = "optional" // one that is shown must be good
	RequiredCertificate ClientAuth = "required"
)

// Policy names a set of cipher suites for TLS 1.2. Those of 1.3 are all strong, and
// fixed.
type Policy string

// The policies.
const (
	DefaultCiphers    Policy = "default"    // what the Go project holds to be safe
	ModernCiphers     Policy = "modern"     // forward secrecy and authenticated encryption only
	CompatibleCiphers Policy = "compatible" // old devices, too: RSA key exchange and CBC
)

// Options are a listener's TLS settings.
type Options struct {
	// Pairs are the server's certificates; a client gets the first that fits the
	// name it asks for (SNI), else the first of all.
	Pairs []Pair
	// ClientCA are PEM files with the authorities whose clients are trusted.
	ClientCA []string
	// ClientAuth is what is asked of clients; empty is NoCertificate.
	ClientAuth ClientAuth
	// MinVersion and MaxVersion bound TLS; 0 is 1.2 and 1.3.
	MinVersion, MaxVersion uint16
	// Ciphers is empty for DefaultCiphers.
	Ciphers Policy
	// RevocationLists are CRL files, PEM or DER.
	RevocationLists []string
	// OCSP says how clients' certificates are asked about; empty is OCSPOff.
	OCSP OCSPMode
	// OCSPResponder takes the place of the responder that certificates name.
	OCSPResponder string
	// HTTP asks the responders; nil is a client of its own with a time limit.
	HTTP *http.Client
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Log may be nil.
	Log *slog.Logger
}

// Store is the settings in force.
type Store struct {
	o       Options
	current atomic.Pointer[snapshot]
	ocsp    *ocspCache

	mu     sync.Mutex
	stamps map[string]stamp // guarded by mu: of the files as they were last read
	failed error            // guarded by mu: why the last reload changed nothing
}

// snapshot is what one reading of the files has brought.
type snapshot struct {
	config  *tls.Config
	pairs   []tls.Certificate
	revoked *revocations
	read    time.Time
}

// New reads the files.
func New(o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &Store{o: o, stamps: map[string]stamp{}}
	s.ocsp = newOCSPCache(&s.o)
	return s, s.Reload()
}

func (o *Options) check() error {
	switch {
	case len(o.Pairs) == 0:
		return fault.New(fault.Invalid, "TLS needs a certificate and its key.")
	case o.asks() && len(o.ClientCA) == 0:
		return fault.New(fault.Invalid, "Client certificates need an authority that has signed them (client CA).")
	case o.version(o.MinVersion, tls.VersionTLS12) > o.version(o.MaxVersion, tls.VersionTLS13):
		return fault.New(fault.Invalid, "The least version of TLS is above the highest.")
	}
	if _, err := o.Ciphers.suites(); err != nil {
		return err
	}
	return o.OCSP.check()
}

func (o *Options) asks() bool {
	return o.ClientAuth == OptionalCertificate || o.ClientAuth == RequiredCertificate
}

func (o *Options) version(v, standard uint16) uint16 {
	if v == 0 {
		return standard
	}
	return v
}

// Config is what is in force, for one handshake. It keeps the keys of the tickets by
// which clients resume: when the files change, everybody shows who they are anew.
func (s *Store) Config() *tls.Config { return s.current.Load().config }

// Reload reads the files again. With an error, what was in force stays.
func (s *Store) Reload() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reloadLocked()
}

func (s *Store) reloadLocked() error {
	s.stamps = s.stat() // before reading: a change meanwhile is seen next time
	next, err := s.read()
	if s.failed = err; err != nil {
		return err
	}
	s.current.Store(next)
	return nil
}

// Watch looks every so often whether a file has changed, until ctx ends.
func (s *Store) Watch(ctx context.Context, every time.Duration) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			s.look()
		case <-ctx.Done():
			return
		}
	}
}

// look reloads when a file is not as it was.
func (s *Store) look() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if same(s.stamps, s.stat()) {
		return
	}
	if err := s.reloadLocked(); err != nil {
		s.o.Log.Error("TLS files have changed and cannot be used; the ones before stay in force", "error", err)
		return
	}
	s.o.Log.Info("TLS files have changed and are in force for new connections", "certificate_expires", s.current.Load().first().NotAfter)
}

// read makes a snapshot of the files.
func (s *Store) read() (*snapshot, error) {
	n := &snapshot{read: s.o.Now()}
	for _, p := range s.o.Pairs {
		c, err := p.load()
		if err != nil {
			return nil, err
		}
		n.pairs = append(n.pairs, c)
	}
	authorities, err := readAuthorities(s.o.ClientCA)
	if err != nil {
		return nil, err
	}
	if n.revoked, err = readRevocations(s.o.RevocationLists, authorities); err != nil {
		return nil, err
	}
	n.config = s.config(n, authorities)
	return n, nil
}

func (s *Store) config(n *snapshot, authorities []*x509.Certificate) *tls.Config {
	suites, _ := s.o.Ciphers.suites()
	c := &tls.Config{
		Certificates: n.pairs, CipherSuites: suites, Time: s.o.Now,
		MinVersion: s.o.version(s.o.MinVersion, tls.VersionTLS12), MaxVersion: s.o.version(s.o.MaxVersion, tls.VersionTLS13),
		// Records of full size from the start: what is sent is packed already.
		DynamicRecordSizingDisabled: true,
	}
	if !s.o.asks() {
		return c
	}
	c.ClientAuth = tls.VerifyClientCertIfGiven
	if s.o.ClientAuth == RequiredCertificate {
		c.ClientAuth = tls.RequireAndVerifyClientCert
	}
	c.ClientCAs = x509.NewCertPool()
	for _, a := range authorities {
		c.ClientCAs.AddCert(a)
	}
	c.VerifyConnection = func(state tls.ConnectionState) error { return n.revoked.verify(&state, s.o.Now()) }
	return c
}

// suites are the policy's cipher suites for TLS 1.2; nil is Go's choice.
func (p Policy) suites() ([]uint16, error) {
	switch p {
	case "", DefaultCiphers:
		return nil, nil
	case ModernCiphers:
		return []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
			tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		}, nil
	case CompatibleCiphers:
		var all []uint16
		for _, s := range tls.CipherSuites() {
			all = append(all, s.ID)
		}
		return append(all, tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_AES_256_CBC_SHA, tls.TLS_RSA_WITH_AES_128_CBC_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256), nil
	}
	return nil, fault.New(fault.Invalid, "There is no cipher policy %q.", string(p))
}

// State is what is in force.
type State struct {
	// Expires is when the first of the server's certificates ends, Since when that one
	// began.
	Expires, Since time.Time
	// Lists is when the first revocation list is out of date; zero when none will be.
	Lists time.Time
	// Subject is that of the first certificate, such as CN=broker,O=Plant.
	Subject string
	// Names are the names and addresses that the certificates are for.
	Names []string
	// Read is when the files in force were read.
	Read time.Time
	// Failed says why the last change of the files is not in force; nil when it is.
	Failed error
}

// State says what is in force.
func (s *Store) State() State {
	s.mu.Lock()
	failed := s.failed
	s.mu.Unlock()
	n := s.current.Load()
	first := n.first()
	return State{Expires: first.NotAfter, Since: first.NotBefore, Lists: n.revoked.until(), Subject: n.pairs[0].Leaf.Subject.String(), Names: n.names(), Read: n.read, Failed: failed}
}

// first is the certificate that ends first.
func (n *snapshot) first() *x509.Certificate {
	first := n.pairs[0].Leaf
	for i := range n.pairs {
		if leaf := n.pairs[i].Leaf; leaf.NotAfter.Before(first.NotAfter) {
			first = leaf
		}
	}
	return first
}

func (n *snapshot) names() (all []string) {
	for i := range n.pairs {
		leaf := n.pairs[i].Leaf
		all = append(all, leaf.DNSNames...)
		for _, ip := range leaf.IPAddresses {
			all = append(all, ip.String())
		}
	}
	return all
}
