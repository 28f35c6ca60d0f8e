//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/testkit"
)

// The transport of Windows and macOS serves every client library, over TCP, TLS and
// WebSocket, closes who breaks the protocol and loses nothing when the node is killed.
// MILLRACE_TEST_TRANSPORT=portable runs all other stories over it.
func TestThePortableTransport(t *testing.T) {
	t.Setenv(testkit.TransportVariable, "portable")
	for _, story := range []struct {
		name string
		tell func(*testing.T)
	}{
		{"it is the one that is asked for", theTransportIsShown},
		{"mosquitto", TestMosquittoClients},
		{"paho.mqtt.golang", TestPahoThree},
		{"paho.golang", TestPahoFive},
		{"mqtt.js", TestMQTTjs},
		{"Python", TestPythonPaho},
		{"TLS", TestMosquittoOverTLS},
		{"new keys of TLS", TestAClientUpdatesItsKeys},
		{"TLS and WebSocket", TestPahoThreeOverEveryTransport},
		{"broken packets", TestBrokenPacketsCloseTheirConnectionAlone},
		{"kills", someKills},
	} {
		t.Run(story.name, story.tell)
	}
}

func theTransportIsShown(t *testing.T) {
	n := startNode(t, t.TempDir(), nil)
	if out := n.ctl(t, "status"); !strings.Contains(out, "transport portable") {
		t.Error(out)
	}
}

func someKills(t *testing.T) {
	t.Setenv("MILLRACE_TEST_KILLS", "5")
	TestSessionsSurviveKills(t)
}
