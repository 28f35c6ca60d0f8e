package access

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const someUsers = `# who may come in

anna:$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAA groups=presses,line-4 superuser
# the gateway
bob:$7$101$xSrQzhWyYUgZL5Pz$w1KbBrqJ7GFvbXZGKbK8Tme6oyf5DM4D6rzWUmUdpRGjDnD0XDM8b8iRYlqPnqFTxkaWw8mXwLEYBBXj7hlF3w==
machine-7:- disabled
`

func TestAUsersFileKeepsWhatIsNotChanged(t *testing.T) {
	u, err := ParseUsers([]byte(someUsers))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(u.Bytes()); got != someUsers {
		t.Fatalf("unchanged, it became\n%s", got)
	}
	anna, machine := u.Find("anna"), u.Find("machine-7")
	if u.Len() != 3 || !anna.Superuser || len(anna.Groups) != 2 || !machine.Disabled || machine.Hash != "" {
		t.Errorf("%+v %+v", anna, machine)
	}
	if !u.Delete("anna") || u.Delete("anna") || u.Find("bob") == nil {
		t.Error("delete")
	}
	if err := u.Set(&User{Name: "carl", Groups: []string{"x"}}); err != nil {
		t.Fatal(err)
	}
	if got, want := string(u.Bytes()), strings.Replace(someUsers, someUsers[strings.Index(someUsers, "anna"):strings.Index(someUsers, "# the")], "", 1)+"carl:- groups=x\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestAUsersFileOfWindows: an editor there ends lines with CR LF.
func TestAUsersFileOfWindows(t *testing.T) {
	u, err := ParseUsers([]byte(strings.ReplaceAll(someUsers, "\n", "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := ParseUsers([]byte(someUsers))
	if err != nil || u.Len() != plain.Len() {
		t.Fatal(u.Len(), plain.Len(), err)
	}
	for _, name := range []string{"anna", "bob", "machine-7"} {
		if got, want := u.Find(name), plain.Find(name); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %+v, want %+v", name, got, want)
		}
	}
}

func TestUsersFilesThatAreRefused(t *testing.T) {
	argon := "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAA"
	for name, c := range map[string]struct{ text, want string }{
		"no colon":         {"anna", "Line 1"},
		"no password":      {"\nanna:", "Line 2"},
		"plain text":       {"anna:secret", "not hashed"},
		"another kind":     {"anna:$2a$10$abcdefghijklmnopqrstuv", "kind that is not read"},
		"twice":            {"anna:-\nanna:-", "twice"},
		"a costly one":     {"anna:" + strings.Replace(argon, "m=8", "m=99999999", 1), "beyond"},
		"no passes":        {"anna:" + strings.Replace(argon, "t=1", "t=0", 1), "beyond"},
		"no lanes":         {"anna:" + strings.Replace(argon, "p=1", "p=0", 1), "beyond"},
		"half a hash":      {"anna:" + argon[:30], "argon2id"},
		"a word":           {"anna:- admin", "not understood"},
		"a group":          {"anna:- groups=a,,b", "groups="},
		"an old SCRAM":     {"anna:- SCRAM-SHA-1$4096:c2FsdHNhbHQ=$x:y", "no SCRAM method"},
		"a cheap SCRAM":    {"anna:- SCRAM-SHA-256$10:c2FsdHNhbHQ=$x:y", "SCRAM-SHA-256"},
		"control in name":  {"an\x01na:-", "colon"},
		"mosquitto's half": {"bob:$7$101$xSrQ", "$7$"},
	} {
		if _, err := ParseUsers([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "abcdef") {
			t.Errorf("%s: the error shows the secret: %v", name, err)
		}
	}
}

func TestPasswordsOfEachKind(t *testing.T) {
	u := User{Name: "anna"}
	if err := u.SetPassword("a secret", cheap, true); err != nil {
		t.Fatal(err)
	}
	again, err := parseUser(u.line())
	if err != nil {
		t.Fatal(err)
	}
	if !again.secret.matches([]byte("a secret")) || again.secret.matches([]byte("a secre")) || len(again.Methods()) != 2 {
		t.Errorf("%+v", again)
	}
	if again.line() != u.line() {
		t.Errorf("%s\n%s", again.line(), u.line())
	}
	// What mosquitto_passwd 2.0 wrote for "secretbob".
	bob, err := parseSecret("$7$101$GwatMX3psPHfOLGz$ZYTEsXE/91JuERW1OieoMBv5HL/iQ7IUBv6hDvx/cU9RLloM/I5mkSi4Pe6eg1DFKb00nwO7rWL44SpnXqFawA==")
	if err != nil || !bob.matches([]byte("secretbob")) || bob.matches([]byte("secretbo")) {
		t.Error("a hash of mosquitto_passwd", err)
	}
	for _, bad := range []string{"", "anna", "ANNA", strings.Repeat("x", 2000), "\xff"} {
		if err := (&User{Name: "anna"}).SetPassword(bad, cheap, true); err == nil {
			t.Errorf("took %.10q", bad)
		}
	}
}

func TestWritingKeepsTheFilePrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users")
	u := &Users{}
	if err := u.Set(&User{Name: "anna"}); err != nil {
		t.Fatal(err)
	}
	if err := WriteUsers(path, u); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Fatalf("%v %v", info.Mode(), err)
	}
	if again, err := ReadUsers(path); err != nil || again.Find("anna") == nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("%v %v", left, err)
	}
}

func FuzzUsers(f *testing.F) {
	f.Add([]byte(someUsers))
	f.Add([]byte("a:-\r\n\xef\xbb\xbf#\n: \n"))
	f.Add([]byte("a:- SCRAM-SHA-256$4096:c2FsdHNhbHQ=$AAAA:BBBB groups=x"))
	f.Fuzz(func(t *testing.T, b []byte) {
		u, err := ParseUsers(b)
		if err != nil {
			return
		}
		first := u.Bytes()
		again, err := ParseUsers(first)
		if err != nil || !bytes.Equal(again.Bytes(), first) || again.Len() != u.Len() {
			t.Fatalf("%v: %q became %q", err, b, first)
		}
		for _, user := range u.All() {
			line, err := parseUser(user.line())
			if err != nil || line.line() != user.line() {
				t.Fatalf("%v: %q", err, user.line())
			}
		}
	})
}
