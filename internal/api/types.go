package api

import "time"

// Meta says where a page lies in its list.
type Meta struct {
	Page  int `json:"page" doc:"This page, from 1"`
	Limit int `json:"limit" doc:"Items a page at most"`
	Count int `json:"count" doc:"Items in the whole list that match"`
}

// Page is one page of a list.
type Page[T any] struct {
	Items []T  `json:"items" nullable:"false"`
	Meta  Meta `json:"meta"`
}

// Session is who the caller is.
type Session struct {
	User string `json:"user" doc:"Name of the user or API key"`
	Role string `json:"role" enum:"administrator,operator,viewer"`
	CSRF string `json:"csrf,omitempty" doc:"Send as X-CSRF-Token with every request that changes something (cookie sessions only)"`
	// MustChangePassword is true while the generated first password is in use.
	MustChangePassword bool `json:"mustChangePassword" doc:"True while the generated first password is still in use"`
}

// Status is the node at this moment.
type Status struct {
	Node       string          `json:"node"`
	Version    string          `json:"version"`
	Started    time.Time       `json:"started"`
	Now        time.Time       `json:"now" doc:"The server's clock; it rules"`
	Durability string          `json:"durability" enum:"power,process"`
	Ready      bool            `json:"ready"`
	Parts      []Part          `json:"parts" nullable:"false" doc:"Each part of the node by name"`
	Broker     BrokerStatus    `json:"broker"`
	Streams    []StreamStatus  `json:"streams" nullable:"false"`
	Historian  HistorianStatus `json:"historian"`
	Process    ProcessStatus   `json:"process"`
	Dropped    []Reason        `json:"dropped" nullable:"false" doc:"What was dropped or refused since the start, by reason"`
	Alarms     []Alarm         `json:"alarms" nullable:"false"`
}

// Part is the health of one part of the node.
type Part struct {
	Name  string `json:"name"`
	Ready bool   `json:"ready"`
	Error string `json:"error,omitempty"`
}

// BrokerStatus is what the broker counts. Rates are over the last few seconds.
type BrokerStatus struct {
	Transport     string  `json:"transport" enum:"epoll,portable" doc:"How sockets are read and written (mqtt.transport): by the event loops, or by a goroutine for each connection"`
	Connections   int64   `json:"connections"`
	Subscriptions int64   `json:"subscriptions"`
	ReceivedTotal uint64  `json:"receivedTotal" doc:"Messages published to the node since its start"`
	SentTotal     uint64  `json:"sentTotal" doc:"Messages delivered since the start"`
	ReceivedRate  float64 `json:"receivedRate" doc:"Messages per second"`
	SentRate      float64 `json:"sentRate" doc:"Messages per second"`
	BytesInRate   float64 `json:"bytesInRate" doc:"Bytes per second"`
	BytesOutRate  float64 `json:"bytesOutRate" doc:"Bytes per second"`
	DroppedRate   float64 `json:"droppedRate" doc:"Messages per second"`
}

// StreamStatus is one durable capture.
type StreamStatus struct {
	Name         string    `json:"name"`
	Filters      []string  `json:"filters" nullable:"false"`
	Messages     uint64    `json:"messages" doc:"Messages appended since the start"`
	AppendedRate float64   `json:"appendedRate" doc:"Messages per second"`
	BytesRate    float64   `json:"bytesRate" doc:"Bytes per second appended, before the log's own"`
	Bytes        int64     `json:"bytes" doc:"Bytes on disk"`
	First        string    `json:"first" doc:"Position of the oldest message"`
	Last         string    `json:"last" doc:"Position of the newest message"`
	FirstTime    time.Time `json:"firstTime,omitzero" doc:"When the oldest message arrived; absent while there is none"`
	LastTime     time.Time `json:"lastTime,omitzero" doc:"The same of the newest"`
	AppendP50    float64   `json:"appendP50" doc:"Milliseconds from hand-over to kept, median of the last minute"`
	AppendP99    float64   `json:"appendP99" doc:"The same, 99th percentile"`
	Refusing     bool      `json:"refusing" doc:"True while the disk is too full to keep messages"`
	Refused      uint64    `json:"refused" doc:"Messages answered with an error since the start"`
	Damaged      uint64    `json:"damaged" doc:"Entries that could not be read"`
	Pending      int64     `json:"pending" doc:"Messages handed over and not yet kept"`
	MaxAge       float64   `json:"maxAge" doc:"Seconds that a message is kept; 0 is for ever"`
	MaxBytes     int64     `json:"maxBytes" doc:"Bytes that are kept, the oldest go first; 0 is no bound"`
	BuiltIn      bool      `json:"builtIn" doc:"True for one that the node keeps for itself: it takes no topic by a filter, and users neither read nor change it"`
	Origin       string    `json:"origin" enum:"file,made,node" doc:"Where it comes from: the configuration file; made by API, ctl or console; or the node itself"`
	Created      time.Time `json:"created,omitzero" doc:"When it was made, where it was"`
	By           string    `json:"by,omitempty" doc:"Who made it"`
	Before       string    `json:"before,omitempty" doc:"The stream that it was told to stand before"`
	// Readers follow the stream.
	Readers []StreamReader `json:"readers" nullable:"false" doc:"Who follows the stream, each from a place of its own"`
}

