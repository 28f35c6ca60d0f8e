package config

import "testing"

func TestWhereClientsOfThisMachineComeInUnknown(t *testing.T) {
	for _, c := range []struct {
		anonymous, address string
		unix, proxied      bool
		want               bool
	}{
		{"loopback", "127.0.0.1:1883", false, false, true},
		{"loopback", "[::1]:1883", false, false, true},
		{"loopback", "localhost:1883", false, false, true},
		{"loopback", "/run/mqtt.sock", true, false, true},
		{"loopback", "127.0.0.1:1883", false, true, false},
		{"loopback", "/run/mqtt.sock", true, true, false},
		{"loopback", "0.0.0.0:1883", false, false, false},
		{"loopback", ":1883", false, false, false},
		{"never", "127.0.0.1:1883", false, false, false},
		{"never", "/run/mqtt.sock", true, false, false},
	} {
		a := Access{Anonymous: c.anonymous}
		if got := a.AnonymousLocal(c.address, c.unix, c.proxied); got != c.want {
			t.Errorf("%+v: %t", c, got)
		}
	}
}
