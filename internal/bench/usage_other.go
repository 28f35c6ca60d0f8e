//go:build !linux

package bench

import "errors"

// processUsage is there on Linux alone.
func processUsage(int) (usage, error) {
	return usage{}, errors.New("bench: another process can be measured on Linux only")
}
