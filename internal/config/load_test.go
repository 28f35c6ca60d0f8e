package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// write puts content into a file and returns its name.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func host() (string, error) { return "plant-1.example", nil }

func load(t *testing.T, s Sources) (*Config, *Origins) {
	t.Helper()
	s.Hostname = host
	c, o, err := Load(s)
	if err != nil {
		t.Fatalf("load:\n%v", err)
	}
	return c, o
}

func TestDefaultsMakeAWholeConfiguration(t *testing.T) {
	c, _ := load(t, Sources{})
	want := &Config{
		Data: "./data", Durability: "power", Node: Node{Name: "plant-1"}, Log: Log{"info", "text"},
		MQTT: MQTT{
			Listen: "127.0.0.1:1883", Listeners: []Listener{}, Zones: []Zone{}, MaxPacketSize: 1 << 20, MaxConnectSize: 64 << 10, ConnectBytesAll: 64 << 20, InputBytesAll: 256 << 20, ConnectTimeout: 10 * time.Second,
			ReceiveMaximum: 1024, InflightWindow: 1024, QueueMessages: 1000, QueueBytes: 4 << 20, MaxClientID: 256, Subscriptions: 10000, MaxFilters: 10000,
			Bans:         Bans{Strikes{30, time.Minute, 5 * time.Minute}, LoginStrikes{10, 5 * time.Minute, 5 * time.Minute}},
			TopicAliases: 32, SharedStrategy: "round_robin", Transport: "auto", RetainedMessages: 100000, RetainedBytes: 256 << 20, RetainedAhead: 500000, StreamReaders: StreamReaders{8, 256},
			Limits:  Limits{Policy: "pause", Total: TotalRates{Connects: 5000, ConnectsBurst: 20000}},
			Session: Session{ExpiryMQTT3: 7 * 24 * time.Hour, Max: 100000, QueuePolicy: "drop_newest", QueueBytesAll: 1 << 30, Backlog: Backlog{Bytes: 1 << 30, BytesAll: 8 << 30}},
			Access:  Access{Anonymous: "loopback", DeniedPublish: "ignore", ReasonStrings: true, LoginQueue: 4096, RememberLogin: 5 * time.Minute},
			Topics:  Topics{SysInterval: 10 * time.Second, SysMosquitto: true, SysEMQX: true, MaxLevels: 128, MaxLength: 65535, MaxWildcards: 128, DelayedMessages: 100000, DelayedBytes: 64 << 20, Rewrite: []RewriteRule{}, AutoSubscribe: []AutoSubscribe{}},
		},
		HTTP:      HTTP{"127.0.0.1:18083", 12 * time.Hour, time.Hour},
		Streams:   []Stream{{"telemetry", []string{"#"}, 30 * day, 10 << 30}},
		Consumers: Consumers{MaxGroups: 256, LagAlarm: 24 * time.Hour, HoldAge: 7 * 24 * time.Hour, HoldBytes: 1 << 30},
		Storage:   Storage{256 << 20, 0},
		Historian: Historian{"telemetry", []string{"ts", "timestamp"}, 5 * time.Second, 1000000, 1000, 200, 10 * year, day, 32, 1000, 4 << 10, 0},
		Observe:   Observe{10000, day, 20, 320 << 20, 500 * time.Millisecond, 100, 5 * time.Minute, 100, 16 << 20},
		Backup:    Backup{Keep: 30},
	}
	if !reflect.DeepEqual(c, want) {
		t.Fatalf("got  %+v\nwant %+v", c, want)
	}
}

func TestFlagBeatsEnvironmentBeatsFileBeatsDefault(t *testing.T) {
	file := write(t, "millrace.yaml", "mqtt:\n  listen: 127.0.0.1:1001\n  connect_timeout: 1s\n  loops: 2\nlog: {level: warn}\n")
	c, o := load(t, Sources{
		File:  file,
		Env:   []string{"PATH=/bin", "MILLRACE_MQTT__LISTEN=127.0.0.1:1002", "MILLRACE_MQTT__LOOPS=3"},
		Flags: map[string]string{"mqtt": "127.0.0.1:1003"},
	})
	if c.MQTT.Listen != "127.0.0.1:1003" || c.MQTT.Loops != 3 || c.MQTT.ConnectTimeout != time.Second || c.Log.Level != "warn" {
		t.Fatalf("got %+v %+v", c.MQTT, c.Log)
	}
	s, err := o.Explain("mqtt.listen")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"environment MILLRACE_MQTT__LISTEN: 127.0.0.1:1002", file + ":2: 127.0.0.1:1001", "default: 127.0.0.1:1883"}
	if s.Origin != "flag --mqtt" || !reflect.DeepEqual(s.Overrides, want) || s.Value != "127.0.0.1:1003" || s.Default != "127.0.0.1:1883" {
		t.Fatalf("explained as %+v", s)
	}
	if s, _ := o.Explain("log.level"); s.Origin != file+":5" || s.Value != "warn" {
		t.Fatalf("explained as %+v", s)
	}
}

