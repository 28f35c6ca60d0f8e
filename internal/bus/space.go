package bus

// FreeSpace returns the bytes that this process may still write below dir.
func FreeSpace(dir string) (int64, error) {
	free, _, err := Space(dir)
	return free, err
}
