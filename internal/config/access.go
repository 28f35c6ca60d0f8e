package config

import (
	"net"
	"time"
)

// Access configures who may come in and what they may do.
type Access struct {
	Users         string        `yaml:"users" default:"" doc:"File of user names and hashed passwords, written by millrace passwd and read again when it changes; the node does not start without it. Empty: users in the data folder, which need not be there."`
	Rules         string        `yaml:"rules" default:"" doc:"File of the access rules, read again when it changes; the node does not start without it. Empty: access.yaml in the data folder, which need not be there: without any rules file every client may publish and subscribe to everything."`
	Anonymous     string        `yaml:"anonymous" default:"loopback" enum:"loopback,never" doc:"Which clients come in that show no user name: those of this machine, at listeners on a loopback address or a Unix socket that take no word of a proxy (proxy_protocol, trusted_proxies); or none. Beside them those of mqtt.listeners that say anonymous."`
	DeniedPublish string        `yaml:"denied_publish" default:"ignore" enum:"ignore,disconnect" doc:"What becomes of an MQTT 3 client whose message is denied: it is acknowledged and the message dropped, or the client is disconnected. MQTT 5 clients are told."`
	ReasonStrings bool          `yaml:"reason_strings" default:"true" doc:"Whether MQTT 5 clients that are refused something or closed are told why in words and with a code that can be looked up, beside the reason code. Which of name and password was wrong is never told."`
	LoginThreads  int           `yaml:"login_threads" default:"0" min:"0" max:"1024" doc:"Passwords that are compared at one time. 0: half of the cores."`
	LoginQueue    int           `yaml:"login_queue" default:"4096" min:"1" max:"1000000" doc:"Clients that may wait for their password to be compared; further ones are told that the server is busy."`
	RememberLogin time.Duration `yaml:"remember_login" default:"5m" min:"1s" max:"1d" zero:"never" doc:"Time for which a client that comes again with the same password is let in without the costly comparison. A changed password counts at once."`
}

// AnonymousLocal says whether clients of this machine that show no user name come in at
// a listener that does not say so itself. Behind a proxy they may be from anywhere.
func (a *Access) AnonymousLocal(address string, unix, proxied bool) bool {
	host, _, err := net.SplitHostPort(address)
	return a.Anonymous == "loopback" && !proxied && (unix || err == nil && loopback(host))
}
