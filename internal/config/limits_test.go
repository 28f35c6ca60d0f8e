package config

import "testing"

// A zone's rates are read, and take the place of those for all one by one.
func TestAZoneHasRatesOfItsOwn(t *testing.T) {
	c, _ := load(t, Sources{File: write(t, "m.yaml", `
mqtt:
  limits: {client: {messages: 500, messages_burst: 900, bytes: 1MiB}}
  zones:
    - name: sensors
      limits: {client: {messages: 5}, listener: {bytes: 2MiB}}
`)})
	z := c.MQTT.Zones[0].Limits
	client, listener := z.Client.Over(c.MQTT.Limits.Client), z.Listener.Over(c.MQTT.Limits.Listener)
	if client != (Rates{Messages: 5, Bytes: 1 << 20}) || listener != (Rates{Bytes: 2 << 20}) {
		t.Errorf("client %+v, listener %+v", client, listener)
	}
	problem := problems(t, Sources{File: write(t, "m.yaml", "mqtt:\n  zones:\n    - {name: a, limits: {client: {messages: -1}}}\n")})
	if len(problem) != 1 {
		t.Errorf("%q", problem)
	}
}
