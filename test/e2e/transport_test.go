//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/testkit"
)

// The transport of Windows and macOS, on whatever system this is.
func TestThePortableTransport(t *testing.T) {
	t.Setenv(testkit.TransportVariable, "portable")
	t.Run("says so", func(t *testing.T) {
		n := startNode(t, t.TempDir(), nil)
		if out := n.ctl(t, "status"); !strings.Contains(out, "transport portable") {
			t.Error(out)
		}
	})
}
