package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// problems loads and returns the problems as text, with the file called FILE.
func problems(t *testing.T, s Sources) []string {
	t.Helper()
	s.Hostname = host
	c, o, err := Load(s)
	var list *Error
	if !errors.As(err, &list) || c != nil || o != nil {
		t.Fatalf("wanted problems, got %v, %v", c, err)
	}
	lines := err.Error()
	if s.File != "" {
		lines = strings.ReplaceAll(lines, s.File, "FILE")
	}
	return strings.Split(lines, "\n")
}

func manyStreams(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "- {name: s%d, filters: [t%d], max_bytes: 0}\n", i, i)
	}
	return b.String()
}

func TestEveryProblemNamesPlaceKeyAndWayOut(t *testing.T) {
	for name, step := range map[string]struct {
		file string
		env  []string
		want string
	}{
		"misspelt key":          {file: "mqtt:\n  lisen: a:1\n", want: "FILE:2: mqtt.lisen: is not a known key (did you mean mqtt.listen?)"},
		"misspelt group":        {file: "mqt:\n  listen: a:1\n", want: "FILE:1: mqt: is not a known key (did you mean mqtt?)"},
		"wrong separator":       {file: "log_level: info\n", want: "FILE:1: log_level: is not a known key (did you mean log.level?)"},
		"key without its group": {file: "max_packet_size: 1\n", want: "(did you mean mqtt.max_packet_size?)"},
		"far from every key":    {file: "\nzzzzz: 1\n", want: "FILE:2: zzzzz: is not a known key"},
		"dotted key":            {file: "mqtt.listen: 127.0.0.1:1\n", want: "FILE:1: mqtt.listen: has to be nested"},
		"twice":                 {file: "data: a\nlog: {}\ndata: b\n", want: "FILE:3: data: is given twice, first in line 1"},
		"not a number":          {file: "mqtt: {loops: many}\n", want: `FILE:1: mqtt.loops: wants a whole number, found "many"`},
		"a fraction":            {file: "mqtt: {loops: 1.5}\n", want: `wants a whole number, found "1.5"`},
		"beyond int":            {file: "mqtt: {loops: 99999999999999999999}\n", want: `wants a whole number`},
		"a list for a number":   {file: "mqtt: {loops: [1]}\n", want: "mqtt.loops: wants a whole number, found a list"},
		"a number for a group":  {file: "mqtt: 5\n", want: "FILE:1: mqtt: wants a group of keys, found a number"},
		"a list as the file":    {file: "- a\n", want: "FILE:1: wants a group of keys, found a list"},
		"a text for a list":     {file: "streams: all\n", want: "FILE:1: streams: wants a list of groups, found a text (an empty list is [])"},
		"no value":              {file: "streams:\n", want: "FILE:1: streams: has no value"},
		"too small":             {file: "mqtt: {inflight_window: 0}\n", want: "mqtt.inflight_window: is 0, less than the least allowed, 1"},
		"too large":             {file: "mqtt:\n  max_packet_size: 1GiB\n", want: "FILE:2: mqtt.max_packet_size: is 1GiB, more than the most allowed, 7MiB"},
		"no unit":               {file: "mqtt: {connect_timeout: 10}\n", want: `wants a duration such as 500ms, 5s, 12h or 30d, found "10"`},
		"unknown unit":          {file: "storage: {reserve: 10 Mo}\n", want: `wants a size such as`},
		"not in the list":       {file: "log: {level: wran}\n", want: `log.level: wants one of debug, info, warn, error, found "wran", did you mean warn?`},
		"part of a second":      {file: "mqtt: {keep_alive_max: 1500ms}\n", want: "FILE:1: mqtt.keep_alive_max: has to be whole seconds"},
		"short password":        {file: "admin_password: hunter2\n", want: "FILE:1: admin_password: has to have 10 characters at least"},
		"no port":               {file: "mqtt: {listen: 127.0.0.1}\n", want: "it wants host:port"},
		"port too large":        {file: "http: {listen: '127.0.0.1:65536'}\n", want: `http.listen: has the port "65536"`},
		"one port for two":      {file: "http: {listen: '127.0.0.1:1883'}\n", want: "http.listen: has the port of mqtt.listen, 1883"},
		"idle beyond lifetime":  {file: "http: {session_idle: 13h}\n", want: "http.session_idle: is longer than http.session_lifetime, 12h"},
		"stream without name":   {file: "streams:\n  - filters: ['#']\n", want: "FILE:2: streams[0].name: is missing"},
		"stream misspelt":       {file: "streams:\n  - {name: a, filter: ['#']}\n", want: "FILE:2: streams[0].filter: is not a known key (did you mean streams[0].filters?)"},
		"stream name":           {file: "streams:\n  - {name: 'a b', filters: ['#']}\n", want: `streams[0].name: is "a b", which does not match`},
		"reserved stream":       {file: "streams: [{name: sessions, filters: [a]}]\n", want: "which the node keeps for itself"},
		"two of a name":         {file: "streams:\n- {name: a, filters: [x]}\n- {name: a, filters: [y]}\nhistorian: {stream: a}\n", want: `FILE:3: streams[1].name: is "a", as is streams[0].name`},
		"a stream's case":       {file: "streams: [{name: Alarms, filters: [x]}]\n", want: `streams[0].name: is "Alarms", which does not match ^[a-z0-9]`},
		"a device's name":       {file: "streams:\n- {name: a, filters: [x]}\n- {name: aux, filters: [y]}\nhistorian: {stream: a}\n", want: `FILE:3: streams[1].name: is "aux", which Windows keeps for a device`},
		"behind everything":     {file: "streams:\n- {name: a, filters: ['#']}\n- {name: b, filters: [y]}\nhistorian: {stream: a}\n", want: "FILE:3: streams[1]: never gets a message: a stands before it"},
		"bad filter":            {file: "streams:\n- name: telemetry\n  filters:\n  - a/#/b\n", want: `FILE:4: streams[0].filters[0]: is "a/#/b": The wildcard #`},
		"a $ filter":            {file: "streams: [{name: telemetry, filters: ['$SYS/#']}]\n", want: "topics that begin with $ are never kept"},
		"no filter":             {file: "streams: [{name: telemetry, filters: []}]\n", want: "streams[0].filters: is empty"},
		"too short an age":      {file: "streams: [{name: telemetry, filters: [a], max_age: 10ms}]\n", want: "streams[0].max_age: is 10ms; it wants 1s at least, or 0 for no limit"},
		"too small a stream":    {file: "streams: [{name: telemetry, filters: [a], max_bytes: 1MiB}]\n", want: "streams[0].max_bytes: is 1MiB; it wants 16MiB at least"},
		"too small a store":     {file: "storage: {max_bytes: 1MiB}\n", want: "FILE:1: storage.max_bytes: is 1MiB; it wants 64MiB at least"},
		"streams beyond store":  {file: "storage: {max_bytes: 1GiB}\nstreams:\n- {name: telemetry, filters: [a], max_bytes: 512MiB}\n- {name: b, filters: [c]}\n", want: "FILE:3: streams: have max_bytes that add up to more than 896MiB"},
		"too many streams":      {file: "streams:\n" + manyStreams(65) + "historian: {stream: ''}\n", want: "FILE:2: streams: has 65 items; 64 are allowed"},
		"no time fields":        {file: "historian: {time_fields: []}\n", want: "historian.time_fields: is empty"},
		"an empty time field":   {file: "historian: {time_fields: ['']}\n", want: "historian.time_fields[0]: must not be empty"},
		"no such stream":        {file: "historian:\n  stream: telemetri\n", want: `FILE:2: historian.stream: is "telemetri", and there is no such stream (did you mean telemetry?)`},
		"not YAML":              {file: "data: [\n", want: "is not YAML: "},
		"two documents":         {file: "data: a\n---\ndata: b\n", want: "second document"},
		"endless alias":         {file: "streams: &a [*a]\n", want: "FILE:1: streams[0]: wants a group of keys, found a list"},
		"unknown variable":      {env: []string{"MILLRACE_MQTT_LISTEN=127.0.0.1:1"}, want: "environment MILLRACE_MQTT_LISTEN: mqtt_listen: is not a known key (did you mean MILLRACE_MQTT__LISTEN for mqtt.listen?)"},
		"list not as JSON":      {env: []string{"MILLRACE_STREAMS=telemetry"}, want: `environment MILLRACE_STREAMS: streams: wants a list of groups, found a text (as JSON`},
		"bad number variable":   {env: []string{"MILLRACE_MQTT__LOOPS=x"}, want: `environment MILLRACE_MQTT__LOOPS: mqtt.loops: wants a whole number, found "x"`},
		"missing file":          {env: []string{"MILLRACE_ADMIN_PASSWORD_FILE=/nowhere/at/all"}, want: "environment MILLRACE_ADMIN_PASSWORD_FILE: admin_password: /nowhere/at/all cannot be read"},
		"variable and its file": {env: []string{"MILLRACE_DATA=a", "MILLRACE_DATA_FILE=b"}, want: "environment MILLRACE_DATA_FILE: data: is given twice, by MILLRACE_DATA as well"},
		"unknown file variable": {env: []string{"MILLRACE_ADMIN_PASSWORT_FILE=x"}, want: "(did you mean MILLRACE_ADMIN_PASSWORD_FILE for admin_password?)"},
		"inside JSON":           {env: []string{`MILLRACE_MQTT={"lisen":"a"}`}, want: "environment MILLRACE_MQTT: mqtt.lisen: is not a known key (did you mean MILLRACE_MQTT__LISTEN for mqtt.listen?)"},
	} {
		t.Run(name, func(t *testing.T) {
			s := Sources{Env: step.env}
			if step.file != "" {
				s.File = write(t, "m.yaml", step.file)
			}
			if got := problems(t, s); len(got) != 1 || !strings.Contains(got[0], step.want) {
				t.Fatalf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), step.want)
			}
		})
	}
}

