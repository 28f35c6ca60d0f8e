package config

import (
	"fmt"
	"regexp"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

// Topics configures what the node does with topics that mean more than their name.
type Topics struct {
	SysInterval  time.Duration `yaml:"sys_interval" default:"10s" min:"1s" max:"1d" zero:"never" doc:"Time between two tellings of what stands below $SYS."`
	SysMosquitto bool          `yaml:"sys_mosquitto" default:"true" doc:"Tell $SYS/broker/…, as Mosquitto has it."`
	SysEMQX      bool          `yaml:"sys_emqx" default:"true" doc:"Tell $SYS/brokers/…, as EMQX has it, with an event for each client that comes or goes."`

	MaxLevels      int           `yaml:"max_levels" default:"128" min:"1" max:"65535" doc:"Levels of a topic or filter; messages and filters with more are refused."`
	MaxLength      int           `yaml:"max_length" default:"65535" min:"1" max:"65535" doc:"Bytes of a topic or filter; longer ones are refused."`
	MaxWildcards   int           `yaml:"max_wildcards" default:"128" min:"1" max:"65535" doc:"Levels of one filter that may be a wildcard; filters with more are refused."`
	RetainedSize   Size          `yaml:"retained_size" default:"0" min:"16" zero:"no bound of their own" doc:"Largest payload of a retained message; a larger one is delivered, not retained, and counted."`
	RetainedExpiry time.Duration `yaml:"retained_expiry" default:"0" min:"1s" max:"100y" zero:"they stay" doc:"Time after which a retained message that has no expiry of its own is no longer given out."`

	DelayedMessages int  `yaml:"delayed_messages" default:"100000" min:"1" max:"10000000" doc:"Messages that may wait for their time ($delayed/SECONDS/TOPIC); further ones are refused."`
	DelayedBytes    Size `yaml:"delayed_bytes" default:"64MiB" min:"64KiB" max:"64GiB" doc:"Bytes of the messages that wait for their time."`

	Rewrite       []RewriteRule   `yaml:"rewrite" default:"[]" max:"1000" doc:"Rules that change topics before anything else looks at them, access rules included; the first that matches counts."`
	AutoSubscribe []AutoSubscribe `yaml:"auto_subscribe" default:"[]" max:"100" doc:"Filters that every client is subscribed to when it comes in, without being told."`
}

// RewriteRule changes one kind of topics.
type RewriteRule struct {
	Action      string `yaml:"action" default:"all" enum:"publish,subscribe,all" doc:"publish for messages and wills, subscribe for SUBSCRIBE and UNSUBSCRIBE, all for both."`
	Source      string `yaml:"source" required:"true" max:"65535" doc:"Topic filter that the topic has to match."`
	Regex       string `yaml:"regex" default:"" max:"4096" doc:"Regular expression (RE2) that the topic has to match, too. Empty: any topic."`
	Destination string `yaml:"destination" required:"true" max:"65535" doc:"The new topic: $1 to $9 are the groups of the expression, ${clientid} or %c and ${username} or %u the client's names."`
}

// AutoSubscribe is one filter for every client.
type AutoSubscribe struct {
	Filter            string `yaml:"filter" required:"true" max:"65535" doc:"Topic filter; ${clientid} or %c and ${username} or %u stand for the client's names."`
	QoS               int    `yaml:"qos" default:"0" min:"0" max:"2" doc:"QoS of the subscription."`
	NoLocal           bool   `yaml:"no_local" default:"false" doc:"Keep the client's own messages away from it."`
	RetainAsPublished bool   `yaml:"retain_as_published" default:"false" doc:"Leave the retain flag as the publisher set it."`
	RetainHandling    int    `yaml:"retain_handling" default:"0" min:"0" max:"2" doc:"Retained messages: 0 always, 1 for a new subscription, 2 never."`
}

// topics holds the rules against what topics and expressions are.
func (k *checker) topics(t *Topics) {
	filter := func(key, f string) {
		if err := topic.ValidFilter([]byte(f)); err != nil {
			k.problem(key, "is %q: %s", shorten(f), fault.UserMessage(err))
		}
	}
	if t.RetainedExpiry%time.Second != 0 {
		k.problem("mqtt.topics.retained_expiry", "has to be whole seconds")
	}
	for i, r := range t.Rewrite {
		key := fmt.Sprintf("mqtt.topics.rewrite[%d]", i)
		filter(key+".source", r.Source)
		if _, err := regexp.Compile(r.Regex); err != nil {
			k.problem(key+".regex", "is %q, which is no regular expression of RE2", shorten(r.Regex))
		}
	}
	for i, a := range t.AutoSubscribe {
		filter(fmt.Sprintf("mqtt.topics.auto_subscribe[%d].filter", i), a.Filter)
	}
}
