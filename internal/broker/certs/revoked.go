package certs

import (
	"crypto/tls"
	"crypto/x509"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// revocations are the revocation lists in force, by authority and key.
type revocations struct{ lists map[string]*list }

// list is the newest list of one authority.
type list struct {
	next    time.Time // when the authority promised another
	number  time.Time
	serials map[string]struct{}
}

// readRevocations reads CRL files. A list is believed only if one of the
// authorities has signed it.
func readRevocations(paths []string, authorities []*x509.Certificate) (*revocations, error) {
	r := &revocations{lists: map[string]*list{}}
	for _, path := range paths {
		b, err := readFile("revocation list", path)
		if err != nil {
			return nil, err
		}
		blocks := derBlocks(b)
		if len(blocks) == 0 {
			return nil, fault.New(fault.Invalid, "The revocation list %s holds no list.", path)
		}
		for _, der := range blocks {
			if err := r.add(path, der, authorities); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

func (r *revocations) add(path string, der []byte, authorities []*x509.Certificate) error {
	crl, err := x509.ParseRevocationList(der)
	if err != nil {
		return fault.Wrap(fault.Invalid, "certs", err, "The revocation list %s cannot be read: %v.", path, err)
	}
	for _, a := range authorities {
		if string(a.RawSubject) == string(crl.RawIssuer) && crl.CheckSignatureFrom(a) == nil {
			r.put(a, crl)
			return nil
		}
	}
	return fault.New(fault.Invalid, "The revocation list %s is signed by none of the client CAs.", path)
}

// put keeps the list of an authority unless a newer one is there.
func (r *revocations) put(a *x509.Certificate, crl *x509.RevocationList) {
	if have := r.lists[string(a.RawSubjectPublicKeyInfo)]; have != nil && have.number.After(crl.ThisUpdate) {
		return
	}
	l := &list{next: crl.NextUpdate, number: crl.ThisUpdate, serials: map[string]struct{}{}}
	for i := range crl.RevokedCertificateEntries {
		l.serials[string(crl.RevokedCertificateEntries[i].SerialNumber.Bytes())] = struct{}{}
	}
	r.lists[string(a.RawSubjectPublicKeyInfo)] = l
}

// until is when the first of the lists is out of date; zero when none will be.
func (r *revocations) until() (first time.Time) {
	for _, l := range r.lists {
		if !l.next.IsZero() && (first.IsZero() || l.next.Before(first)) {
			first = l.next
		}
	}
	return first
}

// verify refuses a client when every chain that speaks for it has a revoked
// certificate. It is asked at every handshake, resumed ones too.
func (r *revocations) verify(state *tls.ConnectionState, now time.Time) error {
	if len(r.lists) == 0 || len(state.PeerCertificates) == 0 {
		return nil
	}
	var refused error
	for _, chain := range state.VerifiedChains {
		if refused = r.chain(chain, now); refused == nil {
			return nil
		}
	}
	return refused
}

// chain refuses a chain with a revoked certificate, or one whose authority's list
// is out of date: then nobody knows.
func (r *revocations) chain(chain []*x509.Certificate, now time.Time) error {
	for i := range len(chain) - 1 {
		l := r.lists[string(chain[i+1].RawSubjectPublicKeyInfo)]
		if l == nil {
			continue
		}
		if _, revoked := l.serials[string(chain[i].SerialNumber.Bytes())]; revoked {
			return fault.New(fault.ClientCertificate, "The certificate of %q is revoked.", chain[i].Subject.CommonName)
		}
		if !l.next.IsZero() && now.After(l.next) {
			return fault.New(fault.ClientCertificate, "The revocation list of %q is out of date since %s.", chain[i+1].Subject.CommonName, l.next.UTC().Format(time.RFC3339))
		}
	}
	return nil
}
