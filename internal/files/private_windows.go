package files

import "golang.org/x/sys/windows"

// closeToOthers gives the folder an access list of its own, which all in it inherits. One
// that inherits nothing stays as it is: somebody has chosen it.
func closeToOthers(dir string) error {
	now, err := windows.GetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil || chosen(now) {
		return err
	}
	own, err := ownersAlone()
	if err != nil {
		return err
	}
	list, _, err := own.DACL()
	if err != nil {
		return err
	}
	return windows.SetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT,
		windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, list, nil)
}

// chosen says whether the access list inherits nothing from the folder above.
func chosen(s *windows.SECURITY_DESCRIPTOR) bool {
	control, _, err := s.Control()
	return err == nil && control&windows.SE_DACL_PROTECTED != 0
}

// ownersAlone lets the system, the administrators and the user of this process do
// everything, and nobody else anything.
func ownersAlone() (*windows.SECURITY_DESCRIPTOR, error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, err
	}
	return windows.SecurityDescriptorFromString("D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;" + user.User.Sid.String() + ")")
}
