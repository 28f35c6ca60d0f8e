package listener

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/millrace/millrace/internal/broker/certs"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/testkit"
	"github.com/millrace/millrace/internal/testkit/pki"
)

// entrance is a listener whose arrivals and refusals a test awaits.
type entrance struct {
	*Listener
	arrived chan Arrival
	refused chan error
}

func open(t *testing.T, o Options) *entrance {
	t.Helper()
	e := &entrance{arrived: make(chan Arrival, 100), refused: make(chan error, 100)}
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	o.Accept = func(a Arrival) { e.arrived <- a }
	o.Refused = func(err error, _ net.Addr) { e.refused <- err }
	var err error
	if e.Listener, err = New(o); err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		e.Close()
		for len(e.arrived) > 0 {
			_ = (<-e.arrived).Conn.Close()
		}
	})
	return e
}

func (e *entrance) dial(t *testing.T) net.Conn {
	t.Helper()
	nc, err := net.Dial(e.Addr().Network(), e.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
	t.Cleanup(func() { _ = nc.Close() })
	return nc
}

const patient = 20 * time.Second

func (e *entrance) arrival(t *testing.T) Arrival {
	t.Helper()
	select {
	case a := <-e.arrived:
		t.Cleanup(func() { _ = a.Conn.Close() })
		return a
	case err := <-e.refused:
		t.Fatalf("refused: %v", err)
	case <-time.After(patient):
		t.Fatal("nobody arrives")
	}
	return Arrival{}
}

func (e *entrance) refusal(t *testing.T, want fault.Code) {
	t.Helper()
	select {
	case err := <-e.refused:
		if fault.CodeOf(err) != want {
			t.Fatalf("refused: %v, want %v", err, want)
		}
	case <-e.arrived:
		t.Fatalf("let in, want %v", want)
	case <-time.After(patient):
		t.Fatalf("nobody is refused, want %v", want)
	}
}

// shake is the client's side of a handshake; in TLS 1.3 a refusal is heard with the
// first bytes only.
func (e *entrance) shake(t *testing.T, c *tls.Config) (*tls.Conn, error) {
	t.Helper()
	nc := tls.Client(e.dial(t), c)
	err := nc.Handshake()
	return nc, err
}

// plant is an authority with the files of a server's certificate.
type plant struct {
	*pki.Authority
	dir  string
	pair certs.Pair
}

func newPlant(t *testing.T) *plant {
	t.Helper()
	p := &plant{Authority: pki.New(t, "Plant CA"), dir: t.TempDir()}
	p.pair.Certificate, p.pair.Key = p.Server(t, nil, "localhost").Files(t, p.dir)
	return p
}

func (p *plant) options(t *testing.T, change func(*certs.Options)) Options {
	t.Helper()
	o := &certs.Options{Pairs: []certs.Pair{p.pair}, ClientCA: []string{p.File(t, p.dir)}, ClientAuth: certs.RequiredCertificate}
	if change != nil {
		change(o)
	}
	return Options{TLS: o}
}

func (p *plant) client(l *pki.Leaf) *tls.Config {
	c := &tls.Config{RootCAs: p.Pool(), ServerName: "localhost"}
	if l != nil {
		c.Certificates = []tls.Certificate{l.TLS()}
	}
	return c
}

func TestWhomTLSLetsIn(t *testing.T) {
	p, stranger := newPlant(t), pki.New(t, "Plant CA")
	good := p.Client(t, nil, "press-7")
	for _, c := range []struct {
		says    string
		change  func(*certs.Options)
		client  func(*tls.Config)
		leaf    *pki.Leaf
		refused fault.Code // 0: let in
	}{
		{"a good certificate", nil, nil, good, 0},
		{"a good certificate, TLS 1.2", nil, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, good, 0},
		{"none where one is required", nil, nil, nil, fault.TLS},
		{"none where one is optional", func(o *certs.Options) { o.ClientAuth = certs.OptionalCertificate }, nil, nil, 0},
		{"a bad one where one is optional", func(o *certs.Options) { o.ClientAuth = certs.OptionalCertificate }, nil, stranger.Client(t, nil, "press-7"), fault.TLS},
		{"of another authority", nil, nil, stranger.Client(t, nil, "press-7"), fault.TLS},
		{"an expired one", nil, nil, p.Client(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, "press-7"), fault.TLS},
		{"one of a server", nil, nil, p.Server(t, nil, "press-7"), fault.TLS},
		{"TLS 1.1", nil, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS11, tls.VersionTLS11 }, good, fault.TLS},
		{"TLS 1.2 where 1.3 is the least", func(o *certs.Options) { o.MinVersion = tls.VersionTLS13 }, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, good, fault.TLS},
		{"TLS 1.3 where 1.2 is the most", func(o *certs.Options) { o.MaxVersion = tls.VersionTLS12 }, func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 }, good, fault.TLS},
		{"a weak cipher", func(o *certs.Options) { o.Ciphers = certs.ModernCiphers }, cbc, good, fault.TLS},
		{"a weak cipher for old devices", func(o *certs.Options) { o.Ciphers = certs.CompatibleCiphers }, cbc, good, 0},
		{"a revoked one", revoked(t, p, good, time.Hour), nil, good, fault.ClientCertificate},
		{"a revoked one, TLS 1.2", revoked(t, p, good, time.Hour), func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, good, fault.ClientCertificate},
		{"one that is not on the list", revoked(t, p, good, time.Hour), nil, p.Client(t, nil, "press-8"), 0},
		{"a list that is out of date", revoked(t, p, good, -time.Second), nil, p.Client(t, nil, "press-8"), fault.ClientCertificate},
	} {
		t.Run(c.says, func(t *testing.T) {
			e := open(t, p.options(t, c.change))
			config := p.client(c.leaf)
			if c.client != nil {
				c.client(config)
			}
			nc, err := e.shake(t, config)
			if c.refused == 0 {
				a := e.arrival(t)
				if c.leaf != nil && a.Secure.State().PeerCertificates[0].Subject.CommonName != c.leaf.Certificate.Subject.CommonName {
					t.Error("another name")
				}
				return
			}
			if err == nil {
				_, err = nc.Read(make([]byte, 1))
			}
			if err == nil {
				t.Error("the client hears nothing")
			}
			e.refusal(t, c.refused)
			if e.Counts().HandshakesFailed.Load() != 1 || e.Open() != 0 {
				t.Errorf("%d failed, %d open", e.Counts().HandshakesFailed.Load(), e.Open())
			}
		})
	}
}

