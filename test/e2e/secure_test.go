//go:build e2e

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/millrace/millrace/internal/testkit"
	"github.com/millrace/millrace/internal/testkit/pki"
)

// secure is a node that also speaks TLS, WebSocket and secure WebSocket, and the
// authority behind its certificate.
type secure struct {
	*node
	ca           string // file
	tls, ws, wss string // addresses
}

func startSecure(t *testing.T) *secure {
	t.Helper()
	s := &secure{tls: testkit.FreeAddr(t), ws: testkit.FreeAddr(t), wss: testkit.FreeAddr(t)}
	dir := t.TempDir()
	s.ca = filepath.Join(dir, "ca.pem")
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeCertificate(t, s.ca, cert, key)
	type listener map[string]any
	pair := func(name, kind, address string) listener {
		return listener{"name": name, "kind": kind, "address": address, "certificate_files": []string{cert}, "key_files": []string{key}}
	}
	listeners, err := json.Marshal([]listener{pair("tls", "tls", s.tls), {"name": "ws", "kind": "ws", "address": s.ws}, pair("wss", "wss", s.wss)})
	if err != nil {
		t.Fatal(err)
	}
	s.node = startNode(t, t.TempDir(), []string{"MILLRACE_MQTT__LISTENERS=" + string(listeners)})
	return s
}

// writeCertificate makes an authority and a certificate of 127.0.0.1.
func writeCertificate(t *testing.T, ca, cert, key string) {
	t.Helper()
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caKey, caDER := sign(t, authority, authority, nil)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "node"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	leafKey, leafDER := sign(t, leaf, authority, caKey)
	keyDER, err := x509.MarshalPKCS8PrivateKey(leafKey)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, ca, "CERTIFICATE", caDER)
	writePEM(t, cert, "CERTIFICATE", leafDER)
	writePEM(t, key, "PRIVATE KEY", keyDER)
}

func sign(t *testing.T, what, by *x509.Certificate, with *ecdsa.PrivateKey) (key *ecdsa.PrivateKey, der []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if with == nil {
		with = key
	}
	if der, err = x509.CreateCertificate(rand.Reader, what, by, &key.PublicKey, with); err != nil {
		t.Fatal(err)
	}
	return key, der
}

