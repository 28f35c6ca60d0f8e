package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/millrace/millrace/internal/api/topics"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/point"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// crew is a People with one person and one key of each role: their names are the
// roles, tokens and secrets too.
type crew struct {
	mu     sync.Mutex
	calls  []string
	ended  map[string]bool
	told   chan struct{} // what Ended returns
	refuse error
}

func (c *crew) call(parts ...string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, strings.Join(parts, " "))
	return c.refuse
}

func (c *crew) last() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.calls) == 0 {
		return ""
	}
	return c.calls[len(c.calls)-1]
}

func (c *crew) end(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended == nil {
		c.ended = map[string]bool{}
	}
	c.ended[token] = true
}

func (c *crew) Ended() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.told
}

func (c *crew) Session(_ context.Context, token string, _ bool) (Session, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if token != Viewer && token != Operator && token != Administrator || c.ended[token] {
		return Session{}, fault.New(fault.Unauthenticated, "The session has ended.")
	}
	return Session{User: token, Role: token, CSRF: "csrf-" + token}, nil
}

func (c *crew) SignIn(_ context.Context, user, password, address string) (string, Session, error) {
	if err := c.call("sign-in", user, address); err != nil {
		return "", Session{}, err
	}
	if password != "right password" {
		return "", Session{}, fault.New(fault.Unauthenticated, "The name or the password is not right.")
	}
	s, err := c.Session(context.Background(), user, true)
	return user, s, err
}

func (c *crew) SignOut(_ context.Context, token string) error { return c.call("sign-out", token) }

func (c *crew) APIKey(_ context.Context, key, secret, _ string) (Session, error) {
	if key != secret {
		return Session{}, fault.New(fault.Unauthenticated, "The API key or its secret is not right.")
	}
	s, err := c.Session(context.Background(), key, true)
	s.CSRF = ""
	return s, err
}

func (c *crew) Users(context.Context) ([]User, error) {
	return []User{{Name: "vera", Role: Viewer, Created: noon}}, c.call("users")
}
func (c *crew) CreateUser(_ context.Context, name, role, _ string) (User, error) {
	return User{Name: name, Role: role, Created: noon}, c.call("create", name, role)
}
func (c *crew) DeleteUser(_ context.Context, name string) error { return c.call("delete", name) }
func (c *crew) SetPassword(_ context.Context, name, password string) error {
	return c.call("set", name, password)
}
func (c *crew) ChangePassword(_ context.Context, token, current, password string) error {
	return c.call("change", token, current, password)
}
func (c *crew) APIKeys(context.Context) ([]APIKey, error) {
	return []APIKey{{Name: "reports", Key: "mr-1", Role: Viewer, Created: noon}}, c.call("keys")
}
func (c *crew) CreateAPIKey(_ context.Context, name, role string) (NewAPIKey, error) {
	return NewAPIKey{APIKey: APIKey{Name: name, Key: "mr-2", Role: role}, Secret: "shown once"}, c.call("create-key", name, role)
}
func (c *crew) DeleteAPIKey(_ context.Context, key string) error { return c.call("delete-key", key) }

// store is a Historian.
type store struct {
	page  point.Page
	asked point.Range
	list  []point.Series
	// results are the answers of Range by series.
	results map[string]point.Result
	err     error
}

func (s *store) Series(_ context.Context, p point.Page) ([]point.Series, int, error) {
	s.page = p
	return s.list, 42, s.err
}
func (s *store) Latest(ctx context.Context, p point.Page) ([]point.Series, int, error) {
	return s.Series(ctx, p)
}
func (s *store) Range(_ context.Context, r point.Range) (point.Result, error) {
	s.asked = r
	name := r.Series
	if r.Topic != "" {
		name = r.Topic + " " + r.Metric
	}
	result, ok := s.results[name]
	if !ok && s.err == nil {
		return result, fault.New(fault.NotFound, "There is no series %q.", r.Series)
	}
	return result, s.err
}

