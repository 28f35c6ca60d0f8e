package access

import (
	"bytes"
	"os"

	"github.com/millrace/millrace/internal/fault"
)

// SetUser sets a password in the users file, and adds the user when there is none. It
// takes as long as the hash does.
func (a *Access) SetUser(name, password string) (added bool, err error) {
	if err := CheckName(name); err != nil {
		return false, err
	}
	made := User{Name: name}
	if err := made.SetPassword(password, a.o.Cost, true); err != nil {
		return false, err
	}
	err = a.change(func(u *Users) error {
		next := made
		if old := u.Find(name); old != nil {
			next = *old
			next.Hash, next.SCRAM = made.Hash, made.SCRAM
		} else {
			added = true
		}
		return u.Set(&next)
	})
	return added, err
}

// DeleteUser takes a user out of the users file.
func (a *Access) DeleteUser(name string) error {
	return a.change(func(u *Users) error {
		if !u.Delete(name) {
			return fault.New(fault.NotFound, "There is no MQTT user %q.", name)
		}
		return nil
	})
}

// change writes the users file anew and reads it.
func (a *Access) change(with func(*Users) error) error {
	a.changing.Lock()
	defer a.changing.Unlock()
	u, err := a.onDisk()
	if err != nil {
		return err
	}
	if err := with(u); err != nil {
		return err
	}
	if err := WriteUsers(a.o.Users, u); err != nil {
		return err
	}
	return a.Reload()
}

// onDisk are the users of the file, not those in force: it may have been changed a
// moment ago. But when the file is lost, those in force are all that is left of it.
func (a *Access) onDisk() (*Users, error) {
	inForce := a.state.Load().users
	if b, _ := os.ReadFile(a.o.Users); len(bytes.TrimSpace(b)) > 0 || inForce.Len() == 0 {
		return ReadUsers(a.o.Users)
	}
	a.o.Log.Warn("the users file was lost; it is written anew with the users in force", "file", a.o.Users, "users", inForce.Len())
	return ParseUsers(inForce.Bytes())
}
