package packet

// mostSpare is how many elements of a list are kept for the next packet.
const mostSpare = 1024

// spare is what a list leaves for the next packet. One large packet must not hold its
// memory for as long as its connection's loop runs.
func spare[T any](s []T) []T {
	if cap(s) > mostSpare {
		return nil
	}
	return s[:0]
}
