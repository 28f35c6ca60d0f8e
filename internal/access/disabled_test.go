package access

import (
	"testing"

	"github.com/millrace/millrace/internal/fault"
)

// Whether a name belongs to a disabled user is said to who has the password, and to
// nobody else: to others it is a name like one that nobody has.
func TestWhoIsDisabledIsToldToThePasswordAlone(t *testing.T) {
	path := usersFile(t, "anna", "carl")
	u, err := ReadUsers(path)
	if err != nil {
		t.Fatal(err)
	}
	carl := *u.Find("carl")
	if err := carl.SetPassword("carl-secret", cheap, true); err != nil {
		t.Fatal(err)
	}
	carl.Disabled = true
	for _, user := range []*User{&carl, {Name: "dora", Disabled: true}} {
		if err := u.Set(user); err != nil {
			t.Fatal(err)
		}
	}
	if err := WriteUsers(path, u); err != nil {
		t.Fatal(err)
	}
	a := open(t, Options{Users: path})
	said := func(name, password string) error {
		return ask(a, Login{Username: []byte(name), Password: []byte(password)}).Err
	}
	bySCRAM := func(name, password string) error {
		x, err := a.Exchange("SCRAM-SHA-256", nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = scramLogin(x, name, password)
		return err
	}
	for way, log := range map[string]func(name, password string) error{"password": said, "SCRAM": bySCRAM} {
		stranger := fault.CodeOf(log("nobody", "wrong"))
		for _, name := range []string{"carl", "dora"} {
			if err := log(name, "wrong"); fault.CodeOf(err).Reason() != stranger.Reason() {
				t.Errorf("%s, %s with a wrong password: %v", way, name, err)
			}
		}
		if err := log("carl", "carl-secret"); fault.CodeOf(err) != fault.UserDisabled {
			t.Errorf("%s, the right password: %v", way, err)
		}
	}
}
