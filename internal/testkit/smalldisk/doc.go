// Package smalldisk gives tests a file system of a few megabytes that they may fill
// (Linux only). It is for tests alone.
package smalldisk