func TestAllProblemsAtOnceInOrder(t *testing.T) {
	file := write(t, "m.yaml", "mqtt:\n  lisen: a\n  loops: x\nlog:\n  level: loud\n")
	got := problems(t, Sources{File: file, Env: []string{"MILLRACE_DATTA=1"}, Flags: map[string]string{"http": "nowhere"}})
	want := []string{"FILE:2: mqtt.lisen", "FILE:3: mqtt.loops", "FILE:5: log.level", "environment MILLRACE_DATTA", "flag --http: http.listen"}
	if len(got) != len(want) {
		t.Fatalf("got\n%s", strings.Join(got, "\n"))
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("%d: %s, want %s", i, got[i], want[i])
		}
	}
}

// One mistake hides no other: what was read is checked whatever else is wrong.
func TestChecksBetweenKeysGoOnBesideOtherProblems(t *testing.T) {
	for name, step := range map[string]struct {
		file  string
		env   []string
		flags map[string]string
		want  []string
	}{
		"beside a type error": {
			file: "mqtt: {loops: x}\nstreams:\n- {name: a, filters: ['a/#/b'], max_age: soon}\n- {name: a, filters: [c, '$x', [y]]}\nhistorian:\n  stream: ghost\n",
			want: []string{
				"FILE:1: mqtt.loops: wants", "FILE:3: streams[0].filters[0]: is", "FILE:3: streams[0].max_age: wants", "FILE:4: streams[1].filters[1]: is",
				"FILE:4: streams[1].filters[2]: wants a text", `FILE:4: streams[1].name: is "a", as is`, `FILE:6: historian.stream: is "ghost", and there is no such stream`,
			},
		},
		"beside a name out of bounds": {
			file: "streams:\n- {name: 'a b', filters: ['#']}\n- {name: b, filters: [x]}\nhistorian: {stream: ghost}\n",
			want: []string{"FILE:2: streams[0].name", "FILE:3: streams[1]: never gets a message: a b stands before it", "FILE:4: historian.stream"},
		},
		"all that is missing": {
			file: "streams:\n- {max_age: x}\n- ~\n",
			want: []string{"FILE:2: streams[0].filters: is missing", "FILE:2: streams[0].max_age", "FILE:2: streams[0].name: is missing", "FILE:3: streams[1].filters: is missing", "FILE:3: streams[1].name: is missing"},
		},
		"items of lists":         {file: "historian: {time_fields: [a, '', [b], '']}\n", want: []string{"historian.time_fields[1]: must", "historian.time_fields[2]: wants", "historian.time_fields[3]: must"}},
		"across sources":         {file: "historian: {stream: ghost}\nhttp: {session_idle: 13h}\n", env: []string{"MILLRACE_DURABILITY=x"}, flags: map[string]string{"mqtt": "0.0.0.0:x"}, want: []string{"historian.stream", "http.session_idle", "MILLRACE_DURABILITY", "flag --mqtt"}},
		"a sound value above it": {file: "mqtt: {listen: [x]}\n", flags: map[string]string{"mqtt": "0.0.0.0:x"}, want: []string{"FILE:1: mqtt.listen: wants", "flag --mqtt: mqtt.listen: has the port"}},
		"too many, all bad":      {file: "streams:\n" + strings.Repeat("- {name: sessions, filters: [a]}\n", 1) + "- 5\nstorage: {max_bytes: 1MiB, reserve: x}\n", want: []string{"streams[0].name: is", "streams[1]: wants a group", "storage.max_bytes: is 1MiB", "storage.reserve: wants"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := Sources{Env: step.env, Flags: step.flags}
			s.File = write(t, "m.yaml", step.file)
			got := problems(t, s)
			for i, want := range step.want {
				if len(got) != len(step.want) || !strings.Contains(got[i], want) {
					t.Fatalf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(step.want, "\n\t"))
				}
			}
		})
	}
}

