package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"maps"
	"os"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// stamp tells whether a file has changed.
type stamp struct {
	modified time.Time
	size     int64
}

func same(a, b map[string]stamp) bool { return maps.Equal(a, b) }

// stat looks at every file of the settings. One that is not there has no stamp.
func (s *Store) stat() map[string]stamp {
	all := map[string]stamp{}
	for _, path := range s.o.files() {
		if info, err := os.Stat(path); err == nil {
			all[path] = stamp{info.ModTime(), info.Size()}
		}
	}
	return all
}

func (o *Options) files() (all []string) {
	for _, p := range o.Pairs {
		all = append(all, p.Certificate, p.Key)
		if p.Staple != "" {
			all = append(all, p.Staple)
		}
	}
	return append(append(all, o.ClientCA...), o.RevocationLists...)
}

func readFile(what, path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		cause := err
		if at := new(fs.PathError); errors.As(err, &at) {
			cause = at.Err
		}
		return nil, fault.Wrap(fault.Invalid, "certs", err, "The %s %s cannot be read: %v.", what, path, cause)
	}
	return b, nil
}

// load reads the pair. A key that does not belong to the certificate is an error.
func (p Pair) load() (c tls.Certificate, err error) {
	chain, err := readFile("certificate", p.Certificate)
	if err != nil {
		return c, err
	}
	key, err := readFile("key", p.Key)
	if err != nil {
		return c, err
	}
	if c, err = tls.X509KeyPair(chain, key); err != nil {
		return c, fault.Wrap(fault.Invalid, "certs", err, "The certificate %s and the key %s cannot be used together: %v.", p.Certificate, p.Key, err)
	}
	if p.Staple != "" {
		c.OCSPStaple, err = p.staple(&c)
	}
	return c, err
}

// readAuthorities reads PEM files with one certificate each or more.
func readAuthorities(paths []string) (all []*x509.Certificate, err error) {
	for _, path := range paths {
		rest, err := readFile("client CA", path)
		if err != nil {
			return nil, err
		}
		before := len(all)
		for block := (*pem.Block)(nil); ; {
			if block, rest = pem.Decode(rest); block == nil {
				break
			}
			if block.Type != "CERTIFICATE" {
				continue
			}
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, fault.Wrap(fault.Invalid, "certs", err, "The client CA %s holds a certificate that cannot be read: %v.", path, err)
			}
			all = append(all, c)
		}
		if len(all) == before {
			return nil, fault.New(fault.Invalid, "The client CA %s holds no certificate in PEM.", path)
		}
	}
	return all, nil
}

// derBlocks are the contents of a file in PEM, or the file itself.
func derBlocks(b []byte) (all [][]byte) {
	if !bytes.Contains(b, []byte("-----BEGIN")) {
		return [][]byte{b}
	}
	for {
		block, rest := pem.Decode(b)
		if block == nil {
			return all
		}
		all, b = append(all, block.Bytes), rest
	}
}
