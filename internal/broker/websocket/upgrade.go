package websocket

import (
	"bufio"
	"bytes"
	"crypto/sha1" //nolint:gosec // RFC 6455 asks for it; nothing secret depends on it
	"encoding/base64"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/millrace/millrace/internal/fault"
)

// accepted is what RFC 6455, 1.3 has hashed with the client's key.
const accepted = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// request collects the request's head and answers it; rest is what came behind.
func (c *Codec) request(wire []byte) (rest []byte) {
	before := len(c.head)
	c.head = append(c.head, wire...)
	end := bytes.Index(c.head[max(0, before-3):], []byte("\r\n\r\n"))
	if end < 0 {
		end = len(c.head)
	} else {
		end += max(0, before-3) + 4
	}
	switch {
	case end > c.options.MaxHead:
		c.tooLarge()
		return nil
	case !plain(c.head[min(before, end):end]):
		c.refuse(http.StatusBadRequest, "", "What came is no WebSocket request")
		return nil
	case !bytes.HasSuffix(c.head[:end], []byte("\r\n\r\n")):
		return nil
	}
	rest = wire[len(wire)-(len(c.head)-end):]
	head := c.head[:end]
	c.head = nil
	r, err := http.ReadRequest(bufio.NewReaderSize(bytes.NewReader(head), len(head)))
	if err != nil {
		c.refuse(http.StatusBadRequest, "", "The request is no HTTP")
		return nil
	}
	c.answer(r)
	return rest
}

// plain says whether b can be part of a request's head.
func plain(b []byte) bool {
	return !bytes.ContainsFunc(b, func(r rune) bool { return r < ' ' && r != '\r' && r != '\n' && r != '\t' || r > '~' })
}

func (c *Codec) tooLarge() {
	c.refuse(http.StatusRequestHeaderFieldsTooLarge, "", "The request's head is too large")
}

// answer grants the request or refuses it.
func (c *Codec) answer(r *http.Request) {
	protocol := subprotocol(r.Header)
	if c.options.Trusted != nil {
		c.client = forwarded(r.Header, c.peer, c.options.Trusted)
	}
	key, err := base64.StdEncoding.DecodeString(r.Header.Get("Sec-WebSocket-Key"))
	switch {
	case r.URL.Path != c.options.Path:
		c.refuse(http.StatusNotFound, "", "There is no MQTT at this path")
	case r.Method != http.MethodGet:
		c.refuse(http.StatusMethodNotAllowed, "Allow: GET\r\n", "WebSocket begins with GET")
	case !has(r.Header, "Connection", "upgrade") || !has(r.Header, "Upgrade", "websocket") || !r.ProtoAtLeast(1, 1):
		c.refuse(http.StatusUpgradeRequired, "Connection: Upgrade\r\nUpgrade: websocket\r\n", "Here is MQTT over WebSocket")
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		c.refuse(http.StatusUpgradeRequired, "Sec-WebSocket-Version: 13\r\n", "Only version 13 of WebSocket is spoken here")
	case err != nil || len(key) != 16:
		c.refuse(http.StatusBadRequest, "", "Sec-WebSocket-Key is not valid")
	case protocol == "": // [MQTT-6.0.0-3]
		c.refuse(http.StatusBadRequest, "", "The client has to offer the subprotocol mqtt [MQTT-6.0.0-3]")
	case !c.options.admits(r):
		c.refuse(http.StatusForbidden, "", "Web pages of this origin may not connect")
	case c.enter() != nil:
	default:
		c.grant(r, protocol)
	}
}

// enter counts the client that a proxy names, or refuses it.
func (c *Codec) enter() error {
	if c.options.Enter == nil || !c.client.IsValid() {
		return nil
	}
	err := c.options.Enter(c.client.Addr())
	if err == nil {
		c.entered.Store(true)
	} else {
		c.refuse(http.StatusTooManyRequests, "", "Too many connections from one address")
		c.err = err
	}
	return err
}