// HistorianStatus is what the historian has and does.
type HistorianStatus struct {
	Series      int     `json:"series"`
	PointsTotal uint64  `json:"pointsTotal" doc:"Points taken in since the start"`
	PointsRate  float64 `json:"pointsRate" doc:"Points per second"`
	Bytes       int64   `json:"bytes" doc:"Bytes on disk"`
	Lag         float64 `json:"lag" doc:"Seconds between a message's arrival and its points being queryable"`
	Position    string  `json:"position" doc:"Committed position in the stream"`
}

// ProcessStatus is what the process uses.
type ProcessStatus struct {
	CPU       float64 `json:"cpu" doc:"Cores in use, averaged over the last few seconds"`
	Cores     int     `json:"cores"`
	Memory    int64   `json:"memory" doc:"Resident bytes"`
	DiskFree  int64   `json:"diskFree" doc:"Free bytes where the data lies"`
	DiskTotal int64   `json:"diskTotal" doc:"Bytes of that disk"`
	DataBytes int64   `json:"dataBytes" doc:"Bytes the streams and the historian hold"`
}

// Reason counts one reason for drops or refusals.
type Reason struct {
	Reason string  `json:"reason" doc:"The word that metrics and logs use"`
	Title  string  `json:"title"`
	Code   string  `json:"code" doc:"What to quote to support" example:"MR-4216"`
	Total  uint64  `json:"total"`
	Rate   float64 `json:"rate" doc:"Per second, over the last few seconds"`
}

// Alarm is a condition that wants somebody's attention.
type Alarm struct {
	ID         string    `json:"id"`
	Priority   int       `json:"priority" minimum:"1" maximum:"4" doc:"1 act now, 2 within minutes, 3 this shift, 4 diagnostic"`
	Title      string    `json:"title"`
	TitleSaid  *Said     `json:"title_said,omitempty"`
	Detail     string    `json:"detail"`
	DetailSaid *Said     `json:"detail_said,omitempty"`
	Since      time.Time `json:"since"`
}

// History is a few of the node's own figures over the last hour.
type History struct {
	Step  float64              `json:"step" doc:"Seconds between two values"`
	Times []int64              `json:"times" nullable:"false" doc:"Milliseconds since 1970 UTC"`
	Rows  map[string][]float64 `json:"rows" doc:"By figure: received, sent, dropped, points, append_p50, append_p99, dropped:REASON …; one value a time"`
}

// TopicNode is one level of the topic tree.
type TopicNode struct {
	Name       string    `json:"name" doc:"This level's own name"`
	Topic      string    `json:"topic" doc:"Levels from the root, joined by /"`
	Children   int       `json:"children" doc:"Levels directly below"`
	Topics     int       `json:"topics" doc:"Topics at and below this level"`
	Rate       float64   `json:"rate" doc:"Messages per second at and below this level"`
	HasMessage bool      `json:"hasMessage" doc:"True when messages were published on exactly this topic"`
	Time       time.Time `json:"time,omitzero" doc:"When its last message arrived"`
	Publisher  string    `json:"publisher,omitempty" doc:"Client that published it; for a level without messages of its own empty"`
	Publishers int       `json:"publishers" doc:"Publishers seen at and below this level"`
	Preview    string    `json:"preview,omitempty" doc:"The payload's first characters, when it is text"`
	Value      *float64  `json:"value,omitempty" doc:"The payload's number, or the one number of a JSON object that has just one or calls it value or v"`
	Spark      []float64 `json:"spark,omitempty" doc:"That number over the last minutes, oldest first"`
}

// TopicMessage is the last message of one topic.
type TopicMessage struct {
	Topic     string    `json:"topic"`
	Time      time.Time `json:"time"`
	Publisher string    `json:"publisher"`
	QoS       int       `json:"qos"`
	Retain    bool      `json:"retain"`
	Size      int       `json:"size" doc:"Bytes of the payload"`
	Encoding  string    `json:"encoding" enum:"text,base64"`
	Payload   string    `json:"payload"`
	Truncated bool      `json:"truncated" doc:"True when the payload is longer than what is kept of it"`
	Stream    string    `json:"stream,omitempty" doc:"The stream that keeps this topic"`
}