func cbc(c *tls.Config) {
	c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}
}

func revoked(t *testing.T, p *plant, l *pki.Leaf, lasts time.Duration) func(*certs.Options) {
	return func(o *certs.Options) {
		path := filepath.Join(t.TempDir(), "crl")
		o.RevocationLists = []string{pki.Write(t, path, "X509 CRL", p.Revoke(t, time.Now().Add(lasts), l))}
	}
}

func TestTheServerShowsTheCertificateThatIsAskedFor(t *testing.T) {
	p := newPlant(t)
	other := certs.Pair{}
	other.Certificate, other.Key = p.Server(t, nil, "line-2.example").Files(t, p.dir)
	e := open(t, p.options(t, func(o *certs.Options) {
		o.Pairs, o.ClientAuth = append(o.Pairs, other), certs.NoCertificate
	}))
	for _, name := range []string{"localhost", "line-2.example"} {
		nc, err := e.shake(t, &tls.Config{RootCAs: p.Pool(), ServerName: name})
		if err != nil {
			t.Fatal(err)
		}
		if got := nc.ConnectionState().PeerCertificates[0].Subject.CommonName; got != name {
			t.Errorf("%s shown to who asks for %s", got, name)
		}
		if got := e.arrival(t).Secure.State().ServerName; got != name {
			t.Errorf("the server heard %q", got)
		}
	}
}

