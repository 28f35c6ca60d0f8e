package access

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/fault"
)

// starts starts an Access as a node would, ends it again, and says what Check and the
// start said; they have to agree.
func starts(t *testing.T, o Options) error {
	t.Helper()
	checked := errors.Join(Check(o))
	o.Cost = cheap
	var told alarms
	o.Alarms = &told
	a := New(o)
	err := a.Start(context.Background())
	if err == nil {
		a.Close()
	} else if told.detail("access-rules")+told.detail("access-users") != "" {
		t.Error("an alarm of a node that does not start")
	}
	if (err == nil) != (checked == nil) {
		t.Errorf("start: %v, check: %v", err, checked)
	}
	return err
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A node whose files are lost lets nobody in by that.
func TestALostFileIsMissedAtTheStart(t *testing.T) {
	dir := t.TempDir()
	rules, users := filepath.Join(dir, "access.yaml"), filepath.Join(dir, "users")
	o := Options{Rules: rules, Users: users}
	missed := func(when string, o Options, path string) {
		t.Helper()
		err := starts(t, o)
		if err == nil || !strings.Contains(fault.UserMessage(err), path) || !strings.Contains(fault.UserMessage(err), "a line with # alone") {
			t.Errorf("%s: %v", when, err)
		}
	}
	fine := func(when string) {
		t.Helper()
		if err := starts(t, o); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	fine("a new node has no files")
	missed("rules named by the configuration", Options{Rules: rules, RulesRequired: true}, rules)
	missed("users named by the configuration", Options{Users: users, UsersRequired: true}, users)

	write(t, rules, "default: deny\n")
	fine("rules in force")
	if err := os.Remove(rules); err != nil {
		t.Fatal(err)
	}
	missed("rules removed", o, rules)
	missed("and still", o, rules)
	write(t, rules, " \n")
	missed("rules emptied", o, rules)
	write(t, rules, "default: deny\n")
	fine("rules put back")
	write(t, rules, "#\n")
	fine("rules emptied on purpose")
	if err := os.Remove(rules); err != nil {
		t.Fatal(err)
	}
	fine("which needs no file after that")

	users = usersFile(t, "anna")
	o.Users = users
	fine("users in force")
	if err := os.Remove(users); err != nil {
		t.Fatal(err)
	}
	missed("users removed", o, users)
}

// What is set while the node runs is missed by the next start, too.
func TestAFileMadeWhileRunningIsMissedLater(t *testing.T) {
	o := Options{Rules: filepath.Join(t.TempDir(), "access.yaml"), Cost: cheap}
	a := New(o)
	if err := a.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	write(t, o.Rules, "default: deny\n")
	if err := a.Reload(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(o.Rules); err != nil {
		t.Fatal(err)
	}
	if _, err := Check(o); err == nil {
		t.Error("not missed")
	}
}

// Refusals say what is missing.
func TestWhatIsMissingIsSaid(t *testing.T) {
	a := open(t, Options{Users: usersFile(t, "press-1")})
	for want, l := range map[string]Login{
		"a password and no name":        {Password: []byte("x")},
		"a name and no password":        {Username: []byte("press-1")},
		"no name and password":          {},
		"a certificate and no password": {CertificateName: "press-1"},
	} {
		if said := fault.UserMessage(ask(a, l).Err); !strings.Contains(said, want) {
			t.Errorf("%q: %s", want, said)
		}
	}
}

// A change while the users file is lost brings back all who are in force.
func TestAChangeBringsALostFileBack(t *testing.T) {
	for what, lose := range map[string]func(path string) error{
		"removed": os.Remove,
		"emptied": func(path string) error { return os.WriteFile(path, []byte("\n"), 0o600) },
	} {
		path := usersFile(t, "anna", "press-1")
		a := open(t, Options{Users: path})
		if err := lose(path); err != nil {
			t.Fatal(err)
		}
		if added, err := a.SetUser("eve", "a long secret"); err != nil || !added {
			t.Fatal(what, err)
		}
		u, err := ReadUsers(path)
		if err != nil || u.Len() != 3 || u.Find("anna").Hash != a.state.Load().users.Find("anna").Hash {
			t.Errorf("%s: %d users, %v", what, u.Len(), err)
		}
		if err := lose(path); err != nil {
			t.Fatal(err)
		}
		if err := a.DeleteUser("eve"); err != nil {
			t.Fatal(what, err)
		}
		if u, err := ReadUsers(path); err != nil || u.Len() != 2 || u.Find("anna") == nil {
			t.Errorf("%s and deleted: %d users, %v", what, u.Len(), err)
		}
	}
}

// Without a node nobody knows who was in the file: it is not begun anew unasked.
func TestALostFileIsNotBegunAnew(t *testing.T) {
	path := usersFile(t, "anna")
	open(t, Options{Users: path})
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadUsers(path); err == nil || !strings.Contains(fault.UserMessage(err), "Put it back") {
		t.Fatal(err)
	}
	write(t, path, "#\n")
	if u, err := ReadUsers(path); err != nil || u.Len() != 0 {
		t.Fatal(err)
	}
}
