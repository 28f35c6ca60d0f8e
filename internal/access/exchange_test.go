package access

import (
	"crypto/pbkdf2"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/fault"
)

// rfc7677 is the example of RFC 7677 section 3: user "user", password "pencil".
func rfc7677(t testing.TB) *Exchange {
	t.Helper()
	m := &mechanisms[0]
	salt, err := base64.StdEncoding.DecodeString("W22ZaJ0SNY7soEsUEjb6gQ==")
	if err != nil {
		t.Fatal(err)
	}
	v, err := m.verifier("pencil", salt, 4096)
	if err != nil {
		t.Fatal(err)
	}
	u := &User{Name: "user"}
	u.SCRAM[0] = v
	return &Exchange{
		mechanism: m, fresh: func() string { return "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0" },
		find: func(name string) *User {
			if name == u.Name {
				return u
			}
			return nil
		},
		hide: func(string) Verifier {
			return Verifier{Iterations: Iterations, Salt: make([]byte, 16), StoredKey: make([]byte, 32), ServerKey: make([]byte, 32)}
		},
	}
}

const (
	firstOfRFC = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
	nonceOfRFC = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
	finalOfRFC = "c=biws,r=" + nonceOfRFC + ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
)

func TestTheExampleOfRFC7677(t *testing.T) {
	x := rfc7677(t)
	answer, id, err := x.Step([]byte(firstOfRFC))
	if want := "r=" + nonceOfRFC + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"; string(answer) != want || id != nil || err != nil {
		t.Fatalf("%s %+v %v", answer, id, err)
	}
	answer, id, err = x.Step([]byte(finalOfRFC))
	if err != nil || string(answer) != "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=" {
		t.Fatalf("%s %v", answer, err)
	}
	if id.Username != "user" || id.By != "SCRAM-SHA-256" {
		t.Errorf("%+v", id)
	}
	if _, _, err := x.Step([]byte(finalOfRFC)); fault.CodeOf(err) != fault.Protocol {
		t.Errorf("after the end: %v", err)
	}
}

func TestScramMessagesThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		first, final string
		code         fault.Code
	}{
		"channel binding":     {"p=tls-unique,,n=user,r=abc", "", fault.BadAuthMethod},
		"no header":           {"n=user,r=abc", "", fault.BadPassword},
		"another flag":        {"x,,n=user,r=abc", "", fault.BadPassword},
		"as somebody else":    {"n,a=root,n=user,r=abc", "", fault.Forbidden},
		"an extension":        {"n,,m=x,n=user,r=abc", "", fault.BadAuthMethod},
		"no name":             {"n,,n=,r=abc", "", fault.BadPassword},
		"a bare =":            {"n,,n=a=b,r=abc", "", fault.BadPassword},
		"no nonce":            {"n,,n=user,r=", "", fault.BadPassword},
		"a nonce with spaces": {"n,,n=user,r=a b", "", fault.BadPassword},
		"wrong password":      {firstOfRFC, strings.Replace(finalOfRFC, "p=dHzb", "p=dHzc", 1), fault.BadPassword},
		"another nonce":       {firstOfRFC, strings.Replace(finalOfRFC, "r=rO", "r=RO", 1), fault.BadPassword},
		"another header":      {firstOfRFC, strings.Replace(finalOfRFC, "c=biws", "c=eSws", 1), fault.BadPassword},
		"no proof":            {firstOfRFC, "c=biws,r=" + nonceOfRFC, fault.BadPassword},
		"a short proof":       {firstOfRFC, "c=biws,r=" + nonceOfRFC + ",p=AAAA", fault.BadPassword},
		"a name nobody has":   {strings.Replace(firstOfRFC, "user", "nobody", 1), finalOfRFC, fault.UnknownUser},
	} {
		t.Run(name, func(t *testing.T) {
			x := rfc7677(t)
			_, id, err := x.Step([]byte(c.first))
			if err == nil && c.final != "" {
				_, id, err = x.Step([]byte(c.final))
			}
			if id != nil || fault.CodeOf(err) != c.code {
				t.Fatalf("%+v %v", id, err)
			}
			if _, id, err := x.Step([]byte(finalOfRFC)); id != nil || err == nil {
				t.Error("it went on")
			}
		})
	}
}

