//go:build !linux

package observe

func residentBytes() int64 { return 0 }