func TestFilesChangeWhileClientsStay(t *testing.T) {
	p, next := newPlant(t), pki.New(t, "Next CA")
	old := p.Client(t, nil, "press-7")
	authorities := p.File(t, p.dir)
	e := open(t, p.options(t, func(o *certs.Options) { o.ClientCA = []string{authorities} }))
	stays, err := e.shake(t, p.client(old))
	if err != nil {
		t.Fatal(err)
	}
	server := e.arrival(t)

	// Half a change is none: the certificate is new, the key is not yet.
	renewed := next.Server(t, nil, "localhost")
	pki.Write(t, p.pair.Certificate, "CERTIFICATE", renewed.Certificate.Raw)
	if err := e.Certificates().Reload(); fault.CodeOf(err) != fault.Invalid || e.Certificates().State().Failed == nil {
		t.Fatalf("half a change: %v", err)
	}
	if _, err := e.shake(t, p.client(old)); err != nil {
		t.Fatal("the files before are not in force:", err)
	}
	e.arrival(t)

	renewed.Files(t, p.dir)
	pki.Write(t, authorities, "CERTIFICATE", next.Certificate.Raw)
	if err := e.Certificates().Reload(); err != nil || e.Certificates().State().Failed != nil {
		t.Fatal(err)
	}
	trusting := p.client(next.Client(t, nil, "press-8"))
	trusting.RootCAs = next.Pool()
	if _, err := e.shake(t, trusting); err != nil {
		t.Fatal(err)
	}
	e.arrival(t)
	trusting.Certificates = []tls.Certificate{old.TLS()}
	if nc, err := e.shake(t, trusting); err == nil {
		_, _ = nc.Read(make([]byte, 1))
	}
	e.refusal(t, fault.TLS)

	if _, err := stays.Write([]byte("still here")); err != nil {
		t.Fatal(err)
	}
	wire := make([]byte, 1000)
	n, err := server.Conn.Read(wire)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := server.Secure.Decode(nil, wire[:n]); err != nil || string(got) != "still here" {
		t.Fatalf("%q, %v", got, err)
	}
}

// TestATicketOpensNoDoorThatIsShut resumes a session whose certificate was revoked
// meanwhile.
func TestATicketOpensNoDoorThatIsShut(t *testing.T) {
	p := newPlant(t)
	leaf := p.Client(t, nil, "press-7")
	list := pki.Write(t, filepath.Join(p.dir, "crl"), "X509 CRL", p.Revoke(t, time.Now().Add(time.Hour)))
	e := open(t, p.options(t, func(o *certs.Options) { o.RevocationLists = []string{list}; o.MaxVersion = tls.VersionTLS12 }))
	config := p.client(leaf)
	config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	for i := range 2 {
		nc, err := e.shake(t, config)
		if err != nil {
			t.Fatal(err)
		}
		if e.arrival(t); nc.ConnectionState().DidResume != (i == 1) {
			t.Fatalf("handshake %d: resumed is %v", i, nc.ConnectionState().DidResume)
		}
	}
	pki.Write(t, list, "X509 CRL", p.Revoke(t, time.Now().Add(time.Hour), leaf))
	if err := e.Certificates().Reload(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.shake(t, config); err == nil {
		t.Error("let in")
	}
	e.refusal(t, fault.ClientCertificate)
}

// responder is an OCSP responder.
type responder struct {
	*httptest.Server
	status atomic.Int64
	asked  atomic.Int64
}

func respond(t *testing.T, a *pki.Authority) *responder {
	r := &responder{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.asked.Add(1)
		body, _ := io.ReadAll(q.Body)
		question, err := ocsp.ParseRequest(body)
		if err != nil || r.status.Load() < 0 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(answerOf(t, a, a.Certificate, a.Key, ocsp.Response{SerialNumber: question.SerialNumber, Status: int(r.status.Load())}))
	}))
	t.Cleanup(r.Close)
	return r
}

func answerOf(t *testing.T, a *pki.Authority, by *x509.Certificate, key *ecdsa.PrivateKey, r ocsp.Response) []byte {
	r.ThisUpdate, r.NextUpdate, r.RevokedAt = time.Now().Add(-time.Minute), time.Now().Add(time.Hour), time.Now().Add(-time.Minute)
	b, err := ocsp.CreateResponse(a.Certificate, by, r, key)
	if err != nil {
		t.Error(err)
	}
	return b
}

