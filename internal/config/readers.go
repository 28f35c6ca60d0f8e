package config

// StreamReaders bounds how many streams MQTT clients read by $stream/NAME/FROM/FILTER.
type StreamReaders struct {
	PerClient int `yaml:"per_client" default:"8" min:"1" max:"10000" doc:"Streams that one client reads by $stream/NAME/FROM/FILTER at a time; further ones are refused in SUBACK with 0x97."`
	All       int `yaml:"all" default:"256" min:"1" max:"100000" doc:"Streams that all clients together read so at a time. Each has a reader of its own and up to 256 KiB on its way."`
}
