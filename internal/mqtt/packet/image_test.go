package packet

import "testing"

// The identifier of an encoded PUBLISH lies where AppendImage said, and only a length that
// is written in too many bytes is not the shortest.
func TestAnImageTellsOfItself(t *testing.T) {
	for _, v := range []Version{V311, V5} {
		for qos := range byte(3) {
			for _, size := range []int{0, 100, 200, 20_000} {
				p := Publish{Topic: []byte("a/topic"), Payload: make([]byte, size), QoS: qos, ID: uint16(min(qos, 1)) * 7}
				b, at := p.AppendImage(nil, v)
				if got := ImageID(b); got != at || !Shortest(b) {
					t.Errorf("QoS %d of %d bytes: %d, want %d; shortest: %v", qos, size, got, at, Shortest(b))
				}
			}
		}
	}
	long := append([]byte{0x30, 0x85, 0}, 0, 3, 'a', '/', 'b')
	if Shortest(long) {
		t.Error("a length with a byte too many is the shortest")
	}
	if err := new(Publish).Decode(long, V311); err != nil {
		t.Error(err)
	}
}
