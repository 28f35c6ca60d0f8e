package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// node is a fake node on the socket of a data folder: it answers as told and keeps
// what it was asked.
type node struct {
	data   string
	status int
	kind   string
	answer string

	method, target, body, auth string
}

func startFake(t *testing.T) *node {
	t.Helper()
	n := &node{data: testkit.ShortTempDir(t), status: http.StatusOK, kind: "application/json", answer: "{}"}
	l, err := net.Listen("unix", filepath.Join(n.data, socketName))
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: n}}
	server.Start()
	t.Cleanup(server.Close)
	return n
}

func (n *node) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	n.method, n.target, n.body, n.auth = r.Method, r.URL.String(), string(body), r.Header.Get("Authorization")
	w.Header().Set("Content-Type", n.kind)
	w.WriteHeader(n.status)
	_, _ = io.WriteString(w, n.answer)
}

// millrace runs one command line with a text as standard input.
func millrace(t *testing.T, in string, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(in), &o, &e)
	return code, o.String(), e.String()
}

const (
	at   = `"2026-01-02T03:04:05.678Z"`
	meta = `"meta":{"page":1,"limit":100,"count":1}`
)

// verbs is every verb, what it asks, what the node answers, and what is drawn.
var verbs = map[string]struct {
	args   string
	in     string
	asks   string
	body   string
	answer string
	draws  []string
}{
	"status": {
		args: "status", asks: "GET /api/v1/status",
		answer: `{"node":"n1","version":"1.2","started":"2026-01-01T00:00:00Z","now":"2026-01-04T05:00:00Z","durability":"power","ready":false,
			"parts":[{"name":"streams","ready":false,"error":"disk full"}],"broker":{"transport":"portable","connections":7,"receivedRate":12345.6,"bytesInRate":2048},
			"streams":[{"name":"telemetry","bytes":1073741824,"refusing":true}],"historian":{"series":9},"process":{"cpu":0.5,"cores":2},
			"dropped":[{"title":"Queue full","code":"MR-4216","total":3},{"title":"Never","total":0}],"alarms":[{"priority":1,"title":"Disk full","detail":"free some"}]}`,
		draws: []string{"n1, NOT READY, version 1.2, up 3d5h", "streams is not ready: disk full", "7 connections", "transport portable", "12346/s, 2.0 KiB/s", "1.0 GiB on disk", "REFUSING", "9 series", "Queue full (MR-4216): 3", "priority 1: Disk full"},
	},
	"streams": {args: "streams", asks: "GET /api/v1/streams", answer: `{"items":[]}`, draws: []string{"No streams"}},
	"alarms":  {args: "alarms", asks: "GET /api/v1/alarms", answer: `{"items":[]}`, draws: []string{"No alarms."}},
	"user":    {args: "user", asks: "GET /api/v1/users", answer: `{"items":[]}`, draws: []string{"No users."}},
	"api-key": {args: "api-key", asks: "GET /api/v1/api-keys", answer: `{"items":[]}`, draws: []string{"No API keys."}},
	"topics":  {args: "topics --flat --parent a", asks: "GET /api/v1/topics?flat=true&limit=100&page=1&parent=a", answer: `{"items":[]}`, draws: []string{"No topics"}},
	"series":  {args: "series --prefix a --limit 5", asks: "GET /api/v1/series?limit=5&page=1&prefix=a", answer: `{"items":[]}`, draws: []string{"No series."}},
	"config show": {
		args: "config show", asks: "GET /api/v1/config", answer: `{"items":[{"key":"mqtt.loops","value":2,"origin":"default"},{"key":"data","value":"./d","origin":"flag --data"}],` + meta + `}`,
		draws: []string{"KEY", "mqtt.loops  2      default", "flag --data"},
	},
	"config explain": {
		args: "config explain streams", asks: "GET /api/v1/config/streams",
		answer: `{"key":"streams","value":[{"name":"a"}],"origin":"m.yaml:3","overrides":["environment X: 1","default: 2"],"doc":"Captures.","type":"list","default":[]}`,
		draws:  []string{`[{"name":"a"}]`, "m.yaml:3", "Overrides  environment X: 1", "default: 2", "Captures."},
	},
	"log level": {args: "log level", asks: "GET /api/v1/log-level", answer: `{"level":"info"}`, draws: []string{"info"}},
	"log level debug": {
		args: "log level debug", asks: "PUT /api/v1/log-level", body: `{"level":"debug"}`, answer: `{"level":"debug"}`, draws: []string{"debug"},
	},
	"api-key create": {
		args: "api-key create ci --role viewer", asks: "POST /api/v1/api-keys", body: `{"name":"ci","role":"viewer"}`,
		answer: `{"name":"ci","key":"k1","role":"viewer","secret":"s1"}`, draws: []string{"k1", "s1", "not shown again"},
	},
	"api-key list":   {args: "api-key list", asks: "GET /api/v1/api-keys", answer: `{"items":[{"name":"ci","key":"k1","role":"viewer","created":` + at + `}],` + meta + `}`, draws: []string{"ci", "k1"}},
	"api-key delete": {args: "api-key delete k/1", asks: "DELETE /api/v1/api-keys/k%2F1", draws: []string{"API key k/1 is removed."}},
	"user list":      {args: "user list", asks: "GET /api/v1/users", answer: `{"items":[{"name":"admin","role":"administrator"}],` + meta + `}`, draws: []string{"admin", "administrator"}},
	"user create": {
		args: "user create eve --role operator", in: "a long password\n", asks: "POST /api/v1/users", body: `{"name":"eve","role":"operator","password":"a long password"}`,
		answer: `{"name":"eve","role":"operator"}`, draws: []string{"eve may sign in as operator"},
	},
	"user delete": {args: "user delete eve", asks: "DELETE /api/v1/users/eve", draws: []string{"User eve is removed."}},
	"user passwd": {
		args: "user passwd eve --password-file -", in: "next password\r\nmore", asks: "PUT /api/v1/users/eve/password", body: `{"password":"next password"}`,
		draws: []string{"The password of eve is set."},
	},
	"streams list": {
		args: "streams list", asks: "GET /api/v1/streams", answer: `{"items":[{"name":"telemetry","filters":["a/#","b"],"appendedRate":5,"bytes":10}],` + meta + `}`,
		draws: []string{"telemetry  a/# b", "5.00/s", "10 B", "keeping"},
	},
	"streams show": {
		args: "streams show telemetry", asks: "GET /api/v1/streams/telemetry",
		answer: `{"name":"telemetry","filters":["a/#"],"appendedRate":5,"bytesRate":2048,"bytes":10,"first":"1:0","last":"9:3","maxAge":3600,"refusing":true,
			"readers":[{"name":"historian","kind":"historian","position":"7:0","behind":2,"lag":65}]}`,
		draws: []string{"a/#", "5.00/s, 2.0 KiB/s", "1h0m", "9:3", "refusing", "historian (historian) at 7:0, 2 entries and 1m5s behind"},
	},
	"streams read": {
		args: "streams read telemetry --from -1h --filter a/# --limit 2 --wait 3s", asks: "GET /api/v1/streams/telemetry/messages?filter=a%2F%23&from=-1h&limit=2&wait=3",
		answer: `{"messages":[{"position":"7:1","topic":"a/b","encoding":"text","payload":"21\u001b"},{"position":"7:2","topic":"a/c","encoding":"base64","payload":"/w=="}],"next":"7:2","more":true,"removed":true}`,
		draws:  []string{"removed before", "7:1", "a/b", `21\x1b`, "base64: /w==", "More with --after 7:2"},
	},
	"series list": {
		args: "series list --prefix plant --search temp --limit 10 --page 2", asks: "GET /api/v1/series?limit=10&page=2&prefix=plant&search=temp",
		answer: `{"items":[{"series":"plant/t","kind":"number","time":` + at + `}],"meta":{"page":2,"limit":1,"count":9}}`, draws: []string{"plant/t", "1 of 9; more with"},
	},
	"series latest": {
		args: "series latest", asks: "GET /api/v1/series/latest?limit=100&page=1",
		answer: `{"items":[{"series":"a","time":` + at + `,"value":21.5},{"series":"b","value":null},{"series":"c","value":true},{"series":"d","value":"x\u001b[2J"}],` + meta + `}`,
		draws:  []string{"21.5", "true", `x\x1b[2J`},
	},
	"series range": {
		args: "series range a b --from -2h --bucket 10m --fn avg,count", asks: "GET /api/v1/series/range?bucket=10m&fn=avg%2Ccount&from=-2h&limit=10000&series=a&series=b&to=now",
		answer: `{"items":[{"series":"a","times":[` + at + `],"avg":[1.25],"count":[4],"truncated":true,"nextFrom":` + at + `},{"series":"b","times":[]}]}`,
		draws:  []string{"TIME", "AVG", "COUNT", "1.25", "cut at the limit; go on with --from 2026-01-02T03:04:05.678Z", "No points"},
	},
	"series range raw": {
		args: "series range a", asks: "GET /api/v1/series/range?bucket=0&fn=avg%2Cmin%2Cmax%2Cfirst%2Clast%2Ccount&from=-1h&limit=10000&series=a&to=now",
		answer: `{"items":[{"series":"a","times":[` + at + `],"values":["on"]}]}`, draws: []string{"VALUE", "on"},
	},
	"publish": {
		args: "publish a/b -m 21.5 -q 1", asks: "POST /api/v1/publish", body: `{"topic":"a/b","payload":"21.5","encoding":"text","qos":1}`,
		answer: `{"kept":true}`, draws: []string{"a stream keeps it"},
	},
	"publish bytes": {
		args: "publish a/b -f -", in: "\xff\x00", asks: "POST /api/v1/publish", body: `{"topic":"a/b","payload":"/wA=","encoding":"base64"}`,
		answer: `{"kept":false}`, draws: []string{"no stream confirmed"},
	},
	"alarms list": {args: "alarms list", asks: "GET /api/v1/alarms", answer: `{"items":[],` + meta + `}`, draws: []string{"No alarms."}},
	"delayed": {
		args: "delayed --search oven", asks: "GET /api/v1/delayed?limit=100&page=1&search=oven",
		answer: `{"items":[{"id":"4x","topic":"plant/oven","publisher":"press-7","qos":1,"retain":false,"size":2048,"at":` + at + `,"dueAt":` + at + `}],` + meta + `}`,
		draws:  []string{"ID", "4x", "plant/oven", "2.0 KiB", "press-7"},
	},
	"redirect": {args: "redirect", asks: "GET /api/v1/redirect", answer: `{"active":false,"moved":false}`, draws: []string{"Clients may come in."}},
	"redirect start": {
		args: "redirect start plant-2:1883 --moved", asks: "POST /api/v1/redirect", body: `{"reference":"plant-2:1883","moved":true}`,
		answer: `{"active":true,"reference":"plant-2:1883","moved":true,"since":` + at + `}`, draws: []string{"sent to plant-2:1883 for good"},
	},
	"redirect start nowhere": {args: "redirect start", asks: "POST /api/v1/redirect", body: `{}`, answer: `{"active":true,"moved":false}`, draws: []string{"not told where"}},
	"redirect stop":          {args: "redirect stop", asks: "DELETE /api/v1/redirect", draws: []string{"may come in again"}},
	"bans": {
		args: "bans", asks: "GET /api/v1/bans?limit=1000", answer: `{"items":[{"kind":"user","value":"eve","since":` + at + `,"by":"local","reason":"left"}],` + meta + `}`,
		draws: []string{"user", "eve", "local", "left"},
	},
	"bans add":    {args: "bans add user eve --reason left", asks: "POST /api/v1/bans", body: `{"kind":"user","value":"eve","reason":"left"}`, answer: `{"kind":"user","value":"eve","since":` + at + `}`, draws: []string{"user eve is banned"}},
	"bans delete": {args: "bans delete login eve@192.0.2.1", asks: "DELETE /api/v1/bans/login?value=eve%40192.0.2.1", draws: []string{"ban of login eve@192.0.2.1 has ended"}},
	"access show": {args: "access show", asks: "GET /api/v1/access", answer: `{"configured":true,"default":"deny","warnings":["Rule 2 never allows it."]}`, draws: []string{"Warning", "Rule 2 never allows it."}},
	"clients list": {
		args: "clients list --sort queued --desc --prefix press-", asks: "GET /api/v1/clients?limit=100&order=desc&page=1&prefix=press-&sort=queued",
		answer: `{"items":[{"id":"press-7","user":"anna","address":"192.0.2.1:5","listener":"default","transport":"tcp","protocol":"5.0","connected":false,"disconnectedAt":` + at + `,"subscriptions":2,"inflight":1,"queued":3,"dropped":4,
			"lastError":{"code":"MR-4216","reason":"queue_full","text":"Queue full","at":` + at + `}}],` + meta + `}`,
		draws: []string{"press-7", "anna", "192.0.2.1:5", "away", "queue_full"},
	},
	"clients show": {
		args: "clients show press/7", asks: "GET /api/v1/clients/press%2F7",
		answer: `{"id":"press/7","listener":"default","transport":"tcp","protocol":"5.0","connected":true,"queued":1,"dropped":7,"droppedBy":[{"code":"MR-4216","reason":"queue_full","count":7}],"subscribed":[{"filter":"plant/#","qos":1}],
			"flights":[{"packetId":9,"direction":"out","awaits":"PUBACK","topic":"plant/a","qos":1}],"queue":[{"topic":"plant/b","qos":1,"size":2048,"since":` + at + `}],"limits":{"clientReceiveMaximum":1,"queue":10,"queueBytes":4096}}`,
		draws: []string{"press/7", "plant/# (QoS 1)", "out 9 awaits PUBACK, plant/a", "plant/b, QoS 1, packet of 2.0 KiB", "7 queue_full (MR-4216)", "1 of 10"},
	},
	"clients show lasting": {
		args: "clients show mes", asks: "GET /api/v1/clients/mes",
		answer: `{"id":"mes","queued":4,"queuedBytes":2048,"limits":{"queue":10,"queueBytes":4096,"log":{"messages":0,"bytes":1073741824,"age":604800}}}`,
		draws:  []string{"4, 2.0 KiB, in the log; at most 1.0 GiB, 7d0h of each stream"},
	},
	"clients kick":         {args: "clients kick press-7", asks: "DELETE /api/v1/clients/press-7", draws: []string{"press-7 is kicked"}},
	"clients kick session": {args: "clients kick press-7 --session", asks: "DELETE /api/v1/clients/press-7?session=true", draws: []string{"press-7 is kicked"}},
	"clients kick many": {
		args: "clients kick a b --session", asks: "POST /api/v1/clients/kick", body: `{"ids":["a","b"],"session":true}`, answer: `{"kicked":1,"missing":["b"]}`, draws: []string{"1 kicked.", "Not there: b"},
	},
	"subscriptions list": {
		args: "subscriptions list --topic plant/a --shared only", asks: "GET /api/v1/subscriptions?limit=100&page=1&shared=only&topic=plant%2Fa",
		answer: `{"items":[{"client":"c","filter":"$share/g/plant/+","qos":1,"noLocal":true,"retainAsPublished":true,"id":7,"connected":true}],` + meta + `}`, draws: []string{"$share/g/plant/+", "no local, as published", "7"},
	},
	"retained list": {
		args: "retained list --filter plant/#", asks: "GET /api/v1/retained?filter=plant%2F%23&limit=100&page=1",
		answer: `{"items":[{"topic":"plant/a","size":2048,"qos":1,"at":` + at + `,"publisher":"press"}],` + meta + `}`, draws: []string{"plant/a", "2.0 KiB", "press"},
	},
	"retained show": {
		args: "retained show plant/a", asks: "GET /api/v1/retained/message?topic=plant%2Fa",
		answer: `{"topic":"plant/a","size":2,"qos":1,"at":` + at + `,"publisher":"press","payload":"on","encoding":"text"}`, draws: []string{"Payload (text)", "on"},
	},
	"retained delete of one publisher": {args: "retained delete --publisher press-*", asks: "DELETE /api/v1/retained?publisher=press-%2A", answer: `{"deleted":3}`, draws: []string{"3 removed."}},
	"retained delete":                  {args: "retained delete plant/# --dry-run", asks: "DELETE /api/v1/retained?dryRun=true&filter=plant%2F%23", answer: `{"deleted":3,"dryRun":true}`, draws: []string{"3 would be removed."}},
	"listeners list": {
		args: "listeners list", asks: "GET /api/v1/listeners",
		answer: `{"items":[{"name":"default","kind":"tcp","address":"127.0.0.1:1883","listening":true,"anonymous":true,"open":3,"accepted":9,"refused":{"banned":2}}],` + meta + `}`, draws: []string{"default", "127.0.0.1:1883", "2"},
	},
	"listeners reload": {args: "listeners reload", asks: "POST /api/v1/listeners/reload", answer: `{"listeners":["tls","wss"]}`, draws: []string{"Read again: tls, wss"}},
	"refused list": {
		args: "refused list --kind password --since -1h", asks: "GET /api/v1/refused?kind=password&limit=100&page=1&since=-1h",
		answer: `{"items":[{"at":` + at + `,"lastAt":` + at + `,"count":12,"client":"press","user":"eve","address":"192.0.2.1","listener":"tls","kind":"password","reason":"bad_password","code":"MR-4202","text":"Wrong."}],` + meta + `}`,
		draws:  []string{"12", "press", "eve", "192.0.2.1", "bad_password", "MR-4202", "Wrong."},
	},
	"slow list":  {args: "slow list", asks: "GET /api/v1/slow-subscribers", answer: `{"items":[{"client":"c","topic":"plant/a","latency":1500,"count":2,"at":` + at + `}],` + meta + `}`, draws: []string{"plant/a", "1.5s", "2"}},
	"slow clear": {args: "slow clear", asks: "DELETE /api/v1/slow-subscribers", draws: []string{"afresh"}},
	"topic-metrics list": {
		args: "topic-metrics list", asks: "GET /api/v1/topic-metrics", answer: `{"items":[{"filter":"plant/#","since":` + at + `,"in":{"qos0":1,"qos1":2,"qos2":3},"out":{"qos0":4},"inRate":1.5}],` + meta + `}`, draws: []string{"plant/#", "6", "1.50/s", "4"},
	},
	"topic-metrics add":    {args: "topic-metrics add plant/#", asks: "POST /api/v1/topic-metrics", body: `{"filter":"plant/#"}`, answer: `{"filter":"plant/#"}`, draws: []string{"plant/# is counted."}},
	"topic-metrics delete": {args: "topic-metrics delete plant/#", asks: "DELETE /api/v1/topic-metrics?filter=plant%2F%23", draws: []string{"counted no more"}},
	"trace list": {
		args: "trace list", asks: "GET /api/v1/traces", answer: `{"items":[{"name":"t","kind":"client","value":"press","format":"text","state":"stopped","ended":"by hand","packets":3,"bytes":2048,"until":` + at + `}],` + meta + `}`,
		draws: []string{"client press", "stopped: by hand", "2.0 KiB"},
	},
	"trace stop":       {args: "trace stop t", asks: "POST /api/v1/traces/t/stop", answer: `{"name":"t","packets":3}`, draws: []string{"t has ended with 3 packets"}},
	"trace download":   {args: "trace download t", asks: "GET /api/v1/traces/t/file", answer: "what was sent", draws: []string{"what was sent"}},
	"trace delete":     {args: "trace delete t", asks: "DELETE /api/v1/traces/t", draws: []string{"t is removed"}},
	"delayed delete":   {args: "delayed delete 4x", asks: "DELETE /api/v1/delayed/4x", draws: []string{"4x is removed"}},
	"topics list flat": {args: "topics list --flat", asks: "GET /api/v1/topics?flat=true&limit=100&page=1", answer: `{"items":[],` + meta + `}`, draws: []string{"No topics seen."}},
	"topics list": {
		args: "topics list --parent plant", asks: "GET /api/v1/topics?limit=100&page=1&parent=plant",
		answer: `{"items":[{"name":"x","topic":"plant/x","children":2,"topics":5,"rate":1.5,"preview":"{\"a\":1}"}],` + meta + `}`, draws: []string{"plant/x/", "1.50/s", `{"a":1}`},
	},
}

