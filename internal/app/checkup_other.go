//go:build !linux

package app

// fileLimitOf is not known of other processes here.
func fileLimitOf(string) uint64 { return 0 }

// synchronised is not known here.
func synchronised() (known, is bool) { return false, false }
