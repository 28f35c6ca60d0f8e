package broker

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker/websocket"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/testkit/wsconn"
)

// A trusted proxy brings the WebSockets of many clients. Each client's address may have
// so many of them; the proxy's own has no limit, and an ended one makes room.
func TestConnectionsPerAddressBehindAWebSocketProxy(t *testing.T) {
	here := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	refused := make(chan Refusal, 10)
	b := start(t, Options{
		Listeners: []Listener{{WebSocket: &websocket.Options{}, Proxies: here, MaxPerAddress: 2, Anonymous: true}},
		Refused:   func(r Refusal) { refused <- r },
	})
	come := func(from string) (net.Conn, error) {
		nc, err := net.Dial("tcp", b.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = nc.Close() })
		_ = nc.SetDeadline(time.Now().Add(patience))
		return wsconn.Client(nc, "/mqtt", "X-Forwarded-For: "+from)
	}
	enters := func(from, id string) *raw {
		t.Helper()
		nc, err := come(from)
		if err != nil {
			t.Fatal(err)
		}
		c := &raw{t: t, nc: nc, version: packet.V5}
		c.enterAs(id)
		return c
	}
	first := enters("203.0.113.9", "one")
	enters("203.0.113.9", "two")
	enters("203.0.113.10", "another")
	if _, err := come("203.0.113.9"); err == nil || !strings.Contains(err.Error(), "429") {
		t.Errorf("a third one: %v", err)
	}
	if r := <-refused; r.Code != fault.AddressLimit || r.Address.String() != "203.0.113.9" {
		t.Errorf("%+v", r)
	}
	eventually(t, "it is counted", func() bool { return b.Stats().Refused[fault.AddressLimit] == 1 })
	first.send(&packet.Disconnect{})
	first.closed()
	eventually(t, "there is room again", func() bool {
		nc, err := come("203.0.113.9")
		if err == nil {
			_ = nc.Close()
		}
		return err == nil
	})
}
