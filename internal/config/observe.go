package config

import "time"

// Observe configures what the node remembers of its clients for people to look at.
type Observe struct {
	RefusedClients int           `yaml:"refused_clients" default:"10000" min:"10" max:"1000000" doc:"Refused clients that are remembered, each with its reason; beyond them the oldest is forgotten."`
	RefusedFor     time.Duration `yaml:"refused_for" default:"1d" min:"1m" max:"30d" doc:"How long a refused client is remembered after it was last refused."`
	Traces         int           `yaml:"traces" default:"20" min:"1" max:"1000" doc:"Traces of clients, topics and addresses that are kept, running or not."`
	TraceBytes     Size          `yaml:"trace_bytes" default:"320MiB" min:"1MiB" max:"64GiB" doc:"Bytes that all traces may have together."`
	SlowThreshold  time.Duration `yaml:"slow_threshold" default:"500ms" min:"1ms" max:"1h" zero:"no ranking" doc:"A subscriber is slow when the acknowledgement of a message of QoS 1 or 2 comes later than this after the message did, or does not come. Whose messages are dropped because it does not read is slow, too."`
	SlowTop        int           `yaml:"slow_top" default:"100" min:"1" max:"10000" doc:"Slow subscribers that are ranked."`
	SlowFor        time.Duration `yaml:"slow_for" default:"5m" min:"1s" max:"1d" doc:"How long a slow subscriber is ranked after it was last slow."`
	TopicMetrics   int           `yaml:"topic_metrics" default:"100" min:"1" max:"1000" doc:"Topic filters whose messages may be counted at one time (millrace ctl topic-metrics add)."`
	RecorderBytes  Size          `yaml:"recorder_bytes" default:"16MiB" min:"1MiB" max:"4GiB" zero:"nothing is recorded" doc:"Memory of the flight recorder, in which millrace why finds what became of the last messages: some 400,000 in 16 MiB. It is taken as it fills."`
}
