package broker

import (
	"reflect"
	"testing"
	"unsafe"

	"github.com/millrace/millrace/internal/broker/session"
)

// A connection with its session is to take 512 bytes before it subscribes: a Conn of
// 128, a client of 256, and the rest for its identifier, the client map, the table of
// the loop and a timer. Both bounds are size classes of Go's.
func TestClientIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(client{}); size > 256 {
		t.Errorf("a client takes %d bytes", size)
	}
	if size := unsafe.Sizeof(session.Session{}); size > 104 {
		t.Errorf("of them a session %d", size)
	}
}

// mustBeEmpty panics when somebody has written to what all clients share.
func mustBeEmpty() {
	for _, v := range []any{*noSeldom, *noAccess, *noAfter} {
		if !reflect.ValueOf(v).IsZero() {
			panic("a client has changed what all share")
		}
	}
}
