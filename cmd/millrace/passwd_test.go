package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/access"
)

// Groups and disabling are changed without the password; a new user needs one.
func TestPasswdKeepsThePassword(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users")
	passwd := func(in string, more ...string) (int, string) {
		t.Helper()
		code, _, errs := millrace(t, in, append([]string{"passwd", "--file", file, "press-1"}, more...)...)
		return code, errs
	}
	found := func() *access.User {
		t.Helper()
		u, err := access.ReadUsers(file)
		if err != nil || u.Find("press-1") == nil {
			t.Fatal(err)
		}
		return u.Find("press-1")
	}
	if code, errs := passwd("", "--groups", "presses"); code != exitUsage || !strings.Contains(errs, "there is no password") {
		t.Fatalf("a new user: %d %s", code, errs)
	}
	if code, errs := passwd("a long secret\n"); code != exitDone {
		t.Fatal(errs)
	}
	first := found().Hash
	for _, flag := range []string{"--disable", "--groups=a,b", "--superuser"} {
		if code, errs := passwd("not this\n", flag); code != exitDone || found().Hash != first {
			t.Errorf("%s: %d %s", flag, code, errs)
		}
	}
	if u := found(); !u.Disabled || !u.Superuser || strings.Join(u.Groups, " ") != "a b" {
		t.Errorf("%+v", u)
	}
	if code, errs := passwd("another secret\n", "--disable=false", "--password-file", "-"); code != exitDone || found().Hash == first || found().Disabled {
		t.Errorf("%d %s", code, errs)
	}
}

// On a running node a list and a dry run ask, and change nothing.
func TestLivePasswdLooksFirst(t *testing.T) {
	n := startFake(t)
	n.answer = `{"usersFile":"/data/users","rulesFile":"/data/access.yaml","users":[{"name":"anna","password":true,"methods":["SCRAM-SHA-256"],"groups":["presses"]}],"default":"allow","rules":[]}`
	for line, want := range map[string]string{
		"--list":                  "anna  (SCRAM-SHA-256)  groups presses",
		"--list --json":           `{"file":"/data/users","done":"listed","users":[{"name":"anna",`,
		"anna --dry-run":          "User anna is changed in /data/users. (not written: --dry-run)",
		"eve --dry-run":           "User eve is added in /data/users. (not written: --dry-run)",
		"eve --dry-run --json":    `{"file":"/data/users","user":"eve","done":"added","dry_run":true}`,
		"anna --delete --dry-run": "User anna is removed in /data/users. (not written: --dry-run)",
	} {
		code, out, errs := millrace(t, "a long secret\n", append([]string{"ctl", "--data", n.data, "passwd"}, strings.Fields(line)...)...)
		if code != exitDone || !strings.Contains(out, want) || n.method != "GET" {
			t.Errorf("%s: %d %s%s, asked %s", line, code, out, errs, n.method)
		}
	}
	for line, want := range map[string]string{
		"eve --delete --dry-run": "no MQTT user",
		"a:b --dry-run":          "name",
		"":                       "wants NAME, or --list",
		"anna --list":            "wants NAME, or --list",
	} {
		code, _, errs := millrace(t, "a long secret\n", append([]string{"ctl", "--data", n.data, "passwd"}, strings.Fields(line)...)...)
		if code == exitDone || !strings.Contains(errs, want) {
			t.Errorf("%s: %d %s", line, code, errs)
		}
	}
}
