package config

import "time"

// Config is every setting of a node. Tags: yaml names the key, doc explains it,
// default, min, max, enum and pattern bound it, flag names its flag. min and max of a
// text count characters, those of a list its items; itemmin bounds each text of a
// list; zero says that 0 may stand below min, and what it means.
type Config struct {
	Data          string    `yaml:"data" flag:"data" default:"./data" min:"1" doc:"Folder that holds everything the node keeps. One process at a time may use it."`
	Durability    string    `yaml:"durability" default:"power" enum:"power,process" doc:"What an acknowledgement promises: power means the message is on disk and survives a power cut; process means that it survives a killed process, and up to a second of messages may be lost with the power."`
	AdminPassword Secret    `yaml:"admin_password" min:"10" max:"1024" doc:"Password of the first administrator, used only when the data folder has no user yet. Empty: one is generated and printed once."`
	Node          Node      `yaml:"node" doc:"This node."`
	Log           Log       `yaml:"log" doc:"What the node writes to standard error."`
	MQTT          MQTT      `yaml:"mqtt" doc:"The MQTT listener and its limits."`
	HTTP          HTTP      `yaml:"http" doc:"The listener of the console and the REST API."`
	Streams       []Stream  `yaml:"streams" max:"64" default:"[{\"name\": \"telemetry\", \"filters\": [\"#\"]}]" doc:"Durable captures of messages, in order: the first stream with a matching filter keeps the message. An empty list keeps nothing."`
	Consumers     Consumers `yaml:"consumers" doc:"Consumer groups of streams."`
	Storage       Storage   `yaml:"storage" doc:"Limits of the disk."`
	Historian     Historian `yaml:"historian" doc:"Points decoded from one stream and kept for queries."`
	Observe       Observe   `yaml:"observe" doc:"What the node remembers of its clients for people to look at."`
	Backup        Backup    `yaml:"backup" doc:"Back-ups of everything that the node keeps."`
}

// Node names the node.
type Node struct {
	Name string `yaml:"name" default:"" max:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" doc:"Name of the node in logs, metrics and the console. Empty: the host's name."`
}

// Log says what is logged, and how.
type Log struct {
	Level  string `yaml:"level" flag:"log-level" default:"info" enum:"debug,info,warn,error" doc:"Least level that is logged. It can be changed while the node runs: millrace ctl log level."`
	Format string `yaml:"format" default:"text" enum:"text,json" doc:"text for people, json for log collectors."`
}

