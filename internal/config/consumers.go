package config

// Consumers configures the consumer groups of streams.
type Consumers struct {
	MaxGroups int `yaml:"max_groups" default:"256" min:"1" max:"100000" doc:"Consumer groups at most, of all streams together."`
}
