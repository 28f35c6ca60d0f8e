//go:build !linux

package bench

// layers are Linux's alone: elsewhere a connection is a stream with its layers.
type layers struct{}