func TestRespondersAreAsked(t *testing.T) {
	p := newPlant(t)
	for _, c := range []struct {
		says    string
		mode    certs.OCSPMode
		status  int64
		refused fault.Code
	}{
		{"good", certs.OCSPHard, ocsp.Good, 0},
		{"revoked", certs.OCSPHard, ocsp.Revoked, fault.ClientCertificate},
		{"revoked, soft", certs.OCSPSoft, ocsp.Revoked, fault.ClientCertificate},
		{"not known", certs.OCSPHard, ocsp.Unknown, fault.ClientCertificate},
		{"out of order", certs.OCSPHard, -1, fault.ClientCertificate},
		{"out of order, soft", certs.OCSPSoft, -1, 0},
		{"not asked", certs.OCSPOff, ocsp.Revoked, 0},
	} {
		t.Run(c.says, func(t *testing.T) {
			r := respond(t, p.Authority)
			r.status.Store(c.status)
			leaf := p.Client(t, func(c *x509.Certificate) { c.OCSPServer = []string{r.URL} }, "press-7")
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			e := open(t, p.options(t, func(o *certs.Options) { o.OCSP, o.HTTP = c.mode, client }))
			for range 3 { // one answer is enough for all of them
				if nc, err := e.shake(t, p.client(leaf)); err == nil && c.refused != 0 {
					_, _ = nc.Read(make([]byte, 1))
				}
				if c.refused == 0 {
					e.arrival(t)
				} else {
					e.refusal(t, c.refused)
				}
			}
			if want := int64(1); c.mode != certs.OCSPOff && r.asked.Load() != want {
				t.Errorf("asked %d times", r.asked.Load())
			}
		})
	}
}

func TestAnOCSPResponseIsStapled(t *testing.T) {
	p := newPlant(t)
	leaf := p.Server(t, nil, "localhost")
	p.pair.Certificate, p.pair.Key = leaf.Files(t, p.dir)
	pki.Write(t, p.pair.Certificate, "CERTIFICATE", leaf.Certificate.Raw, p.Certificate.Raw)
	p.pair.Staple = filepath.Join(p.dir, "staple")
	pki.Write(t, p.pair.Staple, "not DER")
	if _, err := New(Options{Accept: func(Arrival) {}, TLS: p.options(t, nil).TLS}); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a staple that is none: %v", err)
	}
	writeBytes(t, p.pair.Staple, answerOf(t, p.Authority, p.Certificate, p.Key, ocsp.Response{SerialNumber: leaf.Certificate.SerialNumber}))
	e := open(t, p.options(t, func(o *certs.Options) { o.Pairs, o.ClientAuth = []certs.Pair{p.pair}, certs.NoCertificate }))
	nc, err := e.shake(t, p.client(nil))
	if err != nil || len(nc.ConnectionState().OCSPResponse) == 0 {
		t.Fatal("nothing is stapled", err)
	}
	e.arrival(t)
}

func TestAHandshakeThatTakesTooLong(t *testing.T) {
	p := newPlant(t)
	o := p.options(t, nil)
	o.HandshakeTimeout = 50 * time.Millisecond
	e := open(t, o)
	for _, says := range []string{"", "\x16\x03\x01\x02\x00\x01"} {
		nc := e.dial(t)
		if _, err := io.WriteString(nc, says); err != nil {
			t.Fatal(err)
		}
		e.refusal(t, fault.HandshakeTimeout)
		if _, err := nc.Read(make([]byte, 1)); err == nil {
			t.Error("not closed")
		}
	}
}

func TestWhatIsNoTLSAtAll(t *testing.T) {
	e := open(t, newPlant(t).options(t, nil))
	for _, says := range []string{"\x10\x0c\x00\x04MQTT\x04\x02\x00\x00\x00\x00", "GET / HTTP/1.1\r\n\r\n", "\x80\x2e\x01\x00\x02\x00"} {
		if _, err := io.WriteString(e.dial(t), says); err != nil {
			t.Fatal(err)
		}
		e.refusal(t, fault.TLS)
	}
}

// TestSlowHandshakesGiveWay fills every place with clients that say nothing.
func TestSlowHandshakesGiveWay(t *testing.T) {
	p := newPlant(t)
	o := p.options(t, func(o *certs.Options) { o.ClientAuth = certs.NoCertificate })
	o.Handshakes = 2
	e := open(t, o)
	for range 2 {
		e.dial(t)
	}
	if _, err := e.shake(t, p.client(nil)); err != nil {
		t.Fatal(err)
	}
	e.refusal(t, fault.HandshakeTimeout)
	e.arrival(t)
}