// outlet is a Publisher.
type outlet struct {
	got msg.Message
	err error
}

func (o *outlet) Publish(_ context.Context, m *msg.Message) (bool, error) {
	o.got = m.Clone()
	return o.err == nil && m.QoS > 0, o.err
}

// shelf is a Topics.
type shelf struct{ asked string }

func (s *shelf) Children(parent string, offset, limit int) ([]topics.Node, int) {
	v := 21.5
	s.asked = "children " + parent
	return []topics.Node{{Name: "a", Topic: "plant/a", Rate: 2, HasMessage: true, Time: noon, Value: &v, Spark: []float64{1, 2}}}, 7
}
func (s *shelf) Search(parent, text string, offset, limit int) ([]topics.Node, int) {
	s.asked = "search " + parent + " " + text
	return nil, 0
}
func (s *shelf) Last(topic string) (topics.Message, bool) {
	m := topics.Message{Topic: topic, Time: noon, Publisher: "press-7", Size: 4, Payload: []byte("21.5")}
	switch topic {
	case "binary":
		m.Payload = []byte{0xff, 0, 1, 2}
	case "cut":
		m.Size, m.Payload = 100, []byte("caf\xc3")
	case "gone":
		return m, false
	}
	return m, true
}

type book struct{}

func (book) All() []Setting {
	return []Setting{{Key: "mqtt.listen", Value: "127.0.0.1:1883"},
		{Key: "log.level", Value: "info", Origin: "millrace.yaml:3", Overrides: []string{"default: warn"}}}
}

func (book) Explain(key string) (Setting, error) {
	for _, s := range (book{}).All() {
		if s.Key == key {
			return s, nil
		}
	}
	return Setting{}, fault.New(fault.NotFound, "There is no key %q.", key)
}

// desk is an API with fakes behind it, and a server before it.
type desk struct {
	*API
	crew   *crew
	store  *store
	outlet *outlet
	shelf  *shelf
	live   *station
	level  slog.LevelVar
	log    bytes.Buffer
	url    string
	// unready are the parts that /readyz reports.
	unready []Part
	// patience, if set, is the server's for reading and writing.
	patience time.Duration
}

func newDesk(t *testing.T, change ...func(*Options)) *desk {
	t.Helper()
	d := &desk{crew: &crew{}, store: &store{}, outlet: &outlet{}, shelf: &shelf{}, live: newStation()}
	o := Options{People: d.crew, Historian: d.store, Publisher: d.outlet, Topics: d.shelf, Live: d.live, Settings: book{},
		LogLevel: &d.level, Now: func() time.Time { return noon }, Log: slog.New(slog.NewTextHandler(&d.log, nil)),
		Status:   func(context.Context) (Status, error) { return Status{Node: "plant-1"}, nil },
		History:  func(time.Duration, int) History { return History{Step: 2} },
		Alarms:   func() []Alarm { return []Alarm{{ID: "disk", Priority: 1}} },
		Ready:    func(context.Context) []Part { return d.unready },
		StreamOf: func(string) string { return "telemetry" },
		Metrics:  http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "up 1\n") })}
	for _, f := range change {
		f(&o)
	}
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	d.API = a
	return d
}

// request builds one with a body, unless that is "".
func newRequest(method, path, body string) *http.Request {
	var b io.Reader
	if body != "" {
		b = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, "http://plant.example"+path, b)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// by lets somebody of the role ask by session.
func by(r *http.Request, role string) *http.Request {
	r.AddCookie(&http.Cookie{Name: cookieName, Value: role})
	r.Header.Set(csrfHeader, "csrf-"+role)
	return r
}

func (d *desk) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	d.Handler(false).ServeHTTP(w, r)
	return w
}

// get asks as an administrator.
func (d *desk) get(path string) *httptest.ResponseRecorder {
	return d.do(by(newRequest(http.MethodGet, path, ""), Administrator))
}

