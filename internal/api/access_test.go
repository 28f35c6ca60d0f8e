package api

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/internal/fault"
)

// operation is one of the OpenAPI document.
type operation struct{ id, method, path string }

func (d *desk) operations() (all []operation) {
	for path, item := range d.huma.OpenAPI().Paths {
		for method, op := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "DELETE": item.Delete, "PATCH": item.Patch} {
			if op != nil {
				all = append(all, operation{op.OperationID, method, strings.NewReplacer("{name}", "vera", "{key}", "mqtt.listen").Replace(path)})
			}
		}
	}
	return all
}

func TestEveryOperationHasItsRole(t *testing.T) {
	ops := newDesk(t).operations()
	var ids []string
	for _, op := range ops {
		ids = append(ids, op.id)
	}
	for id, role := range access {
		if !slices.Contains(ids, id) || !slices.Contains(ladder, role) {
			t.Errorf("%s: %s names no operation or no role", id, role)
		}
	}
	if len(ops) != len(access) {
		t.Errorf("%d operations, %d rows", len(ops), len(access))
	}
}

// TestDoors asks every operation as everybody, by session and by key.
func TestDoors(t *testing.T) {
	d := newDesk(t)
	for _, op := range d.operations() {
		least := access[op.id]
		if least == Anyone {
			continue
		}
		problemIn(t, d.do(newRequest(op.method, op.path, "")), 401, fault.Unauthenticated)
		problemIn(t, d.do(by(newRequest(op.method, op.path, ""), "nobody")), 401, fault.Unauthenticated)
		problemIn(t, d.do(withKey(newRequest(op.method, op.path, ""), Viewer, "wrong")), 401, fault.Unauthenticated)
		for _, role := range ladder[1:] {
			for how, r := range map[string]*http.Request{"session": by(newRequest(op.method, op.path, ""), role), "key": withKey(newRequest(op.method, op.path, ""), role, role)} {
				if op.id == "live" {
					r.URL.RawQuery = "filter=%23%23" // refused behind the door
				}
				w := d.do(r)
				if reaches(role, least) {
					if w.Code == 401 || w.Code == 403 && op.id != "change-password" {
						t.Errorf("%s by %s of %s: %d %s", op.id, how, role, w.Code, w.Body)
					}
					continue
				}
				problemIn(t, w, 403, fault.Forbidden)
			}
		}
	}
}

func withKey(r *http.Request, key, secret string) *http.Request {
	r.SetBasicAuth(key, secret)
	return r
}

func TestPeoplesPasswordsAreNoKeys(t *testing.T) {
	d := newDesk(t)
	problemIn(t, d.do(withKey(newRequest("GET", root+"/status", ""), "viewer", "right password")), 401, fault.Unauthenticated)
	r := newRequest("GET", root+"/status", "")
	r.Header.Set("Authorization", "Bearer abc")
	problemIn(t, d.do(r), 401, fault.Unauthenticated)
	r = by(newRequest("GET", root+"/status", ""), Viewer) // what is shown explicitly counts
	problemIn(t, d.do(withKey(r, "viewer", "wrong")), 401, fault.Unauthenticated)
}

