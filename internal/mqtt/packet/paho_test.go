package packet

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/eclipse/paho.golang/packets"
)

// pahoGaps are vectors that paho.golang v0.23.0 does not carry, by their reason.
var pahoGaps = []string{
	"will with delay and expiry", // it leaves out the will's expiry
	"identifiers, format",        // it keeps one subscription identifier
	": DISCONNECT",               // it wants a reason code
}

// An independent codec reads every MQTT 5 vector and writes it again, in its own
// order of properties: it must still be the same packet to us.
func TestPahoReadsTheSame(t *testing.T) {
	for _, c := range vectors(t) {
		gap := slices.ContainsFunc(pahoGaps, func(s string) bool { return strings.HasSuffix(c.why, s) })
		if c.v != V5 || c.verdict != "=" || gap {
			continue
		}
		theirs, err := packets.ReadPacket(bytes.NewReader(c.b))
		if err != nil {
			t.Errorf("%s: paho: %v", c.why, err)
			continue
		}
		var out bytes.Buffer
		if _, err := theirs.WriteTo(&out); err != nil {
			t.Errorf("%s: paho: %v", c.why, err)
			continue
		}
		ours, _ := Decode(c.b, V5)
		got, err := Decode(out.Bytes(), V5)
		if err != nil {
			t.Errorf("%s: paho wrote %x: %v", c.why, out.Bytes(), err)
			continue
		}
		if a, b := fmt.Sprintf("%+v", plain(ours)), fmt.Sprintf("%+v", plain(got)); a != b {
			t.Errorf("%s:\n we read %s\npaho read %s", c.why, a, b)
		}
	}
}
