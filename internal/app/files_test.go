package app

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/config"
	"github.com/millrace/millrace/internal/testkit/pki"
)

// checked loads the configuration and checks its files.
func checked(t *testing.T, yaml string) (warnings string, problems []string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "m.yaml")
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, origins, err := config.Load(config.Sources{File: file})
	if err != nil {
		t.Fatal(err)
	}
	said, err := CheckFiles(cfg, origins)
	if list := new(config.Error); errors.As(err, &list) {
		for _, p := range list.Problems {
			problems = append(problems, strings.TrimPrefix(p.String(), file))
		}
	} else if err != nil {
		t.Error(err)
	}
	return strings.Join(said, "\n"), problems
}

// Every problem of every file is said at once, with the line that names the file.
func TestAllFilesAreChecked(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for name, text := range map[string]string{"text.crt": "no PEM", "users": "anna:$nonsense\n", "access.yaml": "rules: 7\n"} {
		if err := os.WriteFile(in(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ca, other := pki.New(t, "ca"), pki.New(t, "other")
	crt, key := ca.Server(t, nil, "broker").Files(t, dir)
	_, foreign := ca.Server(t, nil, "second").Files(t, dir)
	crl := pki.Write(t, in("crl"), "X509 CRL", other.Revoke(t, time.Now().Add(time.Hour)))

	warnings, problems := checked(t, fmt.Sprintf(`data: %s
mqtt:
  access: {users: %s, rules: %s}
  listeners:
    - name: one
      kind: tls
      address: 127.0.0.1:0
      certificate_files: [%s, %s, %s]
      key_files: [%s, %s, %s]
      client_certificate: required
      client_ca_files: [%s, %s]
      revocation_files: [%s, %s]
    - name: two
      kind: wss
      address: 127.0.0.1:0
      certificate_files: [%s]
      key_files: [%s]
      staple_files: [%s]
`, dir, in("users"), in("access.yaml"),
		crt, crt, in("gone.crt"), key, foreign, in("gone.key"), in("text.crt"), ca.File(t, dir), crl, in("gone.crl"), crt, key, in("gone.ocsp")))
	if warnings != "" {
		t.Error(warnings)
	}
	want := []string{
		":8: mqtt.listeners[0].certificate_files[1]: The certificate " + crt + " and the key " + foreign + " cannot be used together",
		":8: mqtt.listeners[0].certificate_files[2]: The certificate " + in("gone.crt") + " cannot be read: no such file",
		":9: mqtt.listeners[0].key_files[2]: The key " + in("gone.key") + " cannot be read: no such file",
		":11: mqtt.listeners[0].client_ca_files[0]: The client CA " + in("text.crt") + " holds no certificate in PEM.",
		":12: mqtt.listeners[0].revocation_files[0]: The revocation list " + crl + " is signed by none of the client CAs.",
		":12: mqtt.listeners[0].revocation_files[1]: The revocation list " + in("gone.crl") + " cannot be read: no such file",
		":18: mqtt.listeners[1].staple_files[0]: The OCSP response " + in("gone.ocsp") + " cannot be read: no such file",
		":3: mqtt.access.users: Line 1 of the users file",
		":3: mqtt.access.rules: ",
	}
	if len(problems) != len(want) {
		t.Fatalf("%d problems\n%s", len(problems), strings.Join(problems, "\n"))
	}
	for i := range want {
		if !strings.HasPrefix(problems[i], want[i]) {
			t.Errorf("%s\nwant %s…", problems[i], want[i])
		}
	}
}

// What is out of date is said and keeps nobody from starting.
func TestFilesOutOfDateAreWarnedOf(t *testing.T) {
	dir := t.TempDir()
	ca := pki.New(t, "ca")
	old, oldKey := ca.Server(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, "old").Files(t, dir)
	early, earlyKey := ca.Server(t, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }, "early").Files(t, dir)
	crl := pki.Write(t, filepath.Join(dir, "crl"), "X509 CRL", ca.Revoke(t, time.Now().Add(-time.Second)))
	warnings, problems := checked(t, fmt.Sprintf(`data: %s
mqtt:
  listeners:
    - {name: one, kind: tls, address: "127.0.0.1:0", certificate_files: [%s, %s], key_files: [%s, %s],
       client_certificate: optional, client_ca_files: [%s], revocation_files: [%s]}
`, dir, old, early, oldKey, earlyKey, ca.File(t, dir), crl))
	if len(problems) > 0 {
		t.Error(problems)
	}
	for _, want := range []string{
		`certificate_files[0]: The certificate of "old" in ` + old + ` has run out on `, `certificate_files[1]: The certificate of "early" in ` + early + ` is not valid before `,
		`revocation_files[0]: The revocation list ` + crl + ` is out of date since `,
	} {
		if !strings.Contains(warnings, want) {
			t.Errorf("no %q in\n%s", want, warnings)
		}
	}
}
