// Package pki makes certificate authorities, certificates and revocation lists for
// tests: real ones, small and quick.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// Authority signs certificates.
type Authority struct {
	Certificate *x509.Certificate
	Key         *ecdsa.PrivateKey
}

// Leaf is a signed certificate with its key.
type Leaf struct {
	Certificate *x509.Certificate
	Key         *ecdsa.PrivateKey
}

var serial atomic.Int64

func template(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(1000 + serial.Add(1)), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
}

func sign(t testing.TB, c, parent *x509.Certificate, by *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if by == nil {
		by = key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	c, err = x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c, key
}

// New makes an authority.
func New(t testing.TB, name string) *Authority {
	t.Helper()
	c := template(name)
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	a := new(Authority)
	a.Certificate, a.Key = sign(t, c, c, nil)
	return a
}

// Server signs a server's certificate for 127.0.0.1 and the names; the first is its
// common name. change may alter it before.
func (a *Authority) Server(t testing.TB, change func(*x509.Certificate), names ...string) *Leaf {
	t.Helper()
	c := template(names[0])
	c.DNSNames, c.IPAddresses = names, []net.IP{net.IPv4(127, 0, 0, 1)}
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	return a.leaf(t, c, change)
}

// Client signs a client's certificate; change may alter it before.
func (a *Authority) Client(t testing.TB, change func(*x509.Certificate), name string) *Leaf {
	t.Helper()
	c := template(name)
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return a.leaf(t, c, change)
}

func (a *Authority) leaf(t testing.TB, c *x509.Certificate, change func(*x509.Certificate)) *Leaf {
	t.Helper()
	if change != nil {
		change(c)
	}
	l := new(Leaf)
	l.Certificate, l.Key = sign(t, c, a.Certificate, a.Key)
	return l
}

// Revoke makes a revocation list, in DER, that ends at next.
func (a *Authority) Revoke(t testing.TB, next time.Time, revoked ...*Leaf) []byte {
	t.Helper()
	list := &x509.RevocationList{Number: big.NewInt(serial.Add(1)), ThisUpdate: time.Now().Add(-time.Minute), NextUpdate: next}
	for _, l := range revoked {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: l.Certificate.SerialNumber, RevocationTime: time.Now()})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, a.Certificate, a.Key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// Pool holds the authority.
func (a *Authority) Pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.Certificate)
	return p
}

// TLS is the certificate as crypto/tls takes it.
func (l *Leaf) TLS() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{l.Certificate.Raw}, PrivateKey: l.Key, Leaf: l.Certificate}
}

// Write puts blocks of PEM into a file and returns its name. A file that is there
// is replaced at once.
func Write(t testing.TB, path, kind string, ders ...[]byte) string {
	t.Helper()
	var b []byte
	for _, der := range ders {
		b = append(b, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})...)
	}
	if err := os.WriteFile(path+".new", b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	return path
}

// File writes the authority into the folder.
func (a *Authority) File(t testing.TB, dir string) string {
	t.Helper()
	return Write(t, filepath.Join(dir, a.Certificate.Subject.CommonName+".crt"), "CERTIFICATE", a.Certificate.Raw)
}

// Files writes the certificate and its key into the folder.
func (l *Leaf) Files(t testing.TB, dir string) (certificate, key string) {
	t.Helper()
	der, err := x509.MarshalECPrivateKey(l.Key)
	if err != nil {
		t.Fatal(err)
	}
	base := filepath.Join(dir, l.Certificate.Subject.CommonName)
	return Write(t, base+".crt", "CERTIFICATE", l.Certificate.Raw), Write(t, base+".key", "EC PRIVATE KEY", der)
}
