package app

import (
	"crypto/tls"
	"log/slog"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/config"
)

func TestAZoneSaysWhatIsOtherThanForAll(t *testing.T) {
	a := &App{log: slog.New(slog.DiscardHandler), cfg: &config.Config{MQTT: config.MQTT{
		Listen: "127.0.0.1:1883", MaxConnections: 1000, MaxPacketSize: 1 << 20, ReceiveMaximum: 10, ConnectTimeout: time.Second,
		Zones:  []config.Zone{{Name: "cameras", MaxPacketSize: 4 << 20, Limits: config.ZoneLimits{Client: config.ZoneRates{Messages: 5}}}},
		Limits: config.Limits{Client: config.Rates{Messages: 500, Bytes: 1 << 20}},
		Listeners: []config.Listener{
			{Name: "cameras", Kind: "wss", Zone: "cameras", Path: "/cameras", CertificateFiles: []string{"c1", "c2"}, KeyFiles: []string{"k1", "k2"}, StapleFiles: []string{"s1"}, TLSMin: "1.3", TLSMax: "1.3", SocketMode: "0660"},
			{Name: "plain", Kind: "tcp", MaxConnections: 5, SocketMode: "0660"},
		},
	}}}
	all := a.listeners()
	if len(all) != 3 || all[0].Name != "default" || all[0].Zone != nil || all[2].MaxConnections != 5 || all[2].Kind() != "tcp" {
		t.Fatalf("%+v", all)
	}
	c := all[1]
	if c.Zone.MaxPacketSize != 4<<20 || c.Zone.ReceiveMaximum != 10 || c.Zone.ConnectTimeout != time.Second || c.MaxConnections != 1000 {
		t.Errorf("%+v", c.Zone)
	}
	if r := c.Zone.Rates; r.Messages.PerSecond != 5 || r.Bytes.PerSecond != 1<<20 {
		t.Errorf("%+v", r)
	}
	if c.Kind() != "wss" || c.WebSocket.Path != "/cameras" || len(c.TLS.Pairs) != 2 || c.TLS.Pairs[0].Staple != "s1" || c.TLS.MinVersion != tls.VersionTLS13 {
		t.Errorf("%+v", c)
	}
}

func TestReasonStringsMayBeLeftOut(t *testing.T) {
	for _, on := range []bool{true, false} {
		c := &config.MQTT{Access: config.Access{ReasonStrings: on}}
		if z := zone(c); z.NoReasons == on {
			t.Errorf("reason_strings: %v, and the broker has NoReasons %v", on, z.NoReasons)
		}
	}
}

// Who sets no number of connections gets what the system can carry.
func TestConnectionsFitTheOpenFiles(t *testing.T) {
	for _, c := range []struct {
		set   int
		files uint64
		want  int
	}{{0, 0, 100_000}, {0, 1 << 62, 100_000}, {0, 20_000, 19_800}, {0, 256, 100}, {0, 100_200, 100_000}, {0, 100_199, 99_999}, {50_000, 1024, 50_000}} {
		if got := connections(c.set, c.files); got != c.want {
			t.Errorf("%d set, %d files: %d", c.set, c.files, got)
		}
	}
}