func writePEM(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestMosquittoOverTLS(t *testing.T) {
	s := startSecure(t)
	_, port, _ := net.SplitHostPort(s.tls)
	for _, v := range mosquittoVersions {
		mosquittoPub(t, s.node, "-p", port, "--cafile", s.ca, "-V", v, "-q", "1", "-r", "-t", v+"/secure", "-m", "kept")
		if got := mosquittoSub(t, s.node, "-p", port, "--cafile", s.ca, "-V", v, "-q", "1", "-t", v+"/secure", "-C", "1"); got[0] != "kept" {
			t.Errorf("%s: %q", v, got)
		}
	}
	page := scrape(t, s.node) // each handshake is timed, and when the certificate ends is known
	if n, took := total(t, page, "millrace_tls_handshake_seconds_count"), total(t, page, "millrace_tls_handshake_seconds_sum"); n != float64(2*len(mosquittoVersions)) || took <= 0 {
		t.Errorf("%v handshakes took %v s", n, took)
	}
	if ours, theirs := total(t, page, "millrace_certificate_expiry_timestamp_seconds"), total(t, page, "emqx_cert_expiry_at"); ours <= 0 || ours != theirs {
		t.Errorf("certificates end at %v, %v", ours, theirs)
	}
}

// A client's certificate says who it is, over TLS: its rules are that user's, it is
// shown under that name, and nobody comes in without one.
func TestACertificateNamesItsUser(t *testing.T) {
	dir, data := t.TempDir(), t.TempDir()
	authority := pki.New(t, "plant")
	ca := authority.File(t, dir)
	crt, key := authority.Server(t, nil, "localhost").Files(t, dir)
	if err := os.WriteFile(filepath.Join(data, "access.yaml"), []byte("default: deny\nrules:\n  - {allow: all, topics: [\"plant/%u/#\"]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	names := map[string]string{"common_name": testkit.FreeAddr(t), "dns": testkit.FreeAddr(t)}
	var listeners []string
	for name, address := range names {
		listeners = append(listeners, fmt.Sprintf(`{"name": %q, "kind": "tls", "address": %q, "certificate_files": [%q], "key_files": [%q], "client_certificate": "required", "client_ca_files": [%q], "certificate_user": %q}`,
			name, address, crt, key, ca, name))
	}
	n := startNode(t, data, []string{"MILLRACE_MQTT__LISTENERS=[" + strings.Join(listeners, ",") + "]"})
	mine, mineKey := authority.Client(t, func(c *x509.Certificate) { c.DNSNames = []string{"mill-3.plant"} }, "press-7").Files(t, dir)
	foreign, foreignKey := pki.New(t, "elsewhere").Client(t, nil, "press-8").Files(t, dir)
	for name, user := range map[string]string{"common_name": "press-7", "dns": "mill-3.plant"} {
		_, port, _ := net.SplitHostPort(names[name])
		as := []string{"-p", port, "--cafile", ca, "--cert", mine, "--key", mineKey, "-i", "by-" + name, "-V", "mqttv5", "-q", "1"}
		_, answer := listening(t, n, append(as, "-t", "plant/"+user+"/#", "-C", "1")...)
		n.says(t, []string{user, name}, "clients", "show", "by-"+name)
		mosquittoPub(t, n, append(as, "-i", "other", "-t", "plant/"+user+"/t", "-m", "mine")...)
		if got := answer(); len(got) != 1 || got[0] != "mine" {
			t.Errorf("%s: %q", name, got)
		}
		denied, _ := exec.CommandContext(t.Context(), "mosquitto_pub", append(as, "-h", "127.0.0.1", "-t", "plant/another/t", "-m", "x")...).CombinedOutput()
		contains(t, string(denied), "Denied by the access rules (MR-4409)")
		refusedPub(t, n, "-p", port, "--cafile", ca)
		refusedPub(t, n, "-p", port, "--cafile", ca, "--cert", foreign, "--key", foreignKey)
	}
	n.says(t, []string{"tls_failed"}, "refused", "list", "--kind", "tls")
}

func TestMQTTjsOverEveryTransport(t *testing.T) {
	s := startSecure(t)
	for name, c := range map[string]struct{ scheme, address, path string }{
		"tls": {"mqtts", s.tls, ""}, "ws": {"ws", s.ws, "/mqtt"}, "wss": {"wss", s.wss, "/mqtt"},
	} {
		for version, steps := range map[string]string{"4": "qos retained will shared session", "5": "qos retained will shared session properties"} {
			t.Run(name+" MQTT "+version, func(t *testing.T) {
				network := newCutter(t, c.address)
				journey(t, network, steps, []string{
					"URL=" + c.scheme + "://" + c.address + c.path, "CUT_URL=" + c.scheme + "://127.0.0.1:" + network.port() + c.path,
					"VERSION=" + version, "NODE_EXTRA_CA_CERTS=" + s.ca,
				}, "node", "journey.mjs")
			})
		}
	}
}

func TestPythonPahoOverEveryTransport(t *testing.T) {
	s := startSecure(t)
	for name, c := range map[string]struct{ address, transport, ca string }{
		"tls": {s.tls, "tcp", s.ca}, "ws": {s.ws, "websockets", ""}, "wss": {s.wss, "websockets", s.ca},
	} {
		t.Run(name, func(t *testing.T) {
			network := newCutter(t, c.address)
			_, port, _ := net.SplitHostPort(c.address)
			env := []string{"HOST=127.0.0.1", "PORT=" + port, "CUT_PORT=" + network.port(), "VERSION=5", "TRANSPORT=" + c.transport}
			if c.ca != "" {
				env = append(env, "CA_FILE="+c.ca)
			}
			journey(t, network, "qos retained will session properties", env, python, "journey.py")
		})
	}
}

func TestPahoThreeOverEveryTransport(t *testing.T) {
	s := startSecure(t)
	pem, err := os.ReadFile(s.ca)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	for _, address := range []string{"ssl://" + s.tls, "ws://" + s.ws + "/mqtt", "wss://" + s.wss + "/mqtt"} {
		u, _ := url.Parse(address)
		t.Run(u.Scheme, func(t *testing.T) {
			var got inbox
			client := pahoThree(t, mqtt.NewClientOptions().AddBroker(address).SetClientID("over-"+u.Scheme).SetTLSConfig(&tls.Config{RootCAs: roots}))
			subscribeThree(t, client, u.Scheme, &got)
			for qos := range byte(3) {
				publishThree(t, client, u.Scheme, qos, false, strings.Repeat("x", 1<<(6*qos)))
			}
			got.await(t, "x", strings.Repeat("x", 1<<6), strings.Repeat("x", 1<<12))
		})
	}
}
