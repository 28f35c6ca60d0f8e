package config

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/files"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

// checker collects what is wrong between keys that are each well-formed.
type checker struct {
	origins  *Origins
	bad      doubts
	problems []Problem
}

// problem notes one, unless the key has a problem of its own already.
func (k *checker) problem(key, message string, args ...any) {
	if k.bad[key] {
		return
	}
	k.problems = append(k.problems, k.origins.Problem(key, fmt.Sprintf(message, args...)))
}

// check looks at what no single key can say. What depends on a key that is in doubt
// is left out, all the rest is looked at.
func check(c *Config, o *Origins, bad doubts) []Problem {
	k := &checker{origins: o, bad: bad}
	k.addresses(c)
	if !bad["mqtt.listeners"] {
		k.listeners(c)
	}
	if !bad["streams"] {
		k.streams(c.Streams)
		k.storage(c)
	}
	k.historian(c)
	k.topics(&c.MQTT.Topics)
	if c.MQTT.KeepAliveMax%time.Second != 0 {
		k.problem("mqtt.keep_alive_max", "has to be whole seconds")
	}
	if c.HTTP.SessionIdle > c.HTTP.SessionLifetime && !bad["http.session_lifetime"] {
		k.problem("http.session_idle", "is longer than http.session_lifetime, %s", formatDuration(c.HTTP.SessionLifetime))
	}
	if c.Backup.Folder == "" && (c.Backup.Every > 0 || c.Backup.At != "") {
		k.problem("backup.folder", "is empty, and back-ups are to be made by schedule: name a folder")
	}
	if strings.TrimSpace(c.Data) == "" {
		k.problem("data", "must not be empty")
	}
	return k.problems
}

func (k *checker) addresses(c *Config) {
	if c.MQTT.Listen == "" && len(c.MQTT.Listeners) > 0 {
		return
	}
	_, mqttPort, ok := k.address("mqtt.listen", c.MQTT.Listen)
	_, httpPort, ok2 := k.address("http.listen", c.HTTP.Listen)
	if ok && ok2 && mqttPort != "0" && mqttPort == httpPort {
		k.problem("http.listen", "has the port of mqtt.listen, %s", mqttPort)
	}
}

// address splits host:port; a port is a number from 0, where 0 lets the system pick.
func (k *checker) address(key, addr string) (host, port string, ok bool) {
	if k.bad[key] {
		return "", "", false
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		k.problem(key, "is %q; it wants host:port, such as 127.0.0.1:1883 or [::1]:1883", shorten(addr))
		return "", "", false
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
		k.problem(key, "has the port %q; it wants a number from 0 to 65535", shorten(port))
		return "", "", false
	}
	if strings.ContainsAny(host, " /@") {
		k.problem(key, "has the host %q, which is none", shorten(host))
		return "", "", false
	}
	return host, port, true
}

// loopback reports whether only this machine reaches the host. Names other than
// localhost may resolve to anything, so they do not count.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}

// reserved are stream names that the product keeps for itself.
var reserved = []string{"sessions", "journal"}

func (k *checker) streams(list []Stream) {
	first, everything := map[string]int{}, ""
	for i, s := range list {
		key := fmt.Sprintf("streams[%d]", i)
		k.stream(key, s)
		if n, twice := first[s.Name]; twice && s.Name != "" {
			k.problem(key+".name", "is %q, as is streams[%d].name", s.Name, n)
		}
		first[s.Name] = i
		if everything != "" {
			k.problem(key, "never gets a message: %s stands before it and takes every topic; move it up", everything)
		} else if slices.Contains(s.Filters, "#") {
			everything = cmp.Or(s.Name, key)
		}
	}
}

func (k *checker) stream(key string, s Stream) {
	if slices.Contains(reserved, s.Name) {
		k.problem(key+".name", "is %q, which the node keeps for itself", s.Name)
	}
	if err := files.Portable(s.Name); s.Name != "" && err != nil {
		k.problem(key+".name", "is %v", err)
	}
	for j, f := range s.Filters {
		at := fmt.Sprintf("%s.filters[%d]", key, j)
		if err := topic.ValidFilter([]byte(f)); err != nil {
			k.problem(at, "is %q: %s", shorten(f), fault.UserMessage(err))
		}
		if strings.HasPrefix(f, "$") {
			k.problem(at, "is %q; topics that begin with $ are never kept", shorten(f))
		}
	}
}

func (k *checker) storage(c *Config) {
	sum, room := Size(0), c.Storage.Room()
	if k.bad["storage.max_bytes"] {
		return
	}
	for i, s := range c.Streams {
		if key := fmt.Sprintf("streams[%d]", i); k.bad[key] || k.bad[key+".max_bytes"] {
			continue
		}
		if sum += s.MaxBytes; room > 0 && (sum > room || sum < 0) {
			k.problem("streams", "have max_bytes that add up to more than %s, seven eighths of storage.max_bytes", room)
			return
		}
	}
}

func (k *checker) historian(c *Config) {
	// The name that cannot be read may be the one that is meant.
	if s := c.Historian.Stream; s != "" && !k.bad["streams"] && !c.hasStream("") && !c.hasStream(s) {
		k.problem("historian.stream", "is %q, and there is no such stream%s", s, streamHint(s, c.Streams))
	}
}

func streamHint(name string, list []Stream) string {
	names := make([]string, len(list))
	for i, s := range list {
		names[i] = s.Name
	}
	if n := nearest(name, names); n != "" {
		return fmt.Sprintf(" (did you mean %s?)", n)
	}
	return ""
}
