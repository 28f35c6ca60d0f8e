package certs_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/broker/certs"
	"github.com/millrace/millrace/internal/testkit/pki"
)

// What is in force is shown: of the first certificate whose it is, of all what they are
// for and when the first ends; and why a change of the files is not.
func TestWhatIsInForceIsShown(t *testing.T) {
	dir, ca := t.TempDir(), pki.New(t, "ca")
	first, second := ca.Server(t, nil, "broker", "broker.plant"), ca.Server(t, nil, "other")
	o := certs.Options{Pairs: make([]certs.Pair, 2)}
	o.Pairs[0].Certificate, o.Pairs[0].Key = first.Files(t, dir)
	o.Pairs[1].Certificate, o.Pairs[1].Key = second.Files(t, dir)
	s, err := certs.New(o)
	if err != nil {
		t.Fatal(err)
	}
	st := s.State()
	if want := []string{"broker", "broker.plant", "127.0.0.1", "other", "127.0.0.1"}; st.Subject != "CN=broker" || !slices.Equal(st.Names, want) || st.Failed != nil {
		t.Errorf("%+v", st)
	}
	if !st.Expires.Equal(first.Certificate.NotAfter) || st.Read.IsZero() {
		t.Errorf("%+v", st)
	}
	if err := os.WriteFile(o.Pairs[0].Key, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Reload(); err == nil {
		t.Fatal("a key that is none is taken")
	}
	if st := s.State(); st.Subject != "CN=broker" || st.Failed == nil || !strings.Contains(st.Failed.Error(), o.Pairs[0].Key) {
		t.Errorf("%+v", st)
	}
	renewed, key := ca.Server(t, nil, "renewed").Files(t, dir)
	for from, to := range map[string]string{renewed: o.Pairs[0].Certificate, key: o.Pairs[0].Key} {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	if st := s.State(); st.Subject != "CN=renewed" || st.Failed != nil || st.Names[0] != "renewed" {
		t.Errorf("%+v", st)
	}
}
