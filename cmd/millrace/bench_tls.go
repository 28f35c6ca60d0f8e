package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"github.com/spf13/pflag"
)

// benchTLS is how millrace bench secures its connections.
type benchTLS struct {
	on, insecure          bool
	caFile, cert, key, as string
}

func (t *benchTLS) bind(flags *pflag.FlagSet) {
	flags.BoolVar(&t.on, "tls", false, "TLS; each connection makes a full handshake")
	flags.StringVar(&t.caFile, "cafile", "", "`file` of certificates to trust, PEM; implies --tls")
	flags.StringVar(&t.cert, "cert", "", "`file` of the clients' certificate, PEM; needs --key")
	flags.StringVar(&t.key, "key", "", "`file` of its private key, PEM")
	flags.StringVar(&t.as, "server-name", "", "`name` that the broker's certificate has to bear (default the address's host)")
	flags.BoolVar(&t.insecure, "insecure", false, "take any certificate of the broker; implies --tls")
}

// config is nil when TLS is not asked for.
func (t *benchTLS) config() (*tls.Config, error) {
	if !t.on && t.caFile == "" && !t.insecure {
		if t.cert != "" || t.key != "" || t.as != "" {
			return nil, usage("--cert, --key and --server-name are for --tls")
		}
		return nil, nil
	}
	c := &tls.Config{InsecureSkipVerify: t.insecure, ServerName: t.as}
	if t.caFile != "" {
		text, err := os.ReadFile(t.caFile)
		if err != nil {
			return nil, fmt.Errorf("--cafile: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, usage("--cafile %s: no certificate in PEM", t.caFile)
		}
	}
	if (t.cert == "") != (t.key == "") {
		return nil, usage("--cert and --key go together")
	}
	if t.cert != "" {
		pair, err := tls.LoadX509KeyPair(t.cert, t.key)
		if err != nil {
			return nil, fmt.Errorf("--cert, --key: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
