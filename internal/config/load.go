package config

import (
	"os"
	"strings"
)

// Sources is what a configuration is made of. The zero value gives the defaults.
type Sources struct {
	// File is the YAML file; empty: the one MILLRACE_CONFIG names, else none.
	File string
	// Env is the environment as os.Environ returns it.
	Env []string
	// Flags are the flags that were given, by flag name (see Flags).
	Flags map[string]string
	// Hostname answers for the default of node.name; nil: os.Hostname.
	Hostname func() (string, error)
}

// Load reads all sources and returns the settings with their origins. Its error, an
// *Error, holds every problem found; Config and Origins are then nil.
func Load(s Sources) (*Config, *Origins, error) {
	layers := []*decoder{}
	if name := s.Path(); name != "" {
		layers = append(layers, readFile(name))
	}
	layers = append(layers, readEnv(s.Env)...)
	layers = append(layers, readFlags(s.Flags)...)

	o := newOrigins()
	var problems []Problem
	bad := doubts{}
	for _, d := range layers {
		problems = append(problems, d.problems...)
		for _, v := range d.values {
			o.add(v)
		}
		bad.note(d)
	}
	c := o.config()
	derive(c, o, s.Hostname)
	problems = append(problems, check(c, o, bad)...)
	if len(problems) > 0 {
		sortProblems(problems)
		return nil, nil, &Error{Problems: problems}
	}
	return c, o, nil
}

// Path is the YAML file that is read; empty for none.
func (s Sources) Path() string {
	if s.File != "" {
		return s.File
	}
	for _, e := range s.Env {
		if name, ok := strings.CutPrefix(e, "MILLRACE_CONFIG="); ok {
			return name
		}
	}
	return ""
}

// derive fills what depends on the machine or on other keys.
func derive(c *Config, o *Origins, hostname func() (string, error)) {
	if c.Node.Name == "" {
		if hostname == nil {
			hostname = os.Hostname
		}
		host, _ := hostname()
		c.Node.Name = nodeName(host)
		o.derived("node.name", c.Node.Name, "default (the host's name)")
	}
	if room := c.Storage.Room(); room > 0 && o.isDefault("streams") && c.Streams[0].MaxBytes > room {
		c.Streams[0].MaxBytes = room
		o.derived("streams", c.Streams, "default (within storage.max_bytes)")
	}
	if o.isDefault("historian.stream") && !c.hasStream(c.Historian.Stream) {
		o.derived("historian.stream", "", "default (off, as no stream is called "+c.Historian.Stream+")")
		c.Historian.Stream = ""
	}
}

// Room is what the streams' max_bytes may add up to: an eighth of what the node may
// use stays for its own state. 0 means no bound.
func (s Storage) Room() Size {
	if s.MaxBytes == 0 {
		return 0
	}
	return s.MaxBytes - s.MaxBytes/8
}

// nodeName makes a valid node name of a host's.
func nodeName(host string) string {
	host, _, _ = strings.Cut(host, ".")
	clean := strings.Map(func(r rune) rune {
		if r < 128 && (r == '-' || r == '_' || isDigit(byte(r)) || r|0x20 >= 'a' && r|0x20 <= 'z') {
			return r
		}
		return '-'
	}, host)
	clean = strings.Trim(clean[:min(len(clean), 64)], "-_")
	if clean == "" {
		return "millrace"
	}
	return clean
}

func (c *Config) hasStream(name string) bool {
	for _, s := range c.Streams {
		if s.Name == name {
			return true
		}
	}
	return false
}
