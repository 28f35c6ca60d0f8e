//go:build e2e

package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/testkit"
	"github.com/millrace/millrace/internal/testkit/pki"
)

// A certificate runs out while the node runs: who is connected stays, an alarm tells it,
// and new files are in force at once.
func TestACertificateRunsOutAndIsReplaced(t *testing.T) {
	dir, address := t.TempDir(), testkit.FreeAddr(t)
	authority := pki.New(t, "plant")
	ca := authority.File(t, dir)
	crt, key := authority.Server(t, nil, "localhost").Files(t, dir)
	n := startNode(t, t.TempDir(), []string{fmt.Sprintf(`MILLRACE_MQTT__LISTENERS=[{"name": "plant", "kind": "tls", "address": %q, "certificate_files": [%q], "key_files": [%q]}]`, address, crt, key)})
	_, port, _ := net.SplitHostPort(address)
	_, answer := listening(t, n, "-p", port, "--cafile", ca, "-i", "stays", "-q", "1", "-t", "a", "-C", "1")
	c := newCaller(t, n, "administrator")
	replace := func(change func(*x509.Certificate)) {
		authority.Server(t, change, "localhost").Files(t, dir)
		if status, body := c.do(http.MethodPost, "/api/v1/listeners/reload", "{}"); status != http.StatusOK {
			t.Errorf("reload: %d %s", status, body)
		}
	}
	shake := func() error {
		c, err := tls.Dial("tcp", address, &tls.Config{RootCAs: authority.Pool(), ServerName: "localhost"})
		if err == nil {
			_ = c.Close()
		}
		return err
	}
	told := func(priority int) func() bool {
		return func() bool {
			return slices.ContainsFunc(alarms(c), func(a api.Alarm) bool { return a.ID == "certificate-plant" && a.Priority == priority })
		}
	}
	replace(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(time.Second) })
	eventually(t, "the alarm says that it has run out", told(1))
	if err := shake(); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("a new client: %v", err)
	}
	replace(nil)
	if err := shake(); err != nil {
		t.Errorf("a new client, with new files: %v", err)
	}
	eventually(t, "the alarm is gone", func() bool { return !told(1)() && !told(2)() && !told(3)() })
	mosquittoPub(t, n, "-t", "a", "-m", "still here")
	if got := answer(); len(got) != 1 || got[0] != "still here" {
		t.Errorf("who was connected got %q", got)
	}
}
