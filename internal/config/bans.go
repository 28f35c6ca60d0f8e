package config

import "time"

// Bans are when the node bans somebody by itself.
type Bans struct {
	Flapping Strikes      `yaml:"flapping" doc:"Client identifiers that disconnect again and again."`
	Logins   LoginStrikes `yaml:"logins" doc:"User names whose login fails again and again from one address. The user name is banned from that address alone: others behind it, and the user from elsewhere, still come in."`
}

// Strikes are so many times within a window.
type Strikes struct {
	Most   int           `yaml:"most" default:"30" min:"0" max:"1000000" doc:"Disconnects within the window that are let pass. 0: nobody is banned."`
	Window time.Duration `yaml:"window" default:"1m" min:"1s" max:"1d" doc:"Time in which they are counted, from the first."`
	Ban    time.Duration `yaml:"ban" default:"5m" min:"1s" max:"1y" doc:"How long the ban lasts."`
}

// LoginStrikes are Strikes of failed logins.
type LoginStrikes struct {
	Most   int           `yaml:"most" default:"10" min:"0" max:"1000000" doc:"Failed logins within the window that are let pass. 0: nobody is banned."`
	Window time.Duration `yaml:"window" default:"5m" min:"1s" max:"1d" doc:"Time in which they are counted, from the first."`
	Ban    time.Duration `yaml:"ban" default:"5m" min:"1s" max:"1y" doc:"How long the ban lasts."`
}