func (d *desk) send(method, path, body string) *httptest.ResponseRecorder {
	return d.do(by(newRequest(method, path, body), Administrator))
}

func read[T any](t *testing.T, w *httptest.ResponseRecorder, status int) (v T) {
	t.Helper()
	if w.Code != status {
		t.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
	if w.Body.Len() == 0 {
		return v
	}
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return v
}

func problemIn(t *testing.T, w *httptest.ResponseRecorder, status int, code fault.Code) Problem {
	t.Helper()
	p := read[Problem](t, w, status)
	if p.Code != code.Quote() || p.Status != status || p.Detail == "" || p.RequestID == "" || p.RequestID != w.Header().Get("X-Request-Id") ||
		p.TraceID == "" || p.TraceID != w.Header().Get("X-Trace-Id") ||
		w.Header().Get("Content-Type") != "application/problem+json" {
		t.Fatalf("%+v (%s), want %s", p, w.Header(), code.Quote())
	}
	return p
}

func TestSignInSetsAStrictCookie(t *testing.T) {
	d := newDesk(t)
	r := newRequest("POST", root+"/session", `{"user":"viewer","password":"right password"}`)
	r.RemoteAddr = "192.0.2.9:4711"
	w := d.do(r)
	if s := read[Session](t, w, 200); s.User != "viewer" || s.CSRF != "csrf-viewer" {
		t.Errorf("%+v", s)
	}
	if got := w.Header().Get("Set-Cookie"); got != "millrace_session=viewer; Path=/; HttpOnly; SameSite=Strict" {
		t.Error(got)
	}
	if d.crew.last() != "sign-in viewer 192.0.2.9" {
		t.Error(d.crew.last())
	}
	r = newRequest("POST", root+"/session", `{"user":"viewer","password":"right password"}`)
	r.Header.Set("X-Forwarded-Proto", "https")
	if got := d.do(r).Header().Get("Set-Cookie"); !strings.Contains(got, "; Secure") {
		t.Error(got)
	}
	w = d.do(newRequest("POST", root+"/session", `{"user":"viewer","password":"wrong"}`))
	problemIn(t, w, 401, fault.Unauthenticated)
	d.crew.refuse = fault.New(fault.LockedOut, "Too many failed sign-ins. Try again in 31s.")
	problemIn(t, d.do(newRequest("POST", root+"/session", `{"user":"viewer","password":"right password"}`)), 429, fault.LockedOut)
}

func TestSignOutEndsTheCookie(t *testing.T) {
	d := newDesk(t)
	w := d.do(by(newRequest("DELETE", root+"/session", ""), Viewer))
	read[none](t, w, 204)
	if d.crew.last() != "sign-out viewer" || !strings.Contains(w.Header().Get("Set-Cookie"), "Max-Age=0") {
		t.Error(d.crew.last(), w.Header())
	}
	if s := read[Session](t, d.do(by(newRequest("GET", root+"/session", ""), Viewer)), 200); s.Role != Viewer {
		t.Error(s)
	}
}

func TestPeopleAndKeys(t *testing.T) {
	d := newDesk(t)
	cases := []struct {
		method, path, body string
		status             int
		call               string
	}{
		{"GET", "/users", "", 200, "users"},
		{"POST", "/users", `{"name":"otto","role":"operator","password":"long enough"}`, 201, "create otto operator"},
		{"DELETE", "/users/otto@plant", "", 204, "delete otto@plant"},
		{"PUT", "/users/otto/password", `{"password":"long enough"}`, 204, "set otto long enough"},
		{"PUT", "/users/Administrator/password", `{"current":"old","password":"long enough"}`, 204, "change administrator old long enough"},
		{"GET", "/api-keys", "", 200, "keys"},
		{"POST", "/api-keys", `{"name":"reports","role":"viewer"}`, 201, "create-key reports viewer"},
		{"DELETE", "/api-keys/mr-1", "", 204, "delete-key mr-1"},
	}
	for _, c := range cases {
		w := d.send(c.method, root+c.path, c.body)
		if w.Code != c.status || d.crew.last() != c.call {
			t.Errorf("%s %s: %d, %q; %s", c.method, c.path, w.Code, d.crew.last(), w.Body)
		}
	}
	if k := read[NewAPIKey](t, d.send("POST", root+"/api-keys", `{"name":"reports","role":"viewer"}`), 201); k.Secret != "shown once" || k.Key != "mr-2" {
		t.Errorf("%+v", k)
	}
}

func TestOwnPasswordWithoutBeingAnAdministrator(t *testing.T) {
	d := newDesk(t)
	body := `{"current":"old","password":"long enough"}`
	read[none](t, d.do(by(newRequest("PUT", root+"/users/viewer/password", body), Viewer)), 204)
	problemIn(t, d.do(by(newRequest("PUT", root+"/users/operator/password", body), Viewer)), 403, fault.Forbidden)
}

func TestStatusIsFitForJSON(t *testing.T) {
	nan := func() float64 { var zero float64; return zero / zero }
	d := newDesk(t, func(o *Options) {
		o.Status = func(context.Context) (Status, error) {
			return Status{Node: "plant-1", Historian: HistorianStatus{Lag: nan()}, Streams: []StreamStatus{{Name: "telemetry", AppendP99: nan()}}}, nil
		}
		o.History = func(w time.Duration, n int) History {
			return History{Step: w.Seconds(), Times: []int64{int64(n)}, Rows: map[string][]float64{"in": {1, nan()}}}
		}
	})
	w := d.get(root + "/status")
	s := read[Status](t, w, 200)
	if s.Node != "plant-1" || s.Streams[0].AppendP99 != 0 || strings.Contains(w.Body.String(), "null") {
		t.Error(w.Body)
	}
	if h := read[History](t, d.get(root+"/status/history?window=15m&points=9"), 200); h.Step != 900 || h.Times[0] != 9 || h.Rows["in"][1] != 0 {
		t.Errorf("%+v", h)
	}
	if body := w.Body.String(); strings.Contains(body, "firstTime") || strings.Contains(body, "lastTime") {
		t.Errorf("a stream without messages has times: %s", body)
	}
	if p := read[Page[Alarm]](t, d.get(root+"/alarms"), 200); p.Items[0].ID != "disk" {
		t.Errorf("%+v", p)
	}
}

func TestSettingsAndLogLevel(t *testing.T) {
	d := newDesk(t)
	if p := read[Page[Setting]](t, d.get(root+"/config"), 200); len(p.Items) != 2 || p.Items[0].Overrides == nil {
		t.Errorf("%+v", p)
	}
	if s := read[Setting](t, d.get(root+"/config/log.level"), 200); s.Value != "info" || s.Origin != "millrace.yaml:3" || len(s.Overrides) != 1 {
		t.Errorf("%+v", s)
	}
	if s := read[Setting](t, d.get(root+"/config/mqtt.listen"), 200); s.Value != "127.0.0.1:1883" {
		t.Errorf("%+v", s)
	}
	problemIn(t, d.get(root+"/config/mqtt.listn"), 404, fault.NotFound)
	if l := read[LogLevel](t, d.get(root+"/log-level"), 200); l.Level != "info" {
		t.Error(l)
	}
	if l := read[LogLevel](t, d.send("PUT", root+"/log-level", `{"level":"debug"}`), 200); l.Level != "debug" || d.level.Level() != slog.LevelDebug {
		t.Error(l)
	}
	problemIn(t, d.send("PUT", root+"/log-level", `{"level":"loud"}`), 422, fault.Invalid)
	running := Setting{Key: "log.level", Value: "debug", Origin: "changed while running", Overrides: []string{"millrace.yaml:3: info", "default: warn"}}
	if s := read[Setting](t, d.get(root+"/config/log.level"), 200); !reflect.DeepEqual(s, running) {
		t.Errorf("%+v", s)
	}
	if p := read[Page[Setting]](t, d.get(root+"/config"), 200); !reflect.DeepEqual(p.Items[1], running) {
		t.Errorf("%+v", p.Items[1])
	}
}

func TestTopics(t *testing.T) {
	d := newDesk(t)
	p := read[Page[TopicNode]](t, d.get(root+"/topics?parent=plant&page=2&limit=5"), 200)
	if d.shelf.asked != "children plant" || p.Meta != (Meta{Page: 2, Limit: 5, Count: 7}) || *p.Items[0].Value != 21.5 || len(p.Items[0].Spark) != 2 {
		t.Errorf("%q %+v", d.shelf.asked, p)
	}
	if w := d.get(root + "/topics?parent=plant&search=Temp"); d.shelf.asked != "search plant Temp" || !strings.Contains(w.Body.String(), `"items":[]`) {
		t.Error(d.shelf.asked, w.Body)
	}
	d.get(root + "/topics?flat=true")
	if d.shelf.asked != "search  " {
		t.Error(d.shelf.asked)
	}
	for topic, want := range map[string]TopicMessage{
		"plant/a": {Encoding: "text", Payload: "21.5", Size: 4},
		"binary":  {Encoding: "base64", Payload: "/wABAg==", Size: 4},
		"cut":     {Encoding: "text", Payload: "caf", Size: 100, Truncated: true},
	} {
		want.Topic, want.Time, want.Publisher, want.Stream = topic, noon, "press-7", "telemetry"
		if got := read[TopicMessage](t, d.get(root+"/topics/last?topic="+topic), 200); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	problemIn(t, d.get(root+"/topics/last?topic=gone"), 404, fault.NotFound)
}

func TestPublish(t *testing.T) {
	d := newDesk(t)
	send := func(body string) *httptest.ResponseRecorder { return d.send("POST", root+"/publish", body) }
	if p := read[Published](t, send(`{"topic":"plant/a","payload":"21.5","qos":1}`), 200); !p.Kept {
		t.Error(p)
	}
	if m := d.outlet.got; string(m.Topic) != "plant/a" || string(m.Payload) != "21.5" || m.QoS != 1 || string(m.Publisher) != "api/administrator" || m.Time != noon.UnixNano() {
		t.Errorf("%+v", m)
	}
	read[Published](t, send(`{"topic":"plant/a","payload":"/wAB","encoding":"base64"}`), 200)
	if string(d.outlet.got.Payload) != "\xff\x00\x01" {
		t.Errorf("%q", d.outlet.got.Payload)
	}
	read[Published](t, send(`{"topic":"plant/a","payload":""}`), 200)
	refused := map[string]fault.Code{
		`{"topic":"plant/+","payload":"1"}`:                              fault.BadTopicName,
		`{"topic":"plant/\u0000","payload":"1"}`:                         fault.BadTopicName,
		`{"topic":"$SYS/x","payload":"1"}`:                               fault.Forbidden,
		`{"topic":"","payload":"1"}`:                                     fault.Invalid,
		`{"topic":"a","payload":"1","qos":3}`:                            fault.Invalid,
		`{"topic":"a","payload":"1","quality":1}`:                        fault.Invalid,
		`{"topic":"a","payload":"%%%","encoding":"base64"}`:              fault.Invalid,
		`{"topic":"a","payload":"1","encoding":"rot13"}`:                 fault.Invalid,
		`{"topic":"a","payload":"` + strings.Repeat("x", 1<<20+1) + `"}`: fault.TooLarge,
	}
	for body, code := range refused {
		problemIn(t, send(body), code.HTTPStatus(), code)
	}
	d.outlet.err = fault.New(fault.StorageFull, "Stream \"telemetry\" is full.")
	if p := problemIn(t, send(`{"topic":"a","payload":"1","qos":1}`), 507, fault.StorageFull); p.Detail != `Stream "telemetry" is full.` {
		t.Error(p)
	}
}