// MQTT configures the broker.
type MQTT struct {
	Listen           string        `yaml:"listen" flag:"mqtt" default:"127.0.0.1:1883" doc:"Address and port of the listener named default, MQTT over TCP. On an address that others can reach, clients need a user name (mqtt.access). Empty: there is none, only mqtt.listeners."`
	Listeners        []Listener    `yaml:"listeners" max:"64" default:"[]" doc:"Further listeners."`
	Zones            []Zone        `yaml:"zones" max:"64" default:"[]" doc:"Settings for the clients of some listeners."`
	MaxPacketSize    Size          `yaml:"max_packet_size" default:"1MiB" min:"128" max:"7MiB" doc:"Largest packet that a client may send. What it is sent is bounded by what others may send, and by the maximum packet size that it asks for itself."`
	MaxConnectSize   Size          `yaml:"max_connect_size" default:"64KiB" min:"128" max:"7MiB" doc:"Largest CONNECT, its will included; a larger one is refused."`
	ConnectBytesAll  Size          `yaml:"connect_bytes_all" default:"64MiB" min:"1MiB" max:"16GiB" doc:"Bytes of CONNECT packets that are not whole yet, on all connections together; beyond, those that have waited longest are closed and counted as memory_guard. With a memory limit it is a twentieth of that at most."`
	InputBytesAll    Size          `yaml:"input_bytes_all" default:"256MiB" min:"8MiB" max:"64GiB" doc:"Memory for what clients have sent and the node has not taken, on all connections together: packets that are not whole yet, and what waits for its turn. Beyond half of it, reads are short; beyond all of it, the clients that hold most are disconnected (0x89) and counted as memory_guard. With a memory limit it is a twentieth of that at most."`
	MaxConnections   int           `yaml:"max_connections" default:"0" min:"1" max:"10000000" zero:"100000, or what the limit of open files leaves" doc:"Connections of one listener at one time; more are refused."`
	ConnectTimeout   time.Duration `yaml:"connect_timeout" default:"10s" min:"100ms" max:"10m" doc:"Time that a new connection has to send its CONNECT."`
	KeepAliveMax     time.Duration `yaml:"keep_alive_max" default:"0" min:"0" max:"65535s" doc:"Longest keep alive that a client may have (server keep alive), in whole seconds. 0: as the client asks."`
	ReceiveMaximum   int           `yaml:"receive_maximum" default:"1024" min:"1" max:"65535" doc:"QoS 1 and 2 publishes that one client may have unacknowledged towards the node."`
	InflightWindow   int           `yaml:"inflight_window" default:"1024" min:"1" max:"65535" doc:"QoS 1 and 2 messages that the node sends to one client before an acknowledgement is due."`
	QueueMessages    int           `yaml:"queue_messages" default:"1000" min:"1" max:"10000000" doc:"Messages that wait for one client behind its inflight window; more are dropped and counted."`
	QueueBytes       Size          `yaml:"queue_bytes" default:"4MiB" min:"64KiB" max:"1GiB" doc:"Bytes that wait for one client, whatever their QoS; beyond them it is a slow reader, and what it misses is dropped and counted."`
	MaxClientID      int           `yaml:"max_client_id" default:"256" min:"23" max:"65535" doc:"Longest client identifier in bytes; clients with a longer one are refused."`
	Subscriptions    int           `yaml:"subscriptions" default:"10000" min:"1" max:"10000000" doc:"Topic filters that one client may have; further ones are refused."`
	MaxFilters       int           `yaml:"max_filters" default:"10000" min:"1" max:"1000000" doc:"Topic filters that one SUBSCRIBE or UNSUBSCRIBE may have; a client that sends more is disconnected (0x97) and counted as too_many."`
	TopicAliases     int           `yaml:"topic_aliases" default:"32" min:"0" max:"65535" doc:"Topic aliases that a client may set, and is given when it allows them. 0: none."`
	SharedStrategy   string        `yaml:"shared_strategy" default:"round_robin" enum:"round_robin,random,sticky,hash_client,hash_topic,least_inflight" doc:"Which member of a shared subscription gets a message."`
	RetainedMessages int           `yaml:"retained_messages" default:"100000" min:"1" max:"10000000" doc:"Retained messages at most; further topics are not retained, and counted."`
	RetainedBytes    Size          `yaml:"retained_bytes" default:"256MiB" min:"64KiB" max:"64GiB" doc:"Bytes of all retained messages at most."`
	RetainedAhead    int           `yaml:"retained_ahead" default:"500000" min:"1" max:"100000000" doc:"Retained messages that may be lined up for one client at most, whatever it subscribes to; further filters are refused with 0x97 until some have gone."`
	StreamReaders    StreamReaders `yaml:"stream_readers"`
	Limits           Limits        `yaml:"limits" doc:"How fast clients may be, and what happens to those that are faster."`
	Memory           Memory        `yaml:"memory" doc:"What happens before memory is used up."`
	Bans             Bans          `yaml:"bans" doc:"When the node bans somebody by itself. Bans by hand: millrace ctl bans."`
	Redirect         Redirect      `yaml:"redirect" doc:"Where clients are sent when this node is not to serve them."`
	Loops            int           `yaml:"loops" default:"0" min:"0" max:"1024" doc:"Event loops that share the connections. 0: one per core."`
	Transport        string        `yaml:"transport" default:"auto" enum:"auto,portable" doc:"How the node reads and writes the sockets of MQTT clients. auto: each event loop watches its own (epoll), on Linux; on other systems portable. portable: each connection has a goroutine that reads, as on Windows and macOS, at several times the memory. Meant for finding out whether a fault lies in the one or the other."`
	Session          Session       `yaml:"session" doc:"Sessions that outlive their connections, and what waits for clients."`
	Access           Access        `yaml:"access" doc:"Who may come in, and what they may do."`
	Topics           Topics        `yaml:"topics" doc:"Topics that mean more than their name: $SYS and others."`
}

