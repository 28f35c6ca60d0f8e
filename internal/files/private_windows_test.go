package files

import (
	"path/filepath"
	"slices"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"
)

// granted are those whom the folder's access list lets in.
func granted(t *testing.T, dir string) (who []string) {
	t.Helper()
	s, err := windows.GetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := s.DACL()
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint32(list.AceCount) {
		var e *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(list, i, &e); err != nil {
			t.Fatal(err)
		}
		if e.Header.AceType == windows.ACCESS_ALLOWED_ACE_TYPE && e.Mask != 0 {
			who = append(who, (*windows.SID)(unsafe.Pointer(&e.SidStart)).String())
		}
	}
	return who
}

// user is who runs this process.
func user(t *testing.T) string {
	t.Helper()
	u, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		t.Fatal(err)
	}
	return u.User.Sid.String()
}

const (
	everyone       = "S-1-1-0"
	system         = "S-1-5-18"
	administrators = "S-1-5-32-544"
)

// let sets the folder's access list and nothing else.
func let(t *testing.T, dir, list string) {
	t.Helper()
	s, err := windows.SecurityDescriptorFromString(list)
	if err != nil {
		t.Fatal(err)
	}
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		t.Fatal(err)
	}
	h, err := windows.CreateFile(path, windows.WRITE_DAC, 0, nil, windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer windows.CloseHandle(h)
	if err := windows.SetKernelObjectSecurity(h, windows.DACL_SECURITY_INFORMATION, s); err != nil {
		t.Fatal(err)
	}
}

func TestAFolderIsForItsUserTheSystemAndTheAdministrators(t *testing.T) {
	dir := t.TempDir()
	let(t, filepath.Dir(dir), "D:(A;OICI;FA;;;"+user(t)+")") // Wine adds what this lets in, protected or not
	for range 2 {
		let(t, dir, "D:(A;OICI;FA;;;WD)")
		if !slices.Contains(granted(t, dir), everyone) {
			t.Fatal("the folder could not be opened to everyone")
		}
		if err := Private(dir); err != nil {
			t.Fatal(err)
		}
		who := granted(t, dir)
		if len(who) == 0 {
			t.Error("nobody may do anything")
		}
		for _, sid := range who {
			if sid != system && sid != administrators && sid != user(t) {
				t.Errorf("%s is let in", sid)
			}
		}
	}
}

func TestTheAccessListIsProtectedAndInherited(t *testing.T) {
	s, err := ownersAlone()
	if err != nil {
		t.Fatal(err)
	}
	if !chosen(s) {
		t.Error("it inherits from the folder above")
	}
	list, _, err := s.DACL()
	if err != nil || list.AceCount != 3 {
		t.Fatalf("%+v, %v", list, err)
	}
	for i := range uint32(list.AceCount) {
		var e *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(list, i, &e); err != nil {
			t.Fatal(err)
		}
		const below = windows.OBJECT_INHERIT_ACE | windows.CONTAINER_INHERIT_ACE
		if e.Header.AceFlags&below != below || e.Mask != 0x1f01ff {
			t.Errorf("entry %d: flags %x, rights %x", i, e.Header.AceFlags, e.Mask)
		}
	}
}

func TestAListThatInheritsNothingWasChosen(t *testing.T) {
	for text, want := range map[string]bool{"D:P(A;OICI;FA;;;WD)": true, "D:(A;OICI;FA;;;WD)": false, "D:AI(A;OICIID;FA;;;WD)": false} {
		s, err := windows.SecurityDescriptorFromString(text)
		if err != nil {
			t.Fatal(err)
		}
		if chosen(s) != want {
			t.Errorf("%s: %v", text, !want)
		}
	}
}
