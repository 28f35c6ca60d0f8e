package config

import (
	"strings"
	"testing"
)

func TestProblemsOfListeners(t *testing.T) {
	for _, c := range []struct{ listener, says string }{
		{`{name: a, kind: tls, address: "127.0.0.1:0"}`, "mqtt.listeners[0].certificate_files: is empty; tls needs a certificate"},
		{`{name: a, kind: wss, address: "127.0.0.1:0", certificate_files: [a, b], key_files: [a]}`, "mqtt.listeners[0].key_files: has 1 items for 2 certificates"},
		{`{name: a, kind: tls, address: "127.0.0.1:0", certificate_files: [a], key_files: [a], staple_files: ["", b]}`, "staple_files: has more items"},
		{`{name: a, kind: tls, address: "127.0.0.1:0", certificate_files: [a], key_files: [a], client_certificate: required}`, "mqtt.listeners[0].client_ca_files: is empty"},
		{`{name: a, kind: tls, address: "127.0.0.1:0", certificate_files: [a], key_files: [a], tls_min: "1.3", tls_max: "1.2"}`, "tls_min: is 1.3, above tls_max, 1.2"},
		{`{name: a, kind: quic, address: "127.0.0.1:0"}`, "wants one of tcp, tls, ws, wss, unix"},
		{`{name: a, address: "8883"}`, "mqtt.listeners[0].address"},
		{`{address: "127.0.0.1:0"}`, "mqtt.listeners[0].name: is missing"},
		{`{name: default, address: "127.0.0.1:0"}`, "there is one of that name already"},
		{`{name: a, address: "127.0.0.1:0", zone: none}`, `mqtt.listeners[0].zone: is "none", and mqtt.zones has none of that name`},
		{`{name: a, address: "127.0.0.1:0", proxy_protocol: true}`, "mqtt.listeners[0].trusted_proxies: is empty"},
		{`{name: a, address: "127.0.0.1:0", trusted_proxies: [10.0.0.0/33]}`, `trusted_proxies[0]: is "10.0.0.0/33"`},
		{`{name: a, kind: unix, address: /s, socket_mode: "0999"}`, "socket_mode"},
		{`{name: a, kind: ws, address: "127.0.0.1:0", path: mqtt}`, "path"},
	} {
		found := strings.Join(problems(t, Sources{File: write(t, "m.yaml", "mqtt:\n  listeners:\n    - "+c.listener+"\n")}), "\n")
		if !strings.Contains(found, c.says) {
			t.Errorf("%s:\n%s\nwant %s", c.listener, found, c.says)
		}
	}
}

func TestListenersAreRead(t *testing.T) {
	c, _ := load(t, Sources{File: write(t, "m.yaml", `
mqtt:
  listen: ""
  zones:
    - {name: cameras, max_packet_size: 4MiB}
  listeners:
    - {name: a, kind: unix, address: /run/s, zone: cameras}
    - {name: b, kind: ws, address: "127.0.0.1:8083", trusted_proxies: [10.0.0.7, 10.1.0.0/16]}
`)})
	a, b := c.MQTT.Listeners[0], c.MQTT.Listeners[1]
	if a.TLS() || a.WebSocket() || a.Mode() != 0o660 || b.Path != "/mqtt" || !b.WebSocket() || b.TLSMin != "1.2" {
		t.Errorf("%+v\n%+v", a, b)
	}
	if p := b.Proxies(); len(p) != 2 || p[0].String() != "10.0.0.7/32" || p[1].String() != "10.1.0.0/16" {
		t.Errorf("%v", p)
	}
	if z := c.MQTT.Zones[0]; z.MaxPacketSize != 4<<20 || z.Subscriptions != 0 {
		t.Errorf("%+v", z)
	}
}
