package config

import "time"

// Consumers configures the consumer groups of streams.
type Consumers struct {
	MaxGroups int           `yaml:"max_groups" default:"256" min:"1" max:"100000" doc:"Consumer groups at most, of all streams together."`
	LagAlarm  time.Duration `yaml:"lag_alarm" default:"1d" min:"1s" max:"100y" zero:"no alarm" doc:"How far a consumer group may be behind before an alarm says so."`
	HoldAge   time.Duration `yaml:"hold_age" default:"7d" min:"1m" max:"100y" zero:"no bound" doc:"How old messages may become for which a consumer group holds its stream back (hold); older ones are removed as the stream's own bounds say, and counted as lost."`
	HoldBytes Size          `yaml:"hold_bytes" default:"1GiB" min:"1MiB" max:"16TiB" zero:"no bound" doc:"How much a stream may hold beyond its own bounds for consumer groups that hold it back; beyond that the oldest is removed, and counted as lost."`
}
