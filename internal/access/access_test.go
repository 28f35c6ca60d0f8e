package access

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/say"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// cheap is a cost that tests can pay.
var cheap = Cost{Memory: 8, Passes: 1, Lanes: 1}

// usersFile writes a users file with those users; the password is NAME-secret.
func usersFile(t testing.TB, names ...string) string {
	t.Helper()
	u := &Users{}
	for _, name := range names {
		user := &User{Name: name}
		if err := user.SetPassword(name+"-secret", cheap, false); err != nil {
			t.Fatal(err)
		}
		if err := u.Set(user); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "users")
	if err := WriteUsers(path, u); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t testing.TB, o Options) *Access {
	t.Helper()
	o.Cost = cheap
	if o.Poll == 0 {
		o.Poll = time.Hour
	}
	a := New(o)
	if err := a.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

// ask waits for the verdict on a login.
func ask(a *Access, l Login) Verdict {
	later := make(chan Verdict, 1)
	if v, now := a.Authenticate(&l, func(v Verdict) { later <- v }); now {
		return v
	}
	return <-later
}

func TestWhoMayComeIn(t *testing.T) {
	a := open(t, Options{Users: usersFile(t, "anna", "press-1")})
	b := func(s string) []byte { return []byte(s) }
	for name, c := range map[string]struct {
		login Login
		code  fault.Code
		who   string
		by    string
	}{
		"right password":              {Login{Username: b("anna"), Password: b("anna-secret")}, 0, "anna", "password"},
		"wrong password":              {Login{Username: b("anna"), Password: b("wrong")}, fault.BadPassword, "", ""},
		"empty password":              {Login{Username: b("anna"), Password: b("")}, fault.BadPassword, "", ""},
		"nobody":                      {Login{Username: b("nobody"), Password: b("x")}, fault.UnknownUser, "", ""},
		"no password":                 {Login{Username: b("anna")}, fault.NoCredentials, "", ""},
		"nothing":                     {Login{}, fault.NoCredentials, "", ""},
		"password without a name":     {Login{Password: b("x")}, fault.NoCredentials, "", ""},
		"nothing where that will do":  {Login{Anonymous: true}, 0, "", "anonymous"},
		"wrong where nothing will do": {Login{Anonymous: true, Username: b("anna"), Password: b("x")}, fault.BadPassword, "", ""},
		"certificate alone":           {Login{CertificateName: "machine-7", CertificateAlone: true}, 0, "machine-7", "certificate"},
		"certificate and password":    {Login{CertificateName: "press-1", Password: b("press-1-secret")}, 0, "press-1", "password"},
		"certificate, no password":    {Login{CertificateName: "press-1"}, fault.NoCredentials, "", ""},
		"certificate of another":      {Login{CertificateName: "press-1", Username: b("anna"), Password: b("anna-secret")}, fault.BadCertificate, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			v := ask(a, c.login)
			if c.who == "" && c.by == "" {
				if v.Identity != nil || fault.CodeOf(v.Err) != c.code {
					t.Fatalf("%+v", v)
				}
				return
			}
			if v.Err != nil || v.Identity.Username != c.who || v.Identity.By != c.by {
				t.Fatalf("%+v", v)
			}
		})
	}
}

// A thousand clients of one user that come at once cost one comparison.
func TestAStormOfLoginsIsComparedOnce(t *testing.T) {
	a := open(t, Options{Users: usersFile(t, "anna"), Hashers: 1})
	slow := &gate{open: make(chan bool)}
	a.state.Load().users.Find("anna").secret = slow
	var got sync.WaitGroup
	for range 1000 {
		got.Add(1)
		l := Login{Username: []byte("anna"), Password: []byte("anna-secret")}
		if _, now := a.Authenticate(&l, func(v Verdict) {
			if v.Err != nil {
				t.Error(v.Err)
			}
			got.Done()
		}); now {
			t.Error("an answer before the comparison")
		}
	}
	close(slow.open)
	got.Wait()
	if v, now := a.Authenticate(&Login{Username: []byte("anna"), Password: []byte("anna-secret")}, nil); !now || v.Err != nil {
		t.Errorf("a right password was forgotten: %+v", v)
	}
	if n := slow.asked.Load(); n != 1 {
		t.Errorf("%d comparisons", n)
	}
}

// gate is a secret that fits everything once it is open.
type gate struct {
	open  chan bool
	asked atomic.Int64
}

func (g *gate) matches([]byte) bool {
	g.asked.Add(1)
	<-g.open
	return true
}

func TestBeyondTheQueueClientsAreToldToComeBack(t *testing.T) {
	a := open(t, Options{Users: usersFile(t, "anna"), Hashers: 1, Waiting: 1})
	slow := &gate{open: make(chan bool)}
	a.state.Load().users.Find("anna").secret = slow
	var told sync.WaitGroup
	busy := 0
	for i := range 20 {
		told.Add(1)
		l := Login{Username: []byte("anna"), Password: []byte{byte('a' + i)}}
		if v, now := a.Authenticate(&l, func(Verdict) { told.Done() }); now {
			if fault.CodeOf(v.Err) != fault.AuthBusy {
				t.Errorf("%+v", v)
			}
			busy++
			told.Done()
		}
	}
	close(slow.open)
	told.Wait()
	if busy < 18 {
		t.Errorf("%d of 20 were told to come back", busy)
	}
}

