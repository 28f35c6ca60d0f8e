package doctor

import (
	"cmp"
	"crypto/x509"
	"errors"
	"strings"
	"time"
)

// soon is how long before its end a certificate is spoken of; of a short-lived one it
// is a quarter of its life.
const soon = 21 * 24 * time.Hour

func (f *Facts) tls(l *list) {
	t := f.TLS
	if !f.Target.TLS {
		return
	}
	switch {
	case t == nil:
		l.skipped("tls", "not looked at")
	case f.Speaks != Unknown && t.Trouble != None && len(t.Peers) == 0:
		f.stranger(l, "tls")
	case t.Trouble != None && t.Alert != "":
		f.alerted(l)
	case t.Trouble != None:
		l.fail("tls", "Check that this is the TLS port, and what stands between: a proxy or firewall that does not let TLS through looks like this.", "no handshake: %s", cmp.Or(t.Err, string(t.Trouble)))
	default:
		l.ok("tls", "%s, %s (%s)", t.Version, t.Cipher, span(t.Took))
		f.certificates(l)
		f.ownCertificate(l)
	}
}

// alerted names what the peer said when it refused the handshake.
func (f *Facts) alerted(l *list) {
	switch a := f.TLS.Alert; {
	case ofCertificate(a), f.TLS.Asked && !f.Target.Certificate: // TLS 1.2 speaks of a handshake failure only
		f.ownCertificate(l)
	case strings.Contains(a, "protocol version"):
		l.fail("tls", "The two share no version of TLS. This program speaks 1.2 and 1.3; the broker's listener sets tls_min and tls_max.", "the broker refuses the version of TLS: %s", a)
	case strings.Contains(a, "unrecognized name"):
		l.fail("tls", "The broker has no certificate for this name. Use one of its names, or --server-name.", "the broker does not know the name %s: %s", f.ServerName(), a)
	case strings.Contains(a, "handshake failure"):
		l.fail("tls", "The two share no cipher suite or curve, or the broker wants a client certificate (--cert, --key).", "the broker refuses the handshake: %s", a)
	default:
		l.fail("tls", "The broker's log has its side of it.", "the broker refuses the handshake: %s", a)
	}
}

// ofCertificate says whether an alert is about the client's certificate.
func ofCertificate(alert string) bool {
	return strings.Contains(alert, "certificate")
}

// ownCertificate judges what the broker wants to see of us.
func (f *Facts) ownCertificate(l *list) {
	const check = "client certificate"
	switch t := f.TLS; {
	case (ofCertificate(t.Alert) || t.Alert != "" && t.Asked) && !f.Target.Certificate:
		l.fail(check, "Give the client a certificate that an authority the broker trusts has signed (--cert, --key).", "the broker wants one, and none was given: %s", t.Alert)
	case ofCertificate(t.Alert):
		l.fail(check, certificateAdvice(t.Alert), "the broker does not take ours: %s", t.Alert)
	case t.Asked && f.Target.Certificate:
		l.ok(check, "asked for and shown")
	case t.Asked:
		l.ok(check, "asked for, not given; the handshake went on without")
	case f.Target.Certificate:
		l.warn(check, "The listener has client_certificate: none; the user name decides there.", "the broker does not ask for the one that was given")
	}
}

func certificateAdvice(alert string) string {
	switch {
	case strings.Contains(alert, "unknown certificate authority"):
		return "The broker does not know who signed it: add that authority to the listener's client_ca_files, and send intermediates along in --cert."
	case strings.Contains(alert, "expired"):
		return "It has expired, or a clock is wrong. Renew it."
	case strings.Contains(alert, "revoked"):
		return "It is on a revocation list. Issue a new one."
	}
	return "Check that it is for client authentication, has not expired or been revoked, and that the broker's client_ca_files hold its authority."
}

// ServerName is what the broker's certificate has to bear.
func (f *Facts) ServerName() string { return cmp.Or(f.Target.ServerName, f.Target.Host) }

