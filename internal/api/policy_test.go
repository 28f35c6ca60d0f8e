package api

import "testing"

func TestThePolicyLetsTheConsoleReachMQTTOnItsOwnHostOnly(t *testing.T) {
	for host, want := range map[string]string{
		"mill.example:18083":   "; connect-src 'self' ws://mill.example:* wss://mill.example:*",
		"127.0.0.1:18083":      "; connect-src 'self' ws://127.0.0.1:* wss://127.0.0.1:*",
		"mill":                 "; connect-src 'self' ws://mill:* wss://mill:*",
		"[::1]:18083":          "",
		"":                     "",
		"a; script-src *":      "",
		"a b:80":               "",
		"x\r\nSet-Cookie: y=z": "",
	} {
		if got := connectTo(host); got != want {
			t.Errorf("%q: %q, not %q", host, got, want)
		}
	}
}
