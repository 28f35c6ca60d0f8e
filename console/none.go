//go:build !console

package console

import "io/fs"

// FS returns nil: this binary was built without the console.
func FS() fs.FS { return nil }