// A mistake is told once: keys that depend on what could not be read are left out.
func TestNoProblemFollowsFromAnother(t *testing.T) {
	for name, s := range map[string]Sources{
		"lifetime in doubt":      {Env: []string{"MILLRACE_HTTP__SESSION_LIFETIME=long", "MILLRACE_HTTP__SESSION_IDLE=13h"}},
		"port in doubt":          {File: write(t, "m.yaml", "mqtt: {listen: [1]}\nhttp: {listen: '127.0.0.1:1883'}\n")},
		"misspelt port":          {File: write(t, "m.yaml", "mqtt: {lisen: '127.0.0.1:1'}\nhttp: {listen: '127.0.0.1:1883'}\n")},
		"group in doubt":         {File: write(t, "m.yaml", "mqtt: 5\nhttp: {listen: '127.0.0.1:1883'}\n")},
		"file in doubt":          {File: write(t, "m.yaml", "streams: [\n"), Env: []string{"MILLRACE_HISTORIAN__STREAM=a"}},
		"streams in doubt":       {Env: []string{"MILLRACE_STREAMS=a", "MILLRACE_HISTORIAN__STREAM=a"}},
		"misspelt streams":       {File: write(t, "m.yaml", "streems: [{name: a, filters: [b]}]\nhistorian: {stream: a}\n")},
		"name in doubt":          {File: write(t, "m.yaml", "streams: [{name: [a], filters: [b]}]\nhistorian: {stream: a}\n")},
		"size in doubt":          {File: write(t, "m.yaml", "streams: [{name: telemetry, filters: [b], max_bytes: much}]\nstorage: {max_bytes: 1GiB}\n")},
		"store in doubt":         {File: write(t, "m.yaml", "streams: [{name: telemetry, filters: [b]}]\nstorage: {max_bytes: 1MiB}\n")},
		"empty data":             {Flags: map[string]string{"data": ""}},
		"misspelt inside a list": {Env: []string{`MILLRACE_STREAMS=[{"name":"telemetry","filter":["a"]}]`}},
	} {
		if got := problems(t, s); len(got) != 1 {
			t.Errorf("%s:\n\t%s", name, strings.Join(got, "\n\t"))
		}
	}
}

