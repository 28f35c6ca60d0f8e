package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/millrace/millrace/internal/fault"
)

// OCSPMode says how clients' certificates are asked about at their responders.
type OCSPMode string

// The modes. A certificate that is said to be revoked is refused in both.
const (
	OCSPOff  OCSPMode = "off"
	OCSPSoft OCSPMode = "soft" // who cannot be asked about comes in
	OCSPHard OCSPMode = "hard" // who cannot be asked about stays out
)

func (m OCSPMode) check() error {
	switch m {
	case "", OCSPOff, OCSPSoft, OCSPHard:
		return nil
	}
	return fault.New(fault.Invalid, "OCSP is off, soft or hard, not %q.", string(m))
}

const (
	askTimeout   = 5 * time.Second
	maxAnswer    = 64 << 10
	maxAnswers   = 10_000
	answerAtMost = time.Hour        // how long an answer is believed
	retryAfter   = 30 * time.Second // how long a failure to ask is remembered
)

// ocspCache holds answers of responders. One certificate is asked about once at a
// time, however many of its connections wait.
type ocspCache struct {
	o    *Options
	http *http.Client

	mu      sync.Mutex
	answers map[string]*answer // guarded by mu
}

// answer is what a responder has said, once done is closed.
type answer struct {
	done  chan struct{}
	until time.Time
	err   error // a fault when the certificate is refused; else nobody could be asked
}

func newOCSPCache(o *Options) *ocspCache {
	c := &ocspCache{o: o, http: o.HTTP, answers: map[string]*answer{}}
	if c.http == nil {
		c.http = &http.Client{Timeout: askTimeout}
	}
	return c
}

// CheckClient asks the responders about the client's certificate, when the settings
// say so. It blocks for as long as ctx and the responder take.
func (s *Store) CheckClient(ctx context.Context, state *tls.ConnectionState) error {
	if s.o.OCSP == "" || s.o.OCSP == OCSPOff || len(state.VerifiedChains) == 0 || len(state.VerifiedChains[0]) < 2 {
		return nil
	}
	chain := state.VerifiedChains[0]
	err := s.ocsp.check(ctx, chain[0], chain[1])
	var refused *fault.Error
	switch {
	case err == nil || errors.As(err, &refused):
		return err
	case s.o.OCSP == OCSPHard:
		return fault.Wrap(fault.ClientCertificate, "ocsp", err, "Nobody could be asked whether the certificate of %q is revoked.", chain[0].Subject.CommonName)
	}
	s.o.Log.Warn("a client's certificate is taken though its OCSP responder has not answered", "subject", chain[0].Subject.CommonName, "error", err)
	return nil
}

func (c *ocspCache) check(ctx context.Context, leaf, issuer *x509.Certificate) error {
	a, mine := c.find(string(leaf.RawIssuer)+"\x00"+string(leaf.SerialNumber.Bytes()), c.o.Now())
	if mine {
		// Others wait for it as well, so it does not end with this connection.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
		a.until, a.err = c.ask(ctx, leaf, issuer)
		cancel()
		close(a.done)
	}
	select {
	case <-a.done:
		return a.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// find returns the answer for a certificate; mine says that the caller has to get it.
func (c *ocspCache) find(key string, now time.Time) (a *answer, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a = c.answers[key]; a != nil && a.holds(now) {
		return a, false
	}
	for k, old := range c.answers {
		if len(c.answers) < maxAnswers && old.holds(now) {
			break // neither full nor out of date: a look at one is enough
		}
		delete(c.answers, k)
		break
	}
	a = &answer{done: make(chan struct{})}
	c.answers[key] = a
	return a, true
}

// holds says whether the answer counts, or is yet to come.
func (a *answer) holds(now time.Time) bool {
	select {
	case <-a.done:
		return now.Before(a.until)
	default:
		return true
	}
}

func (c *ocspCache) ask(ctx context.Context, leaf, issuer *x509.Certificate) (until time.Time, err error) {
	now := c.o.Now()
	r, err := c.fetch(ctx, leaf, issuer)
	if err == nil && !r.NextUpdate.IsZero() && now.After(r.NextUpdate) {
		err = errors.New("the responder's answer is out of date")
	}
	if err != nil {
		return now.Add(retryAfter), err
	}
	if until = now.Add(answerAtMost); !r.NextUpdate.IsZero() && r.NextUpdate.Before(until) {
		until = r.NextUpdate
	}
	switch r.Status {
	case ocsp.Good:
		return until, nil
	case ocsp.Revoked:
		return until, fault.New(fault.ClientCertificate, "The certificate of %q is revoked, says its OCSP responder.", leaf.Subject.CommonName)
	}
	return now.Add(retryAfter), errors.New("the responder does not know the certificate")
}

func (c *ocspCache) fetch(ctx context.Context, leaf, issuer *x509.Certificate) (*ocsp.Response, error) {
	url := c.o.OCSPResponder
	if url == "" && len(leaf.OCSPServer) > 0 {
		url = leaf.OCSPServer[0]
	}
	if url == "" {
		return nil, errors.New("the certificate names no responder")
	}
	question, err := ocsp.CreateRequest(leaf, issuer, nil)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(question))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/ocsp-request")
	said, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer said.Body.Close()
	body, err := io.ReadAll(io.LimitReader(said.Body, maxAnswer))
	if err == nil && said.StatusCode != http.StatusOK {
		err = fmt.Errorf("the responder answers %s", said.Status)
	}
	if err != nil {
		return nil, err
	}
	return ocsp.ParseResponseForCert(body, leaf, issuer)
}

// staple reads the OCSP response that is handed out with the certificate. One that
// is out of date or speaks of another certificate is an error.
func (p Pair) staple(c *tls.Certificate) ([]byte, error) {
	b, err := readFile("OCSP response", p.Staple)
	if err != nil {
		return nil, err
	}
	var issuer *x509.Certificate
	if len(c.Certificate) > 1 {
		if issuer, err = x509.ParseCertificate(c.Certificate[1]); err != nil {
			return nil, fault.Wrap(fault.Invalid, "certs", err, "The chain in %s cannot be read: %v.", p.Certificate, err)
		}
	}
	if _, err := ocsp.ParseResponseForCert(b, c.Leaf, issuer); err != nil {
		return nil, fault.Wrap(fault.Invalid, "certs", err, "The OCSP response %s is not one for %s: %v.", p.Staple, p.Certificate, err)
	}
	return b, nil
}
