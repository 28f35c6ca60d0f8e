package topics

import "time"

// Node is one level of the topic tree.
type Node struct {
	// Name is this level's own, Topic all levels from the root joined by "/".
	Name, Topic string
	// Children counts the levels directly below, Topics those with messages of
	// their own at and below this level.
	Children, Topics int
	// Rate is messages per second at and below this level, over about ten seconds.
	Rate float64
	// Publishers counts those seen at and below this level, up to 4,096.
	Publishers int
	// HasMessage says that messages were published on exactly this topic; the
	// fields below are then of the last one.
	HasMessage bool
	Time       time.Time
	Publisher  string
	// Preview is the payload's beginning when it is text.
	Preview string
	// Value is the payload's number, nil when it has none.
	Value *float64
	// Spark is that number over the last two minutes, oldest first.
	Spark []float64
}

// Message is the last message of one topic.
type Message struct {
	Topic     string
	Time      time.Time
	Publisher string
	QoS       byte
	Retain    bool
	// Size is the payload's length; Payload may hold less of it.
	Size    int
	Payload []byte
}

// Stats is what the registry counts.
type Stats struct {
	// Topics and Bytes are what it holds now: topics with messages, and bytes of
	// their last payloads.
	Topics, Bytes int
	// Messages were taken in, Evicted topics forgotten for room, since the start.
	Messages, Evicted uint64
	// Missed messages came faster than the registry took them in.
	Missed uint64
}