// LiveMessage is one event of GET /live.
type LiveMessage struct {
	Topic     string    `json:"topic"`
	Time      time.Time `json:"time"`
	Publisher string    `json:"publisher"`
	QoS       int       `json:"qos"`
	Retain    bool      `json:"retain"`
	Encoding  string    `json:"encoding" enum:"text,base64"`
	Payload   string    `json:"payload"`
	Size      int       `json:"size" doc:"Bytes of the payload"`
	Truncated bool      `json:"truncated" doc:"True when the event carries only the payload's first 64 KiB"`
	Count     int       `json:"count" doc:"Messages on this topic since its last event (every set), else 1"`
}

// LiveDropped tells a reader of GET /live that it was too slow.
type LiveDropped struct {
	Dropped uint64 `json:"dropped" doc:"Messages this reader missed since the last such event"`
}

// Publish is a message to publish.
type Publish struct {
	Topic    string `json:"topic" minLength:"1" maxLength:"65535"`
	Payload  string `json:"payload"`
	Encoding string `json:"encoding,omitempty" enum:"text,base64" default:"text"`
	QoS      int    `json:"qos,omitempty" minimum:"0" maximum:"1" default:"0"`
}

// Published answers a Publish.
type Published struct {
	Kept bool `json:"kept" doc:"True when a stream holds the message on disk"`
}

// Series describes one series.
type Series struct {
	Series string    `json:"series" doc:"Topic, slash, metric path"`
	Topic  string    `json:"topic"`
	Metric string    `json:"metric"`
	Kind   string    `json:"kind" enum:"number,boolean,text"`
	Time   time.Time `json:"time" doc:"Of the newest point"`
}

// Latest is the newest point of one series.
type Latest struct {
	Series string    `json:"series" doc:"Topic, slash, metric path"`
	Topic  string    `json:"topic"`
	Metric string    `json:"metric"`
	Time   time.Time `json:"time"`
	Value  any       `json:"value" doc:"Number, boolean or text; null stands for a number JSON cannot write"`
}

// RangeSeries is the answer for one series of a range query. With a bucket the
// columns asked for are filled, one value a time; raw answers fill Values.
type RangeSeries struct {
	Series    string      `json:"series" doc:"Topic, slash, metric path"`
	Topic     string      `json:"topic,omitempty" doc:"The series' topic, when it was asked for by topic and metric"`
	Metric    string      `json:"metric,omitempty" doc:"The same of its metric"`
	Times     []time.Time `json:"times" nullable:"false" doc:"Of each sample, or the start of each bucket"`
	Values    []any       `json:"values,omitempty" doc:"Raw samples"`
	Avg       []*float64  `json:"avg,omitempty"`
	Min       []*float64  `json:"min,omitempty"`
	Max       []*float64  `json:"max,omitempty"`
	First     []any       `json:"first,omitempty"`
	Last      []any       `json:"last,omitempty"`
	Count     []int64     `json:"count,omitempty"`
	Truncated bool        `json:"truncated" doc:"True when the limit cut the answer"`
	NextFrom  *time.Time  `json:"nextFrom,omitempty" doc:"The from to go on with"`
}

// RangeAnswer answers GET /series/range.
type RangeAnswer struct {
	From   time.Time     `json:"from"`
	To     time.Time     `json:"to"`
	Bucket float64       `json:"bucket" doc:"Seconds; 0 for raw samples"`
	Items  []RangeSeries `json:"items" nullable:"false"`
}

// User is somebody who may sign in.
type User struct {
	Name     string    `json:"name" pattern:"^[A-Za-z0-9._@-]{1,64}$"`
	Role     string    `json:"role" enum:"administrator,operator,viewer"`
	Created  time.Time `json:"created"`
	LastSeen time.Time `json:"lastSeen,omitzero"`
}

// APIKey is a program's way in, by HTTP Basic as key:secret.
type APIKey struct {
	Name     string    `json:"name"`
	Key      string    `json:"key"`
	Role     string    `json:"role" enum:"administrator,operator,viewer"`
	Created  time.Time `json:"created"`
	LastSeen time.Time `json:"lastSeen,omitzero"`
}

// NewAPIKey is an APIKey with its secret, which is shown this once.
type NewAPIKey struct {
	APIKey
	Secret string `json:"secret"`
}

// Setting is one value of the configuration.
type Setting struct {
	Key       string   `json:"key"`
	Value     any      `json:"value" doc:"Secrets read as ***"`
	Origin    string   `json:"origin" doc:"Where the value comes from: a flag, an environment variable, file and line, or default"`
	Overrides []string `json:"overrides" nullable:"false" doc:"What it overrides, nearest first"`
	Doc       string   `json:"doc"`
	Type      string   `json:"type"`
	Default   any      `json:"default"`
}
