//go:build console

package console

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// FS returns the built console: index.html at its root.
func FS() fs.FS {
	root, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("BUG: console: " + err.Error())
	}
	return root
}
