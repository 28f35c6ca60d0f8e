package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/millrace/millrace/internal/doctor"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/wsclient"
)

// closed says whether the peer has hung up.
func closed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		fault.PeerGone(err)
}

// open opens a connection with all its layers, and writes down what it sees of them.
// It is nil where a layer did not come about. The caller closes it.
func (p *probe) open(ctx context.Context) net.Conn {
	ctx, cancel := p.step(ctx)
	defer cancel()
	conn, err := p.connection(ctx)
	if err != nil {
		p.f.Connects = append(p.f.Connects, doctor.Connect{Version: p.Target.Version, Trouble: trouble(err), Err: plain(err)})
		return nil
	}
	_ = conn.SetDeadline(deadline(ctx))
	if p.Target.TLS {
		if conn = p.secure(ctx, conn); conn == nil {
			return nil
		}
	}
	if p.Target.WebSocket {
		if conn = p.upgrade(conn); conn == nil {
			return nil
		}
	}
	return conn
}

func deadline(ctx context.Context) time.Time {
	at, _ := ctx.Deadline()
	return at
}

// secure shakes hands without trust: whom to trust is judged of what is seen. It is nil
// where that fails, and where the peer is not to be trusted with a password.
func (p *probe) secure(ctx context.Context, conn net.Conn) net.Conn {
	seen := &doctor.TLS{}
	p.f.TLS = seen
	client := tls.Client(conn, p.tlsConfig(seen))
	began := time.Now()
	err := client.HandshakeContext(ctx)
	seen.Took = time.Since(began)
	if err != nil {
		defer conn.Close()
		seen.Trouble, seen.Err, seen.Alert = trouble(err), err.Error(), alert(err)
		return nil
	}
	state := client.ConnectionState()
	seen.Version, seen.Cipher = tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite)
	if !p.Target.Insecure && !p.f.Trusted() {
		defer client.Close()
		return nil
	}
	return client
}

func (p *probe) tlsConfig(seen *doctor.TLS) *tls.Config {
	return &tls.Config{
		ServerName: p.f.ServerName(), InsecureSkipVerify: true, MinVersion: tls.VersionTLS12,
		VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
			for _, der := range raw {
				if c, err := x509.ParseCertificate(der); err == nil {
					seen.Peers = append(seen.Peers, c)
				}
			}
			return nil
		},
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			seen.Asked = true
			if len(p.Certificates) > 0 {
				return &p.Certificates[0], nil
			}
			return new(tls.Certificate), nil
		},
	}
}

// alert is what the peer said to end TLS; empty when it did not.
func alert(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		return strings.TrimPrefix(op.Err.Error(), "tls: ")
	}
	return ""
}

func (p *probe) upgrade(conn net.Conn) net.Conn {
	seen := &doctor.WebSocket{}
	p.f.WebSocket = seen
	asked := time.Now()
	ws, answer, err := wsclient.Open(conn, p.Target.Address(), p.Target.Path)
	if answer != nil {
		seen.Status, seen.Location, seen.Subprotocol = answer.StatusCode, answer.Header.Get("Location"), answer.Header.Get("Sec-WebSocket-Protocol")
		p.dated(answer, asked)
	}
	if err != nil {
		defer conn.Close()
		seen.Trouble, seen.Err = trouble(err), err.Error()
		p.afterwards(err)
		return nil
	}
	return ws
}

// dated takes the peer's clock from an HTTP answer, which tells whole seconds.
func (p *probe) dated(answer *http.Response, asked time.Time) {
	theirs, err := http.ParseTime(answer.Header.Get("Date"))
	if err == nil {
		ours := time.Now()
		p.f.Dated = &doctor.Clock{Theirs: theirs, Ours: ours, Doubt: time.Second + ours.Sub(asked)}
	}
}

// afterwards notes an alert that came when the handshake seemed done: TLS 1.3 refuses a
// client's certificate so.
func (p *probe) afterwards(err error) {
	if a := alert(err); a != "" && p.f.TLS != nil {
		p.f.TLS.Alert = a
	}
}
