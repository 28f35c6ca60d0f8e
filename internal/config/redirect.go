package config

// Redirect configures where clients are sent when this node is not to serve them.
type Redirect struct {
	Active    bool   `yaml:"active" default:"false" doc:"Send every client away from the start on. millrace ctl redirect does so, and ends it, while the node runs."`
	Reference string `yaml:"reference" max:"1024" doc:"The server reference that MQTT 5 clients are told when nothing else is named: another server's name or address, such as plant-2:1883, or several with spaces between. Empty: they are told no name."`
	Moved     bool   `yaml:"moved" default:"false" doc:"With active: clients are told that the node has moved for good (0x9D), not for now (0x9C)."`
}
