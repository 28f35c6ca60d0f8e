package people

import (
	"slices"

	"github.com/millrace/millrace/internal/fault"
)

// The roles. Each may do what those below it may.
const (
	// Viewer reads.
	Viewer = "viewer"
	// Operator also publishes.
	Operator = "operator"
	// Administrator does everything.
	Administrator = "administrator"
)

func checkRole(role string) error {
	if !slices.Contains([]string{Viewer, Operator, Administrator}, role) {
		return fault.New(fault.Invalid, "The role %q is none of viewer, operator, administrator.", role)
	}
	return nil
}
