package certs

import (
	"crypto/x509"
	"fmt"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// Kind is which list of Options a file is in.
type Kind uint8

// The kinds of files.
const (
	Certificates Kind = iota
	Keys
	Staples
	Authorities
	RevocationLists
)

// Finding is something about one file of the settings.
type Finding struct {
	Kind Kind
	At   int // its place in the list
	Text string
	// Warning says that the file can be used all the same.
	Warning bool
}

// Check reads every file and says all that is wrong with them, and what is out of date.
func (o *Options) Check(now time.Time) []Finding {
	f := findings{now: now}
	for i, p := range o.Pairs {
		f.pair(i, p)
	}
	var all []*x509.Certificate
	for i, path := range o.ClientCA {
		authorities, err := readAuthorities([]string{path})
		f.failed(Authorities, i, err)
		for _, a := range authorities {
			f.dated(Authorities, i, path, a)
		}
		all = append(all, authorities...)
	}
	for i, path := range o.RevocationLists {
		r, err := readRevocations([]string{path}, all)
		f.failed(RevocationLists, i, err)
		if err == nil {
			f.overdue(i, path, r)
		}
	}
	return f.list
}

type findings struct {
	now  time.Time
	list []Finding
}

func (f *findings) add(k Kind, at int, warning bool, text string, args ...any) {
	f.list = append(f.list, Finding{k, at, fmt.Sprintf(text, args...), warning})
}

// failed notes an error.
func (f *findings) failed(k Kind, at int, err error) {
	if err != nil {
		f.add(k, at, false, "%s", fault.UserMessage(err))
	}
}

// pair looks at a certificate, its key and its OCSP response.
func (f *findings) pair(i int, p Pair) {
	_, err := readFile("certificate", p.Certificate)
	_, keyErr := readFile("key", p.Key)
	f.failed(Certificates, i, err)
	f.failed(Keys, i, keyErr)
	if err != nil || keyErr != nil {
		return
	}
	c, err := Pair{Certificate: p.Certificate, Key: p.Key}.load()
	f.failed(Certificates, i, err)
	if err != nil {
		return
	}
	f.dated(Certificates, i, p.Certificate, c.Leaf)
	if p.Staple != "" {
		_, err := p.staple(&c)
		f.failed(Staples, i, err)
	}
}

// dated warns of a certificate outside its time.
func (f *findings) dated(k Kind, at int, path string, c *x509.Certificate) {
	switch {
	case f.now.After(c.NotAfter):
		f.add(k, at, true, "The certificate of %q in %s has run out on %s: renew it.", c.Subject.CommonName, path, c.NotAfter.UTC().Format(time.RFC3339))
	case f.now.Before(c.NotBefore):
		f.add(k, at, true, "The certificate of %q in %s is not valid before %s: is the clock right?", c.Subject.CommonName, path, c.NotBefore.UTC().Format(time.RFC3339))
	}
}

// overdue warns of a revocation list whose authority has promised another by now.
func (f *findings) overdue(at int, path string, r *revocations) {
	for _, l := range r.lists {
		if !l.next.IsZero() && f.now.After(l.next) {
			f.add(RevocationLists, at, true, "The revocation list %s is out of date since %s, so nobody of its authority comes in: fetch a new one.", path, l.next.UTC().Format(time.RFC3339))
		}
	}
}