func TestValuesOfSecretsStayOutOfProblems(t *testing.T) {
	for _, s := range []Sources{
		{Env: []string{"MILLRACE_ADMIN_PASSWORD=pssw0rd"}},
		{Env: []string{"MILLRACE_ADMIN_PASWORD=pssw0rd"}},
		{File: write(t, "m.yaml", "admin_password: pssw0rd\n")},
		{File: write(t, "m.yaml", "admin_password: [pssw0rd]\n")},
		{Env: []string{`MILLRACE_NODE={"admin_password":"pssw0rd"}`}},
	} {
		if got := strings.Join(problems(t, s), "\n"); strings.Contains(got, "pssw0rd") {
			t.Errorf("printed: %s", got)
		}
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	big := write(t, "big.yaml", strings.Repeat("# padding\n", maxFile/10+1))
	for file, want := range map[string]string{
		filepath.Join(t.TempDir(), "none.yaml"): "cannot be read: no such file", os.TempDir(): "cannot be read", big: "larger than 4MiB",
	} {
		got := problems(t, Sources{File: file})
		if len(got) != 1 || !strings.Contains(got[0], want) && !strings.Contains(got[0], "cannot be read") {
			t.Errorf("%s: %v", file, got)
		}
	}
}

func FuzzFile(f *testing.F) {
	for _, s := range []string{
		"", "mqtt: {listen: 127.0.0.1:1}", "streams: [{name: a, filters: [b]}]", "a: &a [*a]", "? {x: y}\n: z", "<<: 1", "mqtt: &m {loops: 1}\nhttp: *m",
		"- - -", "\x00", "streams: [~]", "streams: [[a]]", "data: !!binary aGk=", "\ufeffdata: x", "%YAML 1.1\n---\n...",
	} {
		f.Add([]byte(s))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte) {
		file := filepath.Join(dir, "fuzz.yaml")
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		c, o, err := Load(Sources{File: file, Env: []string{"MILLRACE_STREAMS=" + string(content)}})
		if (c == nil || o == nil) != (err != nil) {
			t.Fatalf("%v with %v", c, err)
		}
	})
}