// HTTP configures console and API.
type HTTP struct {
	Listen          string        `yaml:"listen" flag:"http" default:"127.0.0.1:18083" doc:"Address and port of the console and the REST API."`
	SessionLifetime time.Duration `yaml:"session_lifetime" default:"12h" min:"1m" max:"90d" doc:"Time after which somebody signed in has to sign in again."`
	SessionIdle     time.Duration `yaml:"session_idle" default:"1h" min:"1m" max:"90d" doc:"Time without a request after which a session ends; at most http.session_lifetime."`
}

// Stream configures one durable capture.
type Stream struct {
	Name     string        `yaml:"name" required:"true" max:"64" pattern:"^[a-z0-9][a-z0-9_-]*$" doc:"Name of the stream, unique on the node; sessions and journal are taken, and what Windows keeps for devices, such as con."`
	Filters  []string      `yaml:"filters" required:"true" min:"1" doc:"MQTT topic filters; a message that matches any of them is kept. None may begin with $: such topics are never kept."`
	MaxAge   time.Duration `yaml:"max_age" default:"30d" min:"1s" max:"100y" zero:"no limit" doc:"Messages older than this are removed."`
	MaxBytes Size          `yaml:"max_bytes" default:"10GiB" min:"16MiB" zero:"no limit" doc:"Size on disk beyond which the oldest messages are removed."`
}

// Storage configures what of the disk may be used.
type Storage struct {
	Reserve  Size `yaml:"reserve" default:"256MiB" min:"16MiB" doc:"Free space on the disk below which publishes that the log has to keep are refused, until space returns."`
	MaxBytes Size `yaml:"max_bytes" default:"0" min:"64MiB" zero:"what the disk has, less the reserve" doc:"Bytes that all streams together may use; their max_bytes may add up to seven eighths of it."`
}

// Historian configures the historian.
type Historian struct {
	Stream                string        `yaml:"stream" default:"telemetry" max:"64" doc:"Stream that the historian reads. Empty: no historian."`
	TimeFields            []string      `yaml:"time_fields" min:"1" itemmin:"1" default:"[\"ts\", \"timestamp\"]" doc:"Top-level fields of a JSON record that give its time, first found wins: RFC 3339 or seconds, milliseconds, microseconds since 1970. Without one the arrival time counts."`
	CommitInterval        time.Duration `yaml:"commit_interval" default:"5s" min:"100ms" max:"10m" doc:"How often new points are committed to the store. Points are queryable before, and a crash loses none: they are read again from the stream."`
	MaxSeries             int           `yaml:"max_series" default:"1000000" min:"1" max:"100000000" doc:"Series at most; points of further ones are rejected and counted."`
	NewSeriesPerSecond    int           `yaml:"new_series_per_second" default:"1000" min:"1" max:"1000000" doc:"New series a second, in all."`
	NewSeriesPerPublisher int           `yaml:"new_series_per_publisher" default:"200" min:"1" max:"1000000" doc:"New series a second from one publisher."`
	PastLimit             time.Duration `yaml:"past_limit" default:"10y" min:"1m" max:"100y" doc:"Points further back than this from their arrival are rejected and counted."`
	FutureLimit           time.Duration `yaml:"future_limit" default:"1d" min:"1s" max:"1y" doc:"Points further ahead than this of their arrival are rejected and counted."`
	MaxDepth              int           `yaml:"max_depth" default:"32" min:"1" max:"1000" doc:"How deep JSON may nest; deeper payloads are not decoded, and counted."`
	MaxMetrics            int           `yaml:"max_metrics" default:"1000" min:"1" max:"1000000" doc:"Metrics that one record may have; further ones are rejected and counted."`
	MaxText               Size          `yaml:"max_text" default:"4KiB" min:"1" max:"1MiB" doc:"Longest text that is stored as a value; longer ones are rejected and counted."`
	Retention             time.Duration `yaml:"retention" default:"0" min:"0" max:"100y" doc:"Points older than this are removed. 0: kept for ever."`
}
