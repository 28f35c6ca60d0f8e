package config

// Limits bounds how fast clients may be.
type Limits struct {
	Policy   string     `yaml:"policy" default:"pause" enum:"pause,refuse" doc:"What happens beyond a rate: pause reads the client no further until it may go on; refuse answers MQTT 5 clients with an error and drops QoS 0. Messages of QoS 1 and 2 of older clients, which cannot be refused, wait in both cases."`
	Client   Rates      `yaml:"client" doc:"Rates of each client."`
	Listener Rates      `yaml:"listener" doc:"Rates of all clients of one listener together."`
	Total    TotalRates `yaml:"total" doc:"Rates of all clients of the node together."`
}

// ZoneLimits are rates of a zone instead of those of mqtt.limits.
type ZoneLimits struct {
	Client   ZoneRates `yaml:"client" doc:"Rates of each client of the zone. 0: as in mqtt.limits."`
	Listener ZoneRates `yaml:"listener" doc:"Rates of all clients together of each listener of the zone. 0: as in mqtt.limits."`
}

// Over are the rates of base, but those that r says.
func (r ZoneRates) Over(base Rates) Rates {
	if r.Messages > 0 {
		base.Messages, base.MessagesBurst = r.Messages, r.MessagesBurst
	}
	if r.Bytes > 0 {
		base.Bytes, base.BytesBurst = r.Bytes, r.BytesBurst
	}
	if r.Subscribes > 0 {
		base.Subscribes, base.SubscribesBurst = r.Subscribes, r.SubscribesBurst
	}
	if r.Connects > 0 {
		base.Connects, base.ConnectsBurst = r.Connects, r.ConnectsBurst
	}
	return base
}

// Rates are how much may come in a second, and at once.
type Rates struct {
	Messages        int  `yaml:"messages" default:"0" min:"0" max:"1000000000" doc:"Messages a second. 0: no limit."`
	MessagesBurst   int  `yaml:"messages_burst" default:"0" min:"0" max:"1000000000" doc:"Messages at once. 0: as many as in a second."`
	Bytes           Size `yaml:"bytes" default:"0" min:"0" max:"4GiB" doc:"Bytes a second, of packets of every type. 0: no limit."`
	BytesBurst      Size `yaml:"bytes_burst" default:"0" min:"0" max:"4GiB" doc:"Bytes at once. 0: as many as in a second."`
	Subscribes      int  `yaml:"subscribes" default:"0" min:"0" max:"1000000000" doc:"Topic filters subscribed to a second. 0: no limit."`
	SubscribesBurst int  `yaml:"subscribes_burst" default:"0" min:"0" max:"1000000000" doc:"Topic filters at once. 0: as many as in a second."`
	Connects        int  `yaml:"connects" default:"0" min:"0" max:"1000000000" doc:"Connects a second, by client identifier where each client has the rate. 0: no limit."`
	ConnectsBurst   int  `yaml:"connects_burst" default:"0" min:"0" max:"1000000000" doc:"Connects at once. 0: as many as in a second."`
}

// TotalRates are Rates with a limit of connects from the start.
type TotalRates struct {
	Messages        int  `yaml:"messages" default:"0" min:"0" max:"1000000000" doc:"Messages a second. 0: no limit."`
	MessagesBurst   int  `yaml:"messages_burst" default:"0" min:"0" max:"1000000000" doc:"Messages at once. 0: as many as in a second."`
	Bytes           Size `yaml:"bytes" default:"0" min:"0" max:"4GiB" doc:"Bytes a second, of packets of every type. 0: no limit."`
	BytesBurst      Size `yaml:"bytes_burst" default:"0" min:"0" max:"4GiB" doc:"Bytes at once. 0: as many as in a second."`
	Subscribes      int  `yaml:"subscribes" default:"0" min:"0" max:"1000000000" doc:"Topic filters subscribed to a second. 0: no limit."`
	SubscribesBurst int  `yaml:"subscribes_burst" default:"0" min:"0" max:"1000000000" doc:"Topic filters at once. 0: as many as in a second."`
	Connects        int  `yaml:"connects" default:"5000" min:"0" max:"1000000000" doc:"Connects a second, so that a whole plant that comes back at once is let in at a pace the node can hold. 0: no limit."`
	ConnectsBurst   int  `yaml:"connects_burst" default:"20000" min:"0" max:"1000000000" doc:"Connects at once. 0: as many as in a second."`
}

// ZoneRates are Rates that may be left as they are for all.
type ZoneRates struct {
	Messages        int  `yaml:"messages" default:"0" min:"0" max:"1000000000" doc:"Messages a second. 0: as in mqtt.limits."`
	MessagesBurst   int  `yaml:"messages_burst" default:"0" min:"0" max:"1000000000" doc:"Messages at once. 0: as many as in a second."`
	Bytes           Size `yaml:"bytes" default:"0" min:"0" max:"4GiB" doc:"Bytes a second, of packets of every type. 0: as in mqtt.limits."`
	BytesBurst      Size `yaml:"bytes_burst" default:"0" min:"0" max:"4GiB" doc:"Bytes at once. 0: as many as in a second."`
	Subscribes      int  `yaml:"subscribes" default:"0" min:"0" max:"1000000000" doc:"Topic filters subscribed to a second. 0: as in mqtt.limits."`
	SubscribesBurst int  `yaml:"subscribes_burst" default:"0" min:"0" max:"1000000000" doc:"Topic filters at once. 0: as many as in a second."`
	Connects        int  `yaml:"connects" default:"0" min:"0" max:"1000000000" doc:"Connects a second, by client identifier where each client has the rate. 0: as in mqtt.limits."`
	ConnectsBurst   int  `yaml:"connects_burst" default:"0" min:"0" max:"1000000000" doc:"Connects at once. 0: as many as in a second."`
}
