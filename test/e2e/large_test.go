//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"net"
	"path/filepath"
	"testing"

	"github.com/eclipse/paho.golang/paho"
)

// A listener may take larger packets than the others do; the log keeps them as well.
func TestWhatALargerZoneTakesIsKept(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "mqtt.sock")
	n := startNode(t, t.TempDir(), []string{
		`MILLRACE_MQTT__ZONES=[{"name": "cameras", "max_packet_size": "7MiB"}]`,
		fmt.Sprintf(`MILLRACE_MQTT__LISTENERS=[{"name": "cameras", "kind": "unix", "address": %q, "zone": "cameras"}]`, socket),
	})
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	c := paho.NewClient(paho.ClientConfig{Conn: conn})
	if _, err := c.Connect(t.Context(), &paho.Connect{ClientID: "camera", KeepAlive: 60, CleanStart: true}); err != nil {
		t.Fatal(err)
	}
	image := bytes.Repeat([]byte("x"), 7<<20-100)
	if _, err := c.Publish(t.Context(), &paho.Publish{Topic: "camera/1", QoS: 1, Payload: image}); err != nil {
		t.Errorf("%d bytes: %v\n%s", len(image), err, n.output())
	}
}
