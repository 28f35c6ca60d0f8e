package config

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

// checker collects what is wrong between keys that are each well-formed.
type checker struct {
	origins *Origins
	// bad holds the outer keys that have a problem of their own: what depends on
	// them is not looked at.
	bad      map[string]bool
	problems []Problem
}

func (k *checker) problem(key, message string, args ...any) {
	at := k.origins.placeOf(key)
	p := Problem{Source: at.name, Key: key, Message: fmt.Sprintf(message, args...)}
	if at.file {
		p.File, p.Line = at.name, at.line
	}
	k.problems = append(k.problems, p)
}

// check looks at what no single key can say.
func check(c *Config, o *Origins, known []Problem) []Problem {
	k := &checker{origins: o, bad: map[string]bool{}}
	for _, p := range known {
		outer, _, _ := strings.Cut(p.Key, "[")
		k.bad[outer] = true
	}
	k.addresses(c)
	k.streams(c.Streams)
	k.historian(c)
	k.storage(c)
	if c.MQTT.KeepAliveMax%time.Second != 0 {
		k.problem("mqtt.keep_alive_max", "has to be whole seconds")
	}
	if c.HTTP.SessionIdle > c.HTTP.SessionLifetime {
		k.problem("http.session_idle", "is longer than http.session_lifetime, %s", formatDuration(c.HTTP.SessionLifetime))
	}
	if strings.TrimSpace(c.Data) == "" {
		k.problem("data", "must not be empty")
	}
	return k.problems
}

func (k *checker) addresses(c *Config) {
	host, mqttPort, ok := k.address("mqtt.listen", c.MQTT.Listen)
	if ok && !loopback(host) {
		k.problem("mqtt.listen", "is %s, which others can reach, while no authentication is configured: every client would be let in. Listen on a loopback address, such as 127.0.0.1:%s", c.MQTT.Listen, mqttPort)
	}
	_, httpPort, ok2 := k.address("http.listen", c.HTTP.Listen)
	if ok && ok2 && mqttPort != "0" && mqttPort == httpPort {
		k.problem("http.listen", "has the port of mqtt.listen, %s", mqttPort)
	}
}

// address splits host:port; a port is a number from 0, where 0 lets the system pick.
func (k *checker) address(key, addr string) (host, port string, ok bool) {
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
var reserved = []string{"sessions"}

// The least bounds with which the log still works: it has to hold several entries
// of the largest packets.
const (
	minStream  = 16 << 20
	minStorage = 64 << 20
)

// maxStreams bounds the list; every stream costs a store of its own.
const maxStreams = 64

func (k *checker) streams(list []Stream) {
	if len(list) > maxStreams {
		k.problem("streams", "has %d streams; %d are allowed", len(list), maxStreams)
	}
	first, everything := map[string]int{}, ""
	for i, s := range list {
		key := fmt.Sprintf("streams[%d]", i)
		k.stream(key, s)
		if n, twice := first[strings.ToLower(s.Name)]; twice && s.Name != "" {
			k.problem(key+".name", "is %q, as is streams[%d].name; names differ by more than case", s.Name, n)
		}
		first[strings.ToLower(s.Name)] = i
		if everything != "" {
			k.problem(key, "never gets a message: %s stands before it and takes every topic; move it up", everything)
		} else if slices.Contains(s.Filters, "#") {
			everything = s.Name
		}
	}
}

func (k *checker) stream(key string, s Stream) {
	if slices.Contains(reserved, s.Name) {
		k.problem(key+".name", "is %q, which the node keeps for itself", s.Name)
	}
	if s.Name != "" && len(s.Filters) == 0 {
		k.problem(key+".filters", "is empty, so the stream would keep nothing")
	}
	if s.MaxAge > 0 && s.MaxAge < time.Second {
		k.problem(key+".max_age", "is %s; it wants 1s at least, or 0 for no limit", formatDuration(s.MaxAge))
	}
	k.atLeast(key+".max_bytes", s.MaxBytes, minStream)
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
	k.atLeast("storage.max_bytes", c.Storage.MaxBytes, minStorage)
	sum, room := Size(0), c.Storage.room()
	for _, s := range c.Streams {
		if sum += s.MaxBytes; room > 0 && (sum > room || sum < 0) {
			k.problem("streams", "have max_bytes that add up to more than %s, seven eighths of storage.max_bytes", room)
			return
		}
	}
}

// atLeast refuses sizes that are neither no limit nor enough to work with.
func (k *checker) atLeast(key string, s, least Size) {
	if s > 0 && s < least {
		k.problem(key, "is %s; it wants %s at least, or 0 for no limit", s, least)
	}
}

func (k *checker) historian(c *Config) {
	if s := c.Historian.Stream; s != "" && !k.bad["streams"] && !c.hasStream(s) {
		k.problem("historian.stream", "is %q, and there is no such stream%s", s, streamHint(s, c.Streams))
	}
	if len(c.Historian.TimeFields) == 0 {
		k.problem("historian.time_fields", "is empty; it wants one name at least")
	}
	for i, f := range c.Historian.TimeFields {
		if f == "" {
			k.problem(fmt.Sprintf("historian.time_fields[%d]", i), "must not be empty")
		}
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
