package config

import "time"

// Session configures sessions and what waits for their clients.
type Session struct {
	ExpiryMax      time.Duration `yaml:"expiry_max" default:"0" min:"1s" max:"100y" zero:"as long as the client asks" doc:"Longest time that a session outlives its connection; clients of MQTT 5 that ask for more are told."`
	ExpiryMQTT3    time.Duration `yaml:"expiry_mqtt3" default:"7d" min:"1s" max:"100y" zero:"such sessions end with their connection" doc:"Time that a session with clean session 0 of MQTT 3.1 and 3.1.1 outlives its connection; their clients cannot say."`
	Max            int           `yaml:"max" default:"100000" min:"0" max:"100000000" doc:"Sessions that outlive their connections, at most; the session of a further client ends with its connection, which a client of MQTT 5 is told, and is counted. 0: none."`
	QueuePolicy    string        `yaml:"queue_policy" default:"drop_newest" enum:"drop_newest,drop_oldest,drop_qos0,disconnect" doc:"What gives way when a client's queue is full: the new message, those that have waited longest, waiting messages of QoS 0 and then the new one, or the connection."`
	QueueQoS0      bool          `yaml:"queue_qos0" default:"false" doc:"Queue messages of QoS 0, too, for clients that are away or slow."`
	QueueBytesAll  Size          `yaml:"queue_bytes_all" default:"1GiB" min:"1MiB" max:"16TiB" doc:"Bytes in the queues of all clients; beyond them what would have to wait is dropped and counted."`
	ResponsePrefix string        `yaml:"response_prefix" default:"" max:"1024" doc:"Response information of clients that ask for it: this text and their client identifier. Empty: none is given."`
	Backlog        Backlog       `yaml:"backlog"`
	CheckPayload   bool          `yaml:"check_payload_format" default:"false" doc:"Refuse messages whose payload is not the UTF-8 that their payload format indicator says."`
}