// scramLogin is a client's side, for both methods.
func scramLogin(x *Exchange, name, password string) (*Identity, error) {
	m := x.mechanism
	bare := "n=" + strings.NewReplacer("=", "=3D", ",", "=2C").Replace(name) + ",r=clientnonce"
	challenge, _, err := x.Step([]byte("n,," + bare))
	if err != nil {
		return nil, err
	}
	f := strings.Split(string(challenge), ",")
	var iterations int
	if _, err := fmt.Sscanf(f[2], "i=%d", &iterations); err != nil {
		return nil, err
	}
	salt, err := base64.StdEncoding.DecodeString(f[1][2:])
	if err != nil {
		return nil, err
	}
	salted, err := pbkdf2.Key(m.hash, password, salt, iterations, m.size)
	if err != nil {
		return nil, err
	}
	key := m.mac(salted, "Client Key")
	h := m.hash()
	h.Write(key)
	without := "c=biws," + f[0]
	subtle.XORBytes(key, key, m.mac(h.Sum(nil), bare+","+string(challenge)+","+without))
	_, id, err := x.Step([]byte(without + ",p=" + base64.StdEncoding.EncodeToString(key)))
	return id, err
}

func TestBothMethodsWithNamesOfAllKinds(t *testing.T) {
	u := &Users{}
	for _, name := range []string{"anna", "a=b,c", "jürgen"} {
		user := &User{Name: name}
		for i := range mechanisms {
			v, err := mechanisms[i].verifier("pässword", []byte(name+" has a salt"), leastIterations)
			if err != nil {
				t.Fatal(err)
			}
			user.SCRAM[i] = v
		}
		if err := u.Set(user); err != nil {
			t.Fatal(err)
		}
	}
	a := New(Options{})
	a.state.Store(&state{users: u, rules: &Rules{}})
	for i := range mechanisms {
		for _, name := range []string{"anna", "a=b,c", "jürgen"} {
			x, err := a.Exchange(mechanisms[i].Name, nil)
			if err != nil {
				t.Fatal(err)
			}
			if id, err := scramLogin(x, name, "pässword"); err != nil || id.Username != name {
				t.Errorf("%s by %s: %v", name, mechanisms[i].Name, err)
			}
			x, _ = a.Exchange(mechanisms[i].Name, nil)
			if id, err := scramLogin(x, name, "other"); err == nil {
				t.Errorf("%s came in with a wrong password: %+v", name, id)
			}
		}
	}
	if _, err := a.Exchange("SCRAM-SHA-1", nil); fault.CodeOf(err) != fault.BadAuthMethod {
		t.Error(err)
	}
}

// Somebody who tries names learns nothing: each has a salt, and keeps it.
func TestANameThatNobodyHasLooksLikeAnother(t *testing.T) {
	a := New(Options{})
	ask := func(name string) string {
		x, err := a.Exchange("SCRAM-SHA-256", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, _, err := x.Step([]byte("n,,n=" + name + ",r=x"))
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(answer), ",")
		return rest
	}
	if one, again, other := ask("one"), ask("one"), ask("other"); one != again || one == other {
		t.Errorf("%s, %s, %s", one, again, other)
	}
}

func TestPreparedNames(t *testing.T) {
	for in, want := range map[string]string{"anna": "anna", "I\u00adX": "IX", "\u00aa": "a", "\u2168": "IX", "a\u00a0b": "a b"} {
		if got, err := prepare(in); err != nil || got != want {
			t.Errorf("%q became %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"a\x07", "\x7f", "\ue000", "\ufffe", "\xff"} {
		if got, err := prepare(in); err == nil {
			t.Errorf("%q became %q", in, got)
		}
	}
}

func FuzzScram(f *testing.F) {
	f.Add(firstOfRFC, finalOfRFC)
	f.Add("y,a=user,n=user,r=x,e=1", "c=,r=,p=")
	f.Add("n,,n==2C=3D,r=x", ",p=")
	f.Fuzz(func(t *testing.T, first, final string) {
		x := rfc7677(t)
		_, id, err := x.Step([]byte(first))
		if id != nil {
			t.Fatal("in by one message")
		}
		if err != nil {
			return
		}
		if _, id, _ := x.Step([]byte(final)); id != nil && !strings.HasSuffix(final, finalOfRFC[strings.Index(finalOfRFC, ",p="):]) {
			t.Fatalf("in by %q, %q", first, final)
		}
	})
}
