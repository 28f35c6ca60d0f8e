package config

import "time"

// Consumers configures the consumer groups of streams.
type Consumers struct {
	MaxGroups int           `yaml:"max_groups" default:"256" min:"1" max:"100000" doc:"Consumer groups at most, of all streams together."`
	LagAlarm  time.Duration `yaml:"lag_alarm" default:"1d" min:"1s" max:"100y" zero:"no alarm" doc:"How far a consumer group may be behind before an alarm says so."`
}
