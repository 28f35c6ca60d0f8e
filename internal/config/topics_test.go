package config

import (
	"strings"
	"testing"
)

func TestRulesForTopics(t *testing.T) {
	file := write(t, "millrace.yaml", `mqtt:
  topics:
    sys_interval: 0
    rewrite:
      - {source: "old/#", regex: "^old/(.*)$", destination: "new/$1"}
    auto_subscribe:
      - {filter: "to/${clientid}/#", qos: 1, retain_handling: 2}
`)
	c, _ := load(t, Sources{File: file})
	got := c.MQTT.Topics
	if len(got.Rewrite) != 1 || got.Rewrite[0] != (RewriteRule{"all", "old/#", "^old/(.*)$", "new/$1"}) {
		t.Errorf("%+v", got.Rewrite)
	}
	if len(got.AutoSubscribe) != 1 || got.AutoSubscribe[0] != (AutoSubscribe{Filter: "to/${clientid}/#", QoS: 1, RetainHandling: 2}) || got.SysInterval != 0 {
		t.Errorf("%+v", got)
	}
}

func TestWrongRulesForTopics(t *testing.T) {
	file := write(t, "millrace.yaml", `mqtt:
  topics:
    rewrite:
      - {source: "old/#/x", regex: "(?=a)", destination: "new/$1"}
    auto_subscribe:
      - {filter: "a+"}
`)
	_, _, err := Load(Sources{File: file, Hostname: host})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"rewrite[0].source", "rewrite[0].regex", "auto_subscribe[0].filter"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}