// What is kept of PROXY headers that are not whole is bounded by the places there are: whoever
// comes beyond them is not read, and gets in when one is left.
func TestHalfProxyHeadersTakePlaces(t *testing.T) {
	const places, head = 2, "\r\n\r\n\x00\r\nQUIT\n\x21\x11"
	e := open(t, Options{ProxyProtocol: true, Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Handshakes: places})
	if _, err := io.WriteString(e.dial(t), head+"\x10\x01"); err != nil { // a byte too many
		t.Fatal(err)
	}
	e.refusal(t, fault.ProxyHeader)
	var first net.Conn
	for range places {
		first = e.dial(t)
		if _, err := io.WriteString(first, head+"\x10\x00"+strings.Repeat("x", 2000)); err != nil {
			t.Fatal(err)
		}
	}
	taken := func() int {
		e.shakes.mu.Lock()
		defer e.shakes.mu.Unlock()
		return len(e.shakes.under)
	}
	testkit.Eventually(t, func() bool { return taken() == places }, "every place to be taken")
	if _, err := io.WriteString(e.dial(t), "PROXY TCP4 203.0.113.9 10.0.0.1 4711 1883\r\n"); err != nil {
		t.Fatal(err)
	}
	_ = first.Close()
	e.refusal(t, fault.ProxyHeader)
	if a := e.arrival(t); a.Remote.String() != "203.0.113.9:4711" {
		t.Error(a.Remote)
	}
	testkit.Eventually(t, func() bool { return taken() == places-1 }, "one place to be taken")
}

func TestClosingEndsHandshakes(t *testing.T) {
	e := open(t, newPlant(t).options(t, nil))
	nc := e.dial(t)
	testkit.Eventually(t, func() bool { return e.Counts().Accepted.Load() > 0 }, "the connection")
	e.Close()
	if _, err := nc.Read(make([]byte, 1)); err == nil || errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if err := e.Start(t.Context()); err != nil { // and it opens again, at the same place
		t.Fatal(err)
	}
	e.dial(t)
}

func TestAProxySpeaksForClients(t *testing.T) {
	p := newPlant(t)
	here := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	o := p.options(t, func(o *certs.Options) { o.ClientAuth = certs.NoCertificate })
	o.ProxyProtocol, o.Proxies = true, here
	e := open(t, o)
	nc := e.dial(t)
	if _, err := io.WriteString(nc, "PROXY TCP4 203.0.113.9 10.0.0.1 4711 1883\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := tls.Client(nc, p.client(nil)).Handshake(); err != nil {
		t.Fatal(err)
	}
	if a := e.arrival(t); a.Remote.String() != "203.0.113.9:4711" {
		t.Error(a.Remote)
	}
	if _, err := io.WriteString(e.dial(t), "\x16\x03\x01 no header at all"); err != nil {
		t.Fatal(err)
	}
	e.refusal(t, fault.ProxyHeader)

	far := open(t, Options{ProxyProtocol: true, Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	_, _ = io.WriteString(far.dial(t), "PROXY TCP4 203.0.113.9 10.0.0.1 4711 1883\r\n")
	far.refusal(t, fault.ProxyUntrusted)
}

// Who goes without a word has been looking whether somebody listens: that is counted
// apart, and nobody is refused. Half a word is another matter.
func TestWhoSaysNothingIsNotRefused(t *testing.T) {
	p := newPlant(t)
	secure := p.options(t, nil)
	plain := Options{ProxyProtocol: true, Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	both := plain
	both.TLS = secure.TLS
	for name, o := range map[string]Options{
		"tls": secure, "proxy": plain, "tls behind a proxy": both,
	} {
		t.Run(name, func(t *testing.T) {
			e, checks := open(t, o), uint64(2)
			_ = e.dial(t).Close()
			reset := e.dial(t).(*net.TCPConn)
			_ = reset.SetLinger(0)
			_ = reset.Close()
			if name == "tls behind a proxy" { // HAProxy's check-send-proxy
				nc := e.dial(t)
				_, _ = nc.Write([]byte("PROXY UNKNOWN\r\n"))
				_ = nc.Close()
				checks++
			}
			testkit.Within(t, patient, func() bool { return e.Counts().Silent.Load() == checks && e.Open() == 0 }, "the checks are counted")
			if n := e.Counts().HandshakesFailed.Load(); n != 0 || len(e.refused) != 0 {
				t.Errorf("%d failed, %d refused", n, len(e.refused))
			}
			half := e.dial(t)
			_, _ = half.Write([]byte{22, 3})
			_ = half.Close()
			select {
			case <-e.refused:
			case <-time.After(patient):
				t.Error("half a word is no refusal")
			}
		})
	}
}
