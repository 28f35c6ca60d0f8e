package config

import "time"

// Topics configures what the node does with topics that mean more than their name.
type Topics struct {
	SysInterval  time.Duration `yaml:"sys_interval" default:"10s" min:"1s" max:"1d" zero:"never" doc:"Time between two tellings of what stands below $SYS."`
	SysMosquitto bool          `yaml:"sys_mosquitto" default:"true" doc:"Tell $SYS/broker/…, as Mosquitto has it."`
	SysEMQX      bool          `yaml:"sys_emqx" default:"true" doc:"Tell $SYS/brokers/…, as EMQX has it, with an event for each client that comes or goes."`

	DelayedMessages int  `yaml:"delayed_messages" default:"100000" min:"1" max:"10000000" doc:"Messages that may wait for their time ($delayed/SECONDS/TOPIC); further ones are refused."`
	DelayedBytes    Size `yaml:"delayed_bytes" default:"64MiB" min:"64KiB" max:"64GiB" doc:"Bytes of the messages that wait for their time."`
}
