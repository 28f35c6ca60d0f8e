package config

import "time"

// Backlog bounds what the log keeps for sessions that have yet to get it.
type Backlog struct {
	Bytes    Size          `yaml:"bytes" default:"1GiB" min:"1KiB" max:"16TiB" zero:"no bound" doc:"Bytes of messages that the log keeps for one session, or one shared subscription, of each stream; beyond them the oldest are given up, counted as retention."`
	Messages int           `yaml:"messages" default:"0" min:"2" max:"1000000000000" zero:"no bound" doc:"Messages that the log keeps for one session, or one shared subscription, of each stream."`
	Age      time.Duration `yaml:"age" default:"0" min:"1s" max:"100y" zero:"as long as the session" doc:"How old a message may become that waits for a session or a shared subscription."`
	BytesAll Size          `yaml:"bytes_all" default:"8GiB" min:"1MiB" max:"16TiB" doc:"Bytes that messages for sessions alone may take on disk, and that each stream may take beyond its own bounds while sessions have yet to get them; beyond it the oldest are given up for all."`
}
