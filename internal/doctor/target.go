package doctor

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// way is how MQTT is carried.
type way struct {
	tls, ws bool
	port    int
}

var ways = map[string]way{
	"mqtt": {port: 1883}, "tcp": {port: 1883}, "mqtts": {tls: true, port: 8883}, "ssl": {tls: true, port: 8883}, "tls": {tls: true, port: 8883},
	"ws": {ws: true, port: 8083}, "wss": {tls: true, ws: true, port: 8084},
}

// ParseTarget reads an address as people give it: HOST, HOST:PORT, or with mqtt://,
// mqtts://, ws:// or wss:// before it. Without one of these tls and ws say what is
// meant, and without them the usual ports do. Its error is a sentence for the user.
func ParseTarget(text string, tls, ws bool) (Target, error) {
	var t Target
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		scheme, rest = "", text
	}
	w, known := ways[scheme]
	if found && !known {
		return t, fmt.Errorf("%q is no way to MQTT; use mqtt://, mqtts://, ws:// or wss://", scheme+"://")
	}
	if !bareHost(rest) { // an IPv6 address without brackets holds colons only
		u, err := url.Parse("x://" + rest)
		if err != nil || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" {
			return t, fmt.Errorf("%q is no address; it wants HOST or HOST:PORT", text)
		}
		if u.User != nil {
			return t, fmt.Errorf("the address holds a user name; give it with --username")
		}
		t.Host, t.Path = u.Hostname(), u.Path
		if t.Port, err = portOf(u.Port()); err != nil {
			return t, err
		}
	} else {
		t.Host = rest
	}
	t.TLS, t.WebSocket = w.tls || tls, w.ws || ws
	if !found && !tls && !ws {
		t.TLS, t.WebSocket = t.Port == 8883 || t.Port == 8084, t.Port == 8083 || t.Port == 8084
	}
	t.Port = cmp.Or(t.Port, ways[t.Kind()].port)
	if t.Path != "" && t.Path != "/" && !t.WebSocket {
		return t, fmt.Errorf("%q has a path, which only ws:// and wss:// have", text)
	}
	return t, nil
}

// bareHost says whether the text is an IPv6 address as it is.
func bareHost(text string) bool {
	return strings.Count(text, ":") > 1 && net.ParseIP(text) != nil
}

func portOf(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 65535 {
		return 0, fmt.Errorf("%q is no port", text)
	}
	return n, nil
}
