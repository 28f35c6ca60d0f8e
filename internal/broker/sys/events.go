package sys

import (
	"encoding/json"
	"strings"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// Client is what the events say about a client.
type Client struct {
	ID, Username string
	// Address is its IP address, Port the one of the node that it came to.
	Address    string
	Port       int
	Version    packet.Version
	KeepAlive  int    // seconds
	Expiry     uint32 // of its session, seconds
	CleanStart bool
}

// Subscription is what the events say about a subscription.
type Subscription struct {
	Filter                      string
	QoS, RetainHandling         byte
	NoLocal, AsPublished, IsNew bool
}

type connected struct {
	Username  string `json:"username"`
	At        int64  `json:"ts"`
	Port      int    `json:"sockport"`
	Level     int    `json:"proto_ver"`
	Protocol  string `json:"proto_name"`
	KeepAlive int    `json:"keepalive"`
	Address   string `json:"ipaddress"`
	Expiry    uint32 `json:"expiry_interval"`
	Connected int64  `json:"connected_at"`
	Connack   int    `json:"connack"`
	ClientID  string `json:"clientid"`
	Clean     bool   `json:"clean_start"`
}

type disconnected struct {
	Username     string `json:"username"`
	At           int64  `json:"ts"`
	Port         int    `json:"sockport"`
	Reason       string `json:"reason"`
	Level        int    `json:"proto_ver"`
	Protocol     string `json:"proto_name"`
	Address      string `json:"ipaddress"`
	Disconnected int64  `json:"disconnected_at"`
	ClientID     string `json:"clientid"`
}

type subscribed struct {
	Username string   `json:"username"`
	At       int64    `json:"ts"`
	Options  *options `json:"subopts,omitempty"`
	Filter   string   `json:"topic"`
	Protocol string   `json:"protocol"`
	ClientID string   `json:"clientid"`
}

type options struct {
	RetainHandling int  `json:"rh"`
	AsPublished    int  `json:"rap"`
	NoLocal        int  `json:"nl"`
	QoS            int  `json:"qos"`
	IsNew          bool `json:"is_new"`
}

// Connected is the event of a client that has come in; ms is the time since 1970.
func Connected(node string, c *Client, ms int64) (topic string, payload []byte) {
	return eventTopic(node, c, "connected"), marshal(connected{
		c.Username, ms, c.Port, int(c.Version), protocol(c.Version), c.KeepAlive, c.Address, c.Expiry, ms, 0, c.ID, c.CleanStart,
	})
}

// Disconnected is the event of a client that has gone, and why.
func Disconnected(node string, c *Client, reason string, ms int64) (topic string, payload []byte) {
	return eventTopic(node, c, "disconnected"), marshal(disconnected{
		c.Username, ms, c.Port, reason, int(c.Version), protocol(c.Version), c.Address, ms, c.ID,
	})
}

// Subscribed is the event of a subscription.
func Subscribed(node string, c *Client, s *Subscription, ms int64) (topic string, payload []byte) {
	return eventTopic(node, c, "subscribed"), marshal(subscribed{
		c.Username, ms, &options{int(s.RetainHandling), bit(s.AsPublished), bit(s.NoLocal), int(s.QoS), s.IsNew}, s.Filter, "mqtt", c.ID,
	})
}

// Unsubscribed is the event of a subscription that was ended.
func Unsubscribed(node string, c *Client, filter string, ms int64) (topic string, payload []byte) {
	return eventTopic(node, c, "unsubscribed"), marshal(subscribed{c.Username, ms, nil, filter, "mqtt", c.ID})
}

type alarm struct {
	Name    string `json:"name"`
	Details string `json:"details"`
	Message string `json:"message"`
	At      int64  `json:"activate_at"`
	Active  bool   `json:"activated"`
}

// Alarm is the event of an alarm that was raised or has ended.
func Alarm(node, name, message, details string, active bool, ms int64) (topic string, payload []byte) {
	word := "deactivate"
	if active {
		word = "activate"
	}
	return Brokers + "/" + node + "/alarms/" + word, marshal(alarm{name, details, message, ms, active})
}

// wildcards cannot stand in a topic: a client that has one in its name is told
// about under another.
var wildcards = strings.NewReplacer("+", "%2B", "#", "%23")

func eventTopic(node string, c *Client, event string) string {
	return Brokers + "/" + node + "/clients/" + wildcards.Replace(c.ID) + "/" + event
}

func marshal(v any) []byte {
	b, _ := json.Marshal(v) // of plain fields: it cannot fail
	return b
}

func protocol(v packet.Version) string {
	if v == packet.V31 {
		return "MQIsdp"
	}
	return "MQTT"
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
