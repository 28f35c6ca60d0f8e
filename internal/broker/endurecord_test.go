package broker

import (
	"testing"

	"github.com/millrace/millrace/internal/msg"
)

// A record of the streams' names that is cut off is read to its end, not for ever.
func TestNamesThatAreCutOffEnd(t *testing.T) {
	var r recovery
	r.Record(&msg.Message{Topic: []byte{kindStreams}, Payload: []byte("\x09telemetry\x08sess")})
	if len(r.names) == 0 || r.names[0] != "telemetry" {
		t.Errorf("%q", r.names)
	}
}
