//go:build unix

package bus

import (
	"golang.org/x/sys/unix"

	"github.com/millrace/millrace/internal/fault"
)

// Space returns the free and the total bytes of the file system that dir is on.
// dir must exist.
func Space(dir string) (free, total int64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, 0, fault.Wrap(fault.Unavailable, "bus: space", err, "The disk of %s cannot be asked for its space.", dir)
	}
	size := int64(st.Bsize)
	return int64(st.Bavail) * size, int64(st.Blocks) * size, nil
}