func TestClosingTellsThoseWhoWait(t *testing.T) {
	a := New(Options{Users: usersFile(t, "anna"), Cost: cheap})
	if err := a.Reload(); err != nil {
		t.Fatal(err)
	}
	told := make(chan Verdict, 1)
	a.Authenticate(&Login{Username: []byte("anna"), Password: []byte("x")}, func(v Verdict) { told <- v })
	a.Close()
	if v := <-told; fault.CodeOf(v.Err) != fault.Unavailable {
		t.Errorf("%+v", v)
	}
}

func TestAChangedFileHoldsForThoseWhoAreIn(t *testing.T) {
	path := usersFile(t, "anna", "bert", "carl", "dora")
	changed := make(chan bool, 10)
	a := open(t, Options{Users: path, Poll: 5 * time.Millisecond, Changed: func() { changed <- true }})
	<-changed
	in := map[string]*Identity{}
	for _, name := range []string{"anna", "bert", "carl", "dora"} {
		in[name] = ask(a, Login{Username: []byte(name), Password: []byte(name + "-secret")}).Identity
	}
	u, err := ReadUsers(path)
	if err != nil {
		t.Fatal(err)
	}
	u.Delete("anna")
	bert, carl, dora := *u.Find("bert"), *u.Find("carl"), *u.Find("dora")
	if err := bert.SetPassword("another", cheap, false); err != nil {
		t.Fatal(err)
	}
	carl.Disabled, dora.Groups = true, []string{"presses"}
	for _, user := range []*User{&bert, &carl, &dora} {
		if err := u.Set(user); err != nil {
			t.Fatal(err)
		}
	}
	if err := WriteUsers(path, u); err != nil {
		t.Fatal(err)
	}
	<-changed
	for name, code := range map[string]fault.Code{"anna": fault.UserRemoved, "bert": fault.CredentialsChanged, "carl": fault.UserDisabled} {
		if _, err := a.Recheck(in[name]); fault.CodeOf(err) != code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if id, err := a.Recheck(in["dora"]); err != nil || len(id.Groups) != 1 {
		t.Errorf("%+v %v", id, err)
	}
	if v := ask(a, Login{Username: []byte("bert"), Password: []byte("bert-secret")}); fault.CodeOf(v.Err) != fault.BadPassword {
		t.Errorf("the old password: %+v", v)
	}
	if v := ask(a, Login{Username: []byte("carl"), Password: []byte("carl-secret")}); fault.CodeOf(v.Err) != fault.UserDisabled {
		t.Errorf("a disabled user: %+v", v)
	}
}

// alarms remembers the last state of each alarm.
type alarms struct {
	mu     sync.Mutex
	raised map[string]string
}

func (k *alarms) Raise(id string, _ int, _, detail say.Said) { k.set(id, detail.String()) }
func (k *alarms) Clear(id string)                            { k.set(id, "") }
func (k *alarms) set(id, detail string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.raised == nil {
		k.raised = map[string]string{}
	}
	k.raised[id] = detail
}

func (k *alarms) detail(id string) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.raised[id]
}

func TestABadFileChangesNothing(t *testing.T) {
	path := usersFile(t, "anna")
	var told alarms
	a := open(t, Options{Users: path, Alarms: &told})
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"half a line": string(good) + "bert:$argon2id$v=19$m=8,t=1", "plain text": "anna:secret\n", "nothing": "",
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := a.Reload(); err == nil {
			t.Errorf("%s: no error", name)
		}
		if d := told.detail("access-users"); !strings.Contains(d, "stays in force") || strings.Contains(d, "secret") {
			t.Errorf("%s: alarm %q", name, d)
		}
		if v := ask(a, Login{Anonymous: true, Username: []byte("anna"), Password: []byte("anna-secret")}); v.Err != nil || v.Identity.Username != "anna" {
			t.Errorf("%s: %+v", name, v)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := a.Reload(); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("gone: %v", err)
	}
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := a.Reload(); err != nil || told.detail("access-users") != "" {
		t.Errorf("good again: %v, alarm %q", err, told.detail("access-users"))
	}
}

func TestANodeDoesNotStartWithABadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(path, []byte("anna:secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := New(Options{Users: path}).Start(context.Background())
	var f *fault.Error
	if !errors.As(err, &f) || !strings.Contains(f.Message, "Line 1") {
		t.Fatalf("%v", err)
	}
}

func TestVerdictsAreForgotten(t *testing.T) {
	now := time.Unix(1000, 0)
	a := open(t, Options{Users: usersFile(t, "anna"), Now: func() time.Time { return now }, Remember: time.Minute, Remembered: 2})
	l := Login{Username: []byte("anna"), Password: []byte("anna-secret")}
	ask(a, l)
	if _, in := a.Authenticate(&l, nil); !in {
		t.Error("forgotten at once")
	}
	now = now.Add(time.Minute)
	if v := ask(a, l); v.Err != nil || len(a.logins.known) != 1 {
		t.Errorf("%+v", v)
	}
	for _, wrong := range []string{"1", "2", "3", "4"} {
		ask(a, Login{Username: []byte("anna"), Password: []byte(wrong)})
	}
	if n := len(a.logins.known); n > 2 {
		t.Errorf("%d verdicts are remembered", n)
	}
}