func TestEnvironmentGivesListsAndGroupsAsJSON(t *testing.T) {
	c, o := load(t, Sources{Env: []string{
		`MILLRACE_STREAMS=[{"name":"a","filters":["a/#","b/+"],"max_bytes":"1GiB"},{"name":"b","filters":["#"],"max_age":0}]`,
		`MILLRACE_HISTORIAN={"stream":"b","time_fields":["when"]}`,
	}})
	want := []Stream{{"a", []string{"a/#", "b/+"}, 30 * day, 1 << 30}, {"b", []string{"#"}, 0, 10 << 30}}
	if !reflect.DeepEqual(c.Streams, want) || c.Historian.Stream != "b" || c.Historian.TimeFields[0] != "when" {
		t.Fatalf("got %+v %+v", c.Streams, c.Historian)
	}
	s, _ := o.Explain("streams")
	first := s.Value.([]any)[0].(map[string]any)
	if first["max_age"] != "30d" || first["max_bytes"] != "1GiB" || s.Origin != "environment MILLRACE_STREAMS" {
		t.Fatalf("explained as %+v", s)
	}
}

func TestNoStreamsMeansNoHistorian(t *testing.T) {
	file := write(t, "m.yaml", "streams: []\n")
	for name, s := range map[string]Sources{"environment": {Env: []string{"MILLRACE_STREAMS=[]"}}, "file": {File: file}} {
		c, o := load(t, s)
		if len(c.Streams) != 0 || c.Historian.Stream != "" {
			t.Errorf("%s: %+v %+v", name, c.Streams, c.Historian)
		}
		if s, _ := o.Explain("historian.stream"); !strings.Contains(s.Origin, "off") || s.Value != "" {
			t.Errorf("%s: explained as %+v", name, s)
		}
	}
}

func TestBuiltInStreamStaysWithinTheStore(t *testing.T) {
	c, o := load(t, Sources{Env: []string{"MILLRACE_STORAGE__MAX_BYTES=1GiB"}})
	if c.Streams[0].MaxBytes != 896<<20 {
		t.Fatalf("%+v", c.Streams)
	}
	if s, _ := o.Explain("streams"); s.Origin != "default (within storage.max_bytes)" || s.Value.([]any)[0].(map[string]any)["max_bytes"] != "896MiB" {
		t.Fatalf("explained as %+v", s)
	}
	if c, _ := load(t, Sources{}); c.Streams[0].MaxBytes != 10<<30 {
		t.Fatalf("%+v", c.Streams)
	}
}

func TestSecretsComeFromFilesAndNeverPrint(t *testing.T) {
	path := write(t, "password", "correct horse battery\n")
	c, o := load(t, Sources{File: write(t, "m.yaml", "admin_password: from-the-file\n"), Env: []string{"MILLRACE_ADMIN_PASSWORD_FILE=" + path}})
	if c.AdminPassword.Reveal() != "correct horse battery" {
		t.Fatal("the file's password was not read")
	}
	s, _ := o.Explain("admin_password")
	if s.Value != "***" || s.Overrides[0] == "" || strings.Contains(strings.Join(s.Overrides, " "), "from-the") {
		t.Fatalf("explained as %+v", s)
	}
}

func TestContainersPassEmptyVariables(t *testing.T) {
	c, _ := load(t, Sources{Env: []string{"MILLRACE_ADMIN_PASSWORD=", "MILLRACE_API_KEY=a:b", "MILLRACE_CONFIG="}})
	if !c.AdminPassword.Empty() {
		t.Fatal("an empty variable is no password")
	}
}

func TestConfigFileMayBeNamedByTheEnvironment(t *testing.T) {
	file := write(t, "m.yaml", "data: /srv/millrace\n")
	if c, _ := load(t, Sources{Env: []string{"MILLRACE_CONFIG=" + file}}); c.Data != "/srv/millrace" {
		t.Fatalf("data is %s", c.Data)
	}
}

func TestExplainHelpsWithKeys(t *testing.T) {
	_, o := load(t, Sources{})
	for key, want := range map[string]string{
		"mqtt.lisen": "Did you mean mqtt.listen?", "mqtt": "mqtt is a group. Its keys are mqtt.listen, ", "x.y.z": `There is no key "x.y.z".`,
		"": `There is no key ""`, "streams.name": "There is no key", "loglevel": "Did you mean log.level?",
	} {
		_, err := o.Explain(key)
		if fault.CodeOf(err) != fault.NotFound || !strings.Contains(fault.UserMessage(err), want) {
			t.Errorf("%q: %v", key, err)
		}
	}
	if all := o.All(); len(all) != len(root.leaves()) || all[0].Key != "data" {
		t.Fatalf("all: %d settings", len(all))
	}
}

func TestNodeNameFromHosts(t *testing.T) {
	for host, want := range map[string]string{
		"plant-1": "plant-1", "a.b.c": "a", "Mühle 7": "M-hle-7", "": "millrace", "---": "millrace", strings.Repeat("x", 200): strings.Repeat("x", 64),
	} {
		if got := nodeName(host); got != want {
			t.Errorf("%q: %q", host, got)
		}
	}
	c, _, err := Load(Sources{Hostname: func() (string, error) { return "", errors.New("none") }})
	if err != nil || c.Node.Name != "millrace" {
		t.Fatalf("%v %+v", err, c)
	}
}