func TestEveryVerbAsksTheNodeAndDrawsItsAnswer(t *testing.T) {
	contract := readContract(t)
	for name, v := range verbs {
		t.Run(name, func(t *testing.T) {
			n := startFake(t)
			n.answer = v.answer
			if v.answer == "" {
				n.status = http.StatusNoContent
			}
			args := append([]string{"ctl", "--data", n.data}, strings.Fields(v.args)...)
			code, out, errs := millrace(t, v.in, args...)
			if code != exitDone || errs != "" {
				t.Fatalf("code %d: %s", code, errs)
			}
			if asked := n.method + " " + n.target; asked != v.asks || n.body != v.body {
				t.Errorf("asked %s %s\nwant  %s %s", asked, n.body, v.asks, v.body)
			}
			for _, want := range v.draws {
				if !strings.Contains(out, want) {
					t.Errorf("no %q in\n%s", want, out)
				}
			}
			contract.covers(t, n)
		})
	}
}

// contract is the API's own description of its operations.
type contract struct {
	Paths map[string]map[string]struct {
		Parameters []struct{ Name, In string }
	}
}

func readContract(t *testing.T) contract {
	t.Helper()
	content, err := os.ReadFile("../../console/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var c contract
	if err := json.Unmarshal(content, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

var pathPart = regexp.MustCompile(`\\\{[^/]*\\\}`)

// covers fails when the API has no operation or parameter that ctl asked for.
func (c contract) covers(t *testing.T, n *node) {
	t.Helper()
	path, query, _ := strings.Cut(n.target, "?")
	for pattern, operations := range c.Paths {
		if !strings.HasPrefix(pattern, "/api/v1") {
			pattern = "/api/v1" + pattern
		}
		match, _ := regexp.MatchString("^"+pathPart.ReplaceAllString(regexp.QuoteMeta(pattern), "[^/]+")+"$", path)
		operation, ok := operations[strings.ToLower(n.method)]
		if !match || !ok {
			continue
		}
		known := map[string]bool{}
		for _, p := range operation.Parameters {
			known[p.Name] = p.In == "query"
		}
		for _, pair := range strings.Split(query, "&") {
			if name, _, _ := strings.Cut(pair, "="); name != "" && !known[name] {
				t.Errorf("%s %s has no parameter %s", n.method, pattern, name)
			}
		}
		return
	}
	t.Errorf("the API has no %s %s", n.method, path)
}

func TestJSONIsTheAnswerItself(t *testing.T) {
	n := startFake(t)
	n.answer = `{"name":"ci","key":"k1","role":"viewer","secret":"s1","more":1}`
	_, out, _ := millrace(t, "", "ctl", "--data", n.data, "api-key", "create", "ci", "--role", "viewer", "--json")
	var got map[string]any
	if err := json.Unmarshal([]byte(out), &got); err != nil || got["key"] != "k1" || got["secret"] != "s1" || got["more"] != 1.0 {
		t.Fatalf("%v: %s", err, out)
	}
	n.status, n.answer = http.StatusNoContent, ""
	if code, out, _ := millrace(t, "", "ctl", "--data", n.data, "api-key", "delete", "k1", "--json"); code != exitDone || out != "{\n  \"done\": true\n}\n" {
		t.Fatalf("%d %q", code, out)
	}
}

func TestRefusalsShowDetailAndCode(t *testing.T) {
	n := startFake(t)
	n.status, n.kind = http.StatusNotFound, "application/problem+json; charset=utf-8"
	n.answer = `{"title":"Not found","status":404,"detail":"There is no key \"x\".","code":"MR-4040"}`
	code, out, errs := millrace(t, "", "ctl", "--data", n.data, "config", "explain", "x")
	if code != exitFailed || out != "" || errs != "millrace: There is no key \"x\". (MR-4040)\n  millrace ctl config show lists the keys\n" {
		t.Fatalf("%d %q %q", code, out, errs)
	}
	n.answer = `{"title":"Not valid","code":"MR-4220","errors":[{"location":"body.name","message":"too short"},{"location":"body.role","message":"unknown"}]}`
	if _, _, errs := millrace(t, "", "ctl", "--data", n.data, "status"); !strings.Contains(errs, "Not valid (MR-4220)\n  name: too short\n  role: unknown") {
		t.Fatal(errs)
	}
	n.answer = `{"detail":"The request is not valid: query.limit: expected 1.","code":"MR-4220","errors":[{"location":"query.limit","message":"expected 1"}]}`
	if _, _, errs := millrace(t, "", "ctl", "--data", n.data, "series"); !strings.Contains(errs, "not valid: --limit: expected 1. (MR-4220)") {
		t.Fatal(errs)
	}
	n.kind, n.answer = "text/html", "<html>"
	if _, _, errs := millrace(t, "", "ctl", "--data", n.data, "status"); !strings.Contains(errs, "404 Not Found, and not from a millrace node") {
		t.Fatal(errs)
	}
	n.status, n.answer = http.StatusOK, "<html>"
	for _, more := range [][]string{{}, {"--json"}} {
		if code, _, errs := millrace(t, "", append([]string{"ctl", "--data", n.data, "status"}, more...)...); code != exitFailed || errs == "" {
			t.Fatal(code, errs)
		}
	}
}

// A node of another version may not know what is asked.
func TestANodeThatDoesNotKnowTheRequestMayBeOfAnotherVersion(t *testing.T) {
	n := startFake(t)
	n.kind = "application/problem+json"
	for answer, status := range map[string]int{
		`{"detail":"There is no /api/v1/backups. /api/docs lists what there is.","code":"MR-4040"}`:                    http.StatusNotFound,
		`{"detail":"/api/v1/backups has only GET.","code":"MR-4050"}`:                                                  http.StatusMethodNotAllowed,
		`{"detail":"Not valid.","code":"MR-4220","errors":[{"location":"body.hold","message":"unexpected property"}]}`: http.StatusUnprocessableEntity,
	} {
		n.status, n.answer = status, answer
		if code, _, errs := millrace(t, "", "ctl", "--data", n.data, "backup", "list"); code != exitFailed || !strings.Contains(errs, "version "+thisBuild().Version) || !strings.Contains(errs, "ctl status") {
			t.Errorf("%s: %d %q", answer, code, errs)
		}
	}
}

func TestRefusalsShowTheWayOut(t *testing.T) {
	n := startFake(t)
	n.kind, n.answer = "application/problem+json", `{"detail":"No."}`
	for line, step := range map[string]struct {
		status int
		want   string
	}{
		"user delete eve":               {http.StatusNotFound, "millrace ctl user list shows the users"},
		"user passwd eve":               {http.StatusNotFound, "millrace ctl user list shows the users"},
		"user create eve --role viewer": {http.StatusConflict, "millrace ctl user passwd sets"},
		"publish a -m b":                {http.StatusForbidden, "api-key create --role makes a key that may"},
		"api-key delete k":              {http.StatusNotFound, "millrace ctl api-key list shows the keys"},
		"series range a":                {http.StatusNotFound, "millrace ctl series list"},
		"config explain x":              {http.StatusNotFound, "millrace ctl config show"},
		"status":                        {http.StatusUnauthorized, "millrace ctl api-key list shows"},
	} {
		n.status = step.status
		code, _, errs := millrace(t, "a long password", append([]string{"ctl", "--data", n.data}, strings.Fields(line)...)...)
		if code != exitFailed || !strings.Contains(errs, step.want) {
			t.Errorf("%s: %d %s", line, code, errs)
		}
	}
}

func TestNodesThatCannotBeReached(t *testing.T) {
	empty := testkit.ShortTempDir(t)
	left := testkit.ShortTempDir(t)
	file := filepath.Join(empty, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(left, socketName), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	_ = l.Close()
	for name, step := range map[string]struct {
		args []string
		want string
	}{
		"no folder":       {[]string{"--data", file}, file + " is no folder; --data wants"},
		"nothing there":   {[]string{"--data", empty}, "no node runs on " + empty + "; start one with: millrace serve --data " + empty},
		"a socket left":   {[]string{"--data", left}, "no node runs on " + left + ", its last one was cut off"},
		"nobody listens":  {[]string{"--url", "http://" + testkit.FreeAddr(t), "--api-key", "k:s"}, "--url wants the address of the node's console"},
		"no such address": {[]string{"--url", "plant:18083", "--api-key", "k:s"}, "--url wants an address"},
		"no key":          {[]string{"--url", "http://plant"}, "needs an API key"},
		"half a key":      {[]string{"--url", "http://plant", "--api-key", "k"}, "needs an API key"},
		"no key file":     {[]string{"--url", "http://plant", "--api-key-file", empty + "/none"}, "read the API key"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, errs := millrace(t, "", append([]string{"ctl", "status"}, step.args...)...)
			if code == exitDone || !strings.Contains(errs, step.want) {
				t.Fatalf("%d %s", code, errs)
			}
		})
	}
}

func TestAnotherNodeIsAskedWithTheKey(t *testing.T) {
	n := &node{status: http.StatusOK, kind: "application/json", answer: `{"level":"info"}`}
	server := httptest.NewServer(n)
	defer server.Close()
	const basic = "Basic azpz" // k:s
	file := filepath.Join(t.TempDir(), "key")
	for name, step := range map[string]struct {
		env, content string
		args         []string
	}{
		"flag":             {args: []string{"--api-key", "k:s"}},
		"file":             {args: []string{"--api-key-file", file}, content: "k:s\n"},
		"printed":          {args: []string{"--api-key-file", file}, content: `{"name":"x","key":"k","secret":"s"}`},
		"environment":      {env: "MILLRACE_API_KEY=k:s"},
		"environment file": {env: "MILLRACE_API_KEY_FILE=" + file, content: "k:s"},
	} {
		t.Run(name, func(t *testing.T) {
			if step.content != "" {
				if err := os.WriteFile(file, []byte(step.content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if key, v, ok := strings.Cut(step.env, "="); ok {
				t.Setenv(key, v)
			}
			n.auth = ""
			code, out, errs := millrace(t, "", append([]string{"ctl", "--url", server.URL + "/", "log", "level"}, step.args...)...)
			if code != exitDone || n.auth != basic || out != "info\n" {
				t.Fatalf("%d %q %s%s", code, n.auth, out, errs)
			}
		})
	}
}

func TestEnvironmentNamesTheNode(t *testing.T) {
	n := startFake(t)
	n.answer = `{"level":"warn"}`
	t.Setenv("MILLRACE_DATA", n.data)
	if code, out, errs := millrace(t, "", "ctl", "log", "level"); code != exitDone || out != "warn\n" {
		t.Fatal(code, errs)
	}
	t.Setenv("MILLRACE_URL", "http://elsewhere")
	if code, _, errs := millrace(t, "", "ctl", "--data", n.data, "log", "level"); code != exitDone {
		t.Fatal(code, errs)
	}
}

func TestSlowNodesAreGivenUp(t *testing.T) {
	released := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-released }))
	defer server.Close()
	defer close(released)
	code, _, errs := millrace(t, "", "ctl", "--url", server.URL, "--api-key", "k:s", "--timeout", "1ms", "status")
	if code != exitFailed || !strings.Contains(errs, "did not answer in time, 1ms; --timeout grants more") {
		t.Fatal(code, errs)
	}
}

// TestJSONAlwaysHasAResult: what the API answers with no content is an object for
// scripts all the same.
func TestJSONAlwaysHasAResult(t *testing.T) {
	n := startFake(t)
	n.status, n.answer = http.StatusNoContent, ""
	for _, args := range [][]string{{"bans", "delete", "user", "ann"}, {"topic-metrics", "delete", "a/#"}} {
		code, out, errs := millrace(t, "", append([]string{"ctl", "--data", n.data, "--json"}, args...)...)
		if code != 0 || strings.TrimSpace(out) != "{\n  \"done\": true\n}" {
			t.Errorf("%v: %d %q %q", args, code, out, errs)
		}
	}
}

func TestTraceTakesSizes(t *testing.T) {
	n := startFake(t)
	if code, _, errs := millrace(t, "", "ctl", "--data", n.data, "trace", "start", "x", "--client", "press", "--max-bytes", "8KiB"); code != 0 || !strings.Contains(n.body, `"maxBytes":8192`) {
		t.Error(code, errs, n.body)
	}
	if code, _, errs := millrace(t, "", "ctl", "--data", n.data, "trace", "start", "x", "--client", "press", "--max-bytes", "much"); code != 2 || !strings.Contains(errs, "--max-bytes") {
		t.Error(code, errs)
	}
}

func TestBansOfTheNodeSayWhoseTheyAre(t *testing.T) {
	n := startFake(t)
	n.answer = `{"items":[{"kind":"client_id","value":"flap","reason":"It disconnected too often."}],"total":1}`
	if _, out, errs := millrace(t, "", "ctl", "--data", n.data, "bans", "list"); !strings.Contains(out, "the node") {
		t.Error(out, errs)
	}
}
