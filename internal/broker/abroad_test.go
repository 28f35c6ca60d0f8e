package broker

import (
	"testing"

	"github.com/millrace/millrace/internal/broker/websocket"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/testkit/wsconn"
)

// A web page on this machine's browser is not this machine's when its host is a name that
// anybody could let lead here, nor is what a proxy here has passed on. Who shows a name comes in.
func TestAWebPageThatWasLedHereIsNotOfThisMachine(t *testing.T) {
	trusts := &websocket.Options{Origins: []string{"http://dashboard.example"}}
	b := start(t, Options{Authenticator: strict{}, Listeners: []Listener{{WebSocket: trusts, AnonymousLocal: true}}})
	for _, c := range []struct {
		says  string
		lines []string
		in    bool
	}{
		{"a program", nil, true},
		{"a page of this machine", []string{"Host: localhost:8083", "Origin: http://localhost:18083"}, true},
		{"a page by an address", []string{"Host: 127.0.0.1:8083", "Origin: http://127.0.0.1:18083"}, true},
		{"a page by IPv6", []string{"Host: [::1]:8083", "Origin: http://[::1]:18083"}, true},
		{"a page by a name that leads here", []string{"Host: rebound.example:8083", "Origin: http://rebound.example:8083"}, false},
		{"a name that begins well", []string{"Host: localhost.rebound.example", "Origin: http://localhost.rebound.example"}, false},
		{"a page that is allowed", []string{"Host: plant:8083", "Origin: http://dashboard.example"}, true},
		{"a proxy", []string{"X-Forwarded-For: 127.0.0.1"}, false},
		{"another proxy", []string{"Via: 1.1 gate"}, false},
	} {
		r := dial(t, b, packet.V5)
		nc, err := wsconn.Client(r.nc, "/mqtt", c.lines...)
		if err != nil {
			t.Fatal(c.says, err)
		}
		r.nc = nc
		r.write(connectBytes(packet.V5, c.says, nil))
		if in := expect[*packet.Connack](r).Reason == packet.Success; in != c.in {
			t.Errorf("%s: in %t", c.says, in)
		}
	}
}