func TestChallengesFitTheClient(t *testing.T) {
	d := newDesk(t)
	r := newRequest("GET", root+"/status", "")
	if got := d.do(r).Header().Get("WWW-Authenticate"); !strings.HasPrefix(got, "Basic ") {
		t.Error(got)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if got := d.do(r).Header().Get("WWW-Authenticate"); got != "Millrace-Session" {
		t.Error(got)
	}
}

func TestWhatChangesSomethingNeedsItsToken(t *testing.T) {
	d := newDesk(t)
	for _, op := range d.operations() {
		if safe(op.method) || access[op.id] == Anyone {
			continue
		}
		for _, token := range []string{"", "csrf-viewer", "csrf-administratox"} {
			r := by(newRequest(op.method, op.path, ""), Administrator)
			r.Header.Set(csrfHeader, token)
			problemIn(t, d.do(r), 403, fault.CSRF)
		}
		r := by(newRequest(op.method, op.path, ""), Administrator)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		problemIn(t, d.do(r), 403, fault.CSRF)
		r = by(newRequest(op.method, op.path, ""), Administrator)
		r.Header.Set("Origin", "http://evil.example")
		problemIn(t, d.do(r), 403, fault.CSRF)
	}
	r := newRequest("POST", root+"/session", `{"user":"viewer","password":"right password"}`)
	r.Header.Set("Origin", "http://evil.example")
	problemIn(t, d.do(r), 403, fault.CSRF)
	r.Header.Set("Origin", "http://plant.example")
	if w := d.do(r); w.Code == 403 {
		t.Error(w.Body)
	}
}

func TestTheSocketIsTheAdministrator(t *testing.T) {
	d := newDesk(t)
	w := httptest.NewRecorder()
	d.Handler(true).ServeHTTP(w, newRequest("POST", root+"/api-keys", `{"name":"reports","role":"viewer"}`))
	read[NewAPIKey](t, w, 201)
	w = httptest.NewRecorder()
	d.Handler(true).ServeHTTP(w, newRequest("GET", root+"/session", ""))
	if s := read[Session](t, w, 200); s.User != "local" || s.Role != Administrator {
		t.Errorf("%+v", s)
	}
	w = httptest.NewRecorder()
	d.Handler(true).ServeHTTP(w, newRequest("DELETE", root+"/session", ""))
	problemIn(t, w, 422, fault.Invalid)
}

// TestTheSocketHasNoAddress: what has none is never slowed.
func TestTheSocketHasNoAddress(t *testing.T) {
	d := newDesk(t)
	for address, local := range map[string]bool{"": true, "192.0.2.1": false} {
		w := httptest.NewRecorder()
		d.Handler(local).ServeHTTP(w, newRequest("POST", root+"/session", `{"user":"viewer","password":"right password"}`))
		read[Session](t, w, 200)
		if got := d.crew.last(); got != "sign-in viewer "+address {
			t.Error(got)
		}
	}
}

func TestWhatIsNotWiredIsUnavailable(t *testing.T) {
	a, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{API: a}
	for _, op := range d.operations() {
		if op.id == "get-session" || op.id == "sign-out" {
			continue
		}
		r := newRequest(op.method, op.path, bodies[op.id])
		r.URL.RawQuery = queries[op.id]
		w := httptest.NewRecorder()
		a.Handler(true).ServeHTTP(w, r)
		problemIn(t, w, 503, fault.Unavailable)
	}
	problemIn(t, d.do(newRequest("GET", root+"/status", "")), 503, fault.Unavailable)
	if _, err := New(Options{MaxLive: -1}); fault.CodeOf(err) != fault.Invalid || err == nil {
		t.Error(err)
	}
}

// bodies and queries are what operations need to be understood.
var bodies = map[string]string{
	"sign-in":          `{"user":"vera","password":"x"}`,
	"create-user":      `{"name":"vera","role":"viewer","password":"long enough"}`,
	"change-password":  `{"password":"long enough"}`,
	"create-api-key":   `{"name":"vera","role":"viewer"}`,
	"publish":          `{"topic":"a","payload":"b"}`,
	"set-log-level":    `{"level":"info"}`,
	"kick-clients":     `{"ids":["press-7"]}`,
	"add-topic-metric": `{"filter":"plant/#"}`,
	"set-redirect":     `{}`,
	"create-stream":    `{"name":"lab","filters":["lab/#"],"maxAge":3600}`,
	"change-stream":    `{"before":"telemetry"}`,
	"purge-stream":     `{"all":true,"dryRun":true}`,
	"begin-replay":     `{"from":"-1h","speed":10,"prefix":"test/"}`,
	"set-replay":       `{"state":"paused"}`,
	"create-group":     `{"name":"reports","ackWait":5}`,
	"change-group":     `{"maxInFlight":5}`,
	"ack":              `{"positions":["1:0"],"upTo":"2:0"}`,
	"start-backup":     `{"folder":""}`,
	"verify-backups":   `{"name":""}`,
	"ban":              `{"kind":"user","value":"eve"}`,
	"test-access":      `{"action":"publish","topic":"a"}`,
	"set-mqtt-user":    `{"password":"long enough"}`,
	"start-trace":      `{"name":"press-7","kind":"client","value":"press-7"}`,
}

var queries = map[string]string{"get-last-message": "topic=a", "get-range": "series=a", "live": "filter=a",
	"get-retained": "topic=a", "delete-retained": "topic=a", "delete-topic-metric": "filter=a", "unban": "value=a", "why": "client=a&topic=b"}

func TestBodiesAreChecked(t *testing.T) {
	d := newDesk(t)
	for id := range bodies {
		for _, op := range d.operations() {
			if op.id != id {
				continue
			}
			for _, body := range []string{"{", "[]", "null", `"x"`, `{"unknown":1}`, strings.Repeat("[", 5000), "\xff\xfe"} {
				if w := d.send(op.method, op.path, body); w.Code != 400 && w.Code != 422 {
					t.Errorf("%s %q: %d %s", id, body, w.Code, w.Body)
				} else {
					problemIn(t, w, w.Code, fault.Invalid)
				}
			}
			r := by(newRequest(op.method, op.path, bodies[id]), Administrator)
			r.Header.Set("Content-Type", "text/plain")
			problemIn(t, d.do(r), 415, fault.UnsupportedMedia)
			if id != "publish" {
				problemIn(t, d.send(op.method, op.path, `{"x":"`+strings.Repeat("x", 2<<20)+`"}`), 413, fault.TooLarge)
			}
		}
	}
	if w := d.send("POST", root+"/session", `{"user":"viewer","password":"a secret`); strings.Contains(w.Body.String(), "a secret") {
		t.Error("the answer repeats a password: ", w.Body)
	}
}