func (c *Codec) grant(r *http.Request, protocol string) {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + accepted)) //nolint:gosec // as above
	c.owed = fmt.Appendf(c.owed, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: %s\r\n\r\n", base64.StdEncoding.EncodeToString(sum[:]), protocol) // [MQTT-6.0.0-4]
	c.open, c.abroad = true, passedOn(r.Header) || c.options.byName(r)
}

// refuse owes an HTTP answer in plain text.
func (c *Codec) refuse(status int, headers, why string) {
	c.owed = fmt.Appendf(c.owed, "HTTP/1.1 %d %s\r\n%sContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s.\n",
		status, http.StatusText(status), headers, len(why)+2, why)
	c.head, c.err = nil, fault.New(fault.WebSocket, "%s (HTTP status %d).", why, status)
}

// subprotocol is the first of the client's that is spoken here.
func subprotocol(h http.Header) string {
	for _, p := range tokens(h, "Sec-WebSocket-Protocol") {
		if p == "mqtt" || p == "mqttv3.1" {
			return p
		}
	}
	return ""
}

func has(h http.Header, name, token string) bool {
	return slices.ContainsFunc(tokens(h, name), func(s string) bool { return strings.EqualFold(s, token) })
}

func tokens(h http.Header, name string) (all []string) {
	for _, line := range h.Values(name) {
		for t := range strings.SplitSeq(line, ",") {
			all = append(all, strings.TrimSpace(t))
		}
	}
	return all
}

// admits says whether the page that connects may.
func (o *Options) admits(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(o.Origins, "*") {
		return true
	}
	if slices.ContainsFunc(o.Origins, func(s string) bool { return strings.EqualFold(s, origin) }) {
		return true
	}
	from, err := url.Parse(origin)
	if err != nil || from.Hostname() == "" {
		return false
	}
	here := url.URL{Host: r.Host}
	return strings.EqualFold(from.Hostname(), here.Hostname())
}

// byName says whether a web page has sent the request to a name that may be anybody's. One
// whose origin is configured is trusted.
func (o *Options) byName(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.ContainsFunc(o.Origins, func(s string) bool { return strings.EqualFold(s, origin) }) {
		return false
	}
	host := strings.ToLower(strings.TrimSuffix((&url.URL{Host: r.Host}).Hostname(), "."))
	_, err := netip.ParseAddr(host)
	return err != nil && host != "localhost" && !strings.HasSuffix(host, ".localhost")
}

// passedOn says whether a proxy left its mark on the request.
func passedOn(h http.Header) bool {
	return slices.ContainsFunc([]string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via"},
		func(mark string) bool { return len(h.Values(mark)) > 0 })
}

// forwarded is the address nearest to us that no trusted proxy has: each proxy
// appends the one it has heard, so what stands further left may be invented.
func forwarded(h http.Header, peer netip.Addr, trusted func(netip.Addr) bool) (client netip.AddrPort) {
	if !trusted(peer) {
		return netip.AddrPort{}
	}
	hops := tokens(h, "X-Forwarded-For")
	for _, hop := range slices.Backward(hops) {
		a, ok := address(hop)
		if !ok {
			return client
		}
		client = a
		if !trusted(a.Addr()) {
			return client
		}
	}
	return client
}

// address reads one hop, which may have a port.
func address(hop string) (netip.AddrPort, bool) {
	if ap, err := netip.ParseAddrPort(hop); err == nil {
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()), true
	}
	a, err := netip.ParseAddr(strings.Trim(hop, "[]"))
	return netip.AddrPortFrom(a.Unmap(), 0), err == nil
}

// WithDefaults returns the options with every bound set.
func (o Options) WithDefaults() *Options {
	if o.Path == "" {
		o.Path = DefaultPath
	}
	if o.MaxHead == 0 {
		o.MaxHead = defaultMaxHead
	}
	if o.MaxFrame == 0 {
		o.MaxFrame = defaultMaxFrame
	}
	return &o
}
