// Package files knows what systems make of folders and of the names in them, so that what
// one keeps, each of the others can.
//
// [Private] closes a folder to the machine's other users. [Portable] tells names that
// Windows could not keep: they are refused everywhere, since a data folder moves between
// machines.
package files

import (
	"fmt"
	"os"
	"strings"
)

// Private makes the folder if need be, and closes it to other users than its own, by
// what the system has for that.
func Private(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return closeToOthers(dir)
}

// devices are the names that Windows keeps for devices, whatever follows behind a dot
// and however they are written.
const devices = " con prn aux nul conin$ conout$ com0 com1 com2 com3 com4 com5 com6 com7 com8 com9 com¹ com² com³" +
	" lpt0 lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9 lpt¹ lpt² lpt³ "

// Portable fails for a name that a file or folder cannot have on every system. What it
// says of the name follows upon "is" or the like: it begins with the name.
func Portable(name string) error {
	base, _, _ := strings.Cut(name, ".")
	base = strings.ToLower(strings.TrimRight(base, " "))
	switch {
	case name == "" || strings.Trim(name, ".") == "":
		return fmt.Errorf("%q, which names no file", name)
	case !strings.Contains(base, " ") && strings.Contains(devices, " "+base+" "):
		return fmt.Errorf("%q, which Windows keeps for a device, so that the data folder could not move there; choose another, such as %s-1", name, base)
	case strings.HasSuffix(name, ".") || strings.HasSuffix(name, " "):
		return fmt.Errorf("%q, whose end Windows leaves out; choose one that ends with a letter or digit", name)
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || strings.ContainsRune(`<>:"/\|?*`, r) }):
		return fmt.Errorf("%q, in which is a character that Windows has in no name", name)
	}
	return nil
}