// certificates judges name, dates and chain apart, so that each shows.
func (f *Facts) certificates(l *list) {
	if len(f.TLS.Peers) == 0 {
		l.fail("certificate", "", "the broker shows none")
		return
	}
	bad := l.fail
	if f.Target.Insecure {
		bad = l.warn
	}
	leaf := f.TLS.Peers[0]
	if err := leaf.VerifyHostname(f.ServerName()); err != nil {
		bad("certificate name", "Connect by one of its names, or have the broker's certificate name this one (subjectAltName). --server-name compares with another.",
			"it is for %s, not for %s", namesOf(leaf), f.ServerName())
	} else {
		l.ok("certificate name", "it is for %s", namesOf(leaf))
	}
	f.dates(l, bad, leaf)
	f.chain(l, bad, leaf)
}

// Trusted says whether what the broker has shown of itself stands: only then is it told
// a password.
func (f *Facts) Trusted() bool {
	l := &list{}
	f.certificates(l)
	return !l.failed()
}

func namesOf(c *x509.Certificate) string {
	names := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return "no name at all (only CN=" + c.Subject.CommonName + ", which clients no longer look at)"
	}
	return strings.Join(names, ", ")
}

type judgement = func(check, advice, saw string, args ...any)

func (f *Facts) dates(l *list, bad judgement, leaf *x509.Certificate) {
	const check = "certificate dates"
	left := leaf.NotAfter.Sub(f.Now)
	switch {
	case f.Now.Before(leaf.NotBefore):
		bad(check, "A clock is wrong: this machine's, or that of whoever signed it. Set it right (NTP).", "it is not valid before %s, and here it is %s", stamp(leaf.NotBefore), stamp(f.Now))
	case left <= 0:
		bad(check, "Renew the broker's certificate. If that date has not come, this machine's clock is wrong.", "it has expired at %s, %s ago", stamp(leaf.NotAfter), span(-left))
	case left < min(soon, leaf.NotAfter.Sub(leaf.NotBefore)/4):
		l.warn(check, "Renew it in time; a Millrace node reads new files by itself.", "it expires at %s, in %s", stamp(leaf.NotAfter), span(left))
	default:
		l.ok(check, "valid until %s, %s", stamp(leaf.NotAfter), span(left))
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// chain verifies with the first certificate's dates put aside: they are said once.
func (f *Facts) chain(l *list, bad judgement, leaf *x509.Certificate) {
	const check = "certificate chain"
	dateless := *leaf
	dateless.NotBefore, dateless.NotAfter = f.Now, f.Now
	between := x509.NewCertPool()
	for _, c := range f.TLS.Peers[1:] {
		between.AddCert(c)
	}
	_, err := dateless.Verify(x509.VerifyOptions{Roots: f.Target.Roots, Intermediates: between, CurrentTime: f.Now})
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	last := f.TLS.Peers[len(f.TLS.Peers)-1]
	switch {
	case err == nil:
		l.ok(check, "signed by %s, which is trusted here", leaf.Issuer)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		bad(check, "An authority or intermediate certificate has expired: renew it, at the broker or in --cafile.", "%v", err)
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		bad(check, "Issue the broker's certificate with extendedKeyUsage serverAuth.", "it is not for servers")
	case errors.As(err, &unknown) && leaf.Subject.String() == leaf.Issuer.String():
		bad(check, "Trust it by itself with --cafile, or better have an authority sign it.", "it is signed by itself (%s), and not trusted here", leaf.Subject)
	case errors.As(err, &unknown):
		bad(check, "Trust that authority with --cafile. If it is an intermediate, the broker has to send it along: put it into the certificate's file behind the server's own.",
			"signed by %s, which is not trusted here; the broker sends %s", last.Issuer, count(len(f.TLS.Peers), "certificate"))
	default:
		bad(check, "Check the broker's certificate file.", "%v", err)
	}
}
