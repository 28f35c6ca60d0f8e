package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/api/topics"
	"github.com/millrace/millrace/internal/bus"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/people"
)

// crew lets the real people answer the API, as the wiring does.
type crew struct{ *people.People }

func (c crew) SignIn(ctx context.Context, user, password, address string) (string, api.Session, error) {
	token, s, err := c.People.SignIn(ctx, user, password, address)
	return token, api.Session(s), err
}
func (c crew) Session(ctx context.Context, token string, touch bool) (api.Session, error) {
	s, err := c.People.Session(ctx, token, touch)
	return api.Session(s), err
}
func (c crew) APIKey(ctx context.Context, key, secret, address string) (api.Session, error) {
	s, err := c.People.APIKey(ctx, key, secret, address)
	return api.Session(s), err
}
func (c crew) Users(ctx context.Context) (out []api.User, err error) {
	users, err := c.People.Users(ctx)
	for _, u := range users {
		out = append(out, api.User(u))
	}
	return out, err
}
func (c crew) CreateUser(ctx context.Context, name, role, password string) (api.User, error) {
	u, err := c.People.CreateUser(ctx, name, role, password)
	return api.User(u), err
}
func (c crew) APIKeys(ctx context.Context) (out []api.APIKey, err error) {
	keys, err := c.People.APIKeys(ctx)
	for _, k := range keys {
		out = append(out, api.APIKey(k))
	}
	return out, err
}
func (c crew) CreateAPIKey(ctx context.Context, name, role string) (api.NewAPIKey, error) {
	k, secret, err := c.People.CreateAPIKey(ctx, name, role)
	return api.NewAPIKey{APIKey: api.APIKey(k), Secret: secret}, err
}

// browser speaks to the API as one does.
type browser struct {
	t    *testing.T
	http *http.Client
	url  string
	csrf string
}

func (b *browser) do(method, path string, body any) (status int, answer map[string]any) {
	b.t.Helper()
	raw, _ := json.Marshal(body)
	r, _ := http.NewRequest(method, b.url+path, bytes.NewReader(raw))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-CSRF-Token", b.csrf)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	resp, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, _ = io.ReadAll(resp.Body)
	_ = json.Unmarshal(raw, &answer)
	return resp.StatusCode, answer
}

func (b *browser) signIn(user, password string) int {
	b.t.Helper()
	status, s := b.do("POST", "/api/v1/session", map[string]string{"user": user, "password": password})
	b.csrf, _ = s["csrf"].(string)
	return status
}

// TestFromTheFirstSignInOn goes the way of a new node: the generated password, a
// password of one's own, a colleague, a key for a program, and the lock after
// wrong guesses.
func TestFromTheFirstSignInOn(t *testing.T) {
	quiet := slog.New(slog.DiscardHandler)
	p, err := people.New(people.Options{KV: bus.Memory(), Cost: people.Cost{Memory: 8, Passes: 1, Lanes: 1}, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	name, generated, err := p.EnsureAdministrator(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	a, err := api.New(api.Options{People: crew{p}, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(a.Handler(false))
	defer server.Close()
	jar, _ := cookiejar.New(nil)
	b := &browser{t: t, http: &http.Client{Jar: jar}, url: server.URL}
	defer b.http.CloseIdleConnections()

	step := func(want int, method, path string, body any) map[string]any {
		t.Helper()
		status, answer := b.do(method, path, body)
		if status != want {
			t.Fatalf("%s %s: %d %v, want %d", method, path, status, answer, want)
		}
		return answer
	}
	if got := b.signIn(name, generated); got != 200 {
		t.Fatal(got)
	}
	if s := step(200, "GET", "/api/v1/session", nil); s["mustChangePassword"] != true {
		t.Error(s)
	}
	step(204, "PUT", "/api/v1/users/admin/password", map[string]string{"current": generated, "password": "a longer password"})
	if s := step(200, "GET", "/api/v1/session", nil); s["mustChangePassword"] != false {
		t.Error(s)
	}
	step(201, "POST", "/api/v1/users", map[string]string{"name": "vera", "role": "viewer", "password": "correct horse"})
	step(409, "POST", "/api/v1/users", map[string]string{"name": "Vera", "role": "viewer", "password": "correct horse"})
	step(409, "DELETE", "/api/v1/users/admin", nil)
	key := step(201, "POST", "/api/v1/api-keys", map[string]string{"name": "reports", "role": "viewer"})
	step(204, "DELETE", "/api/v1/session", nil)
	step(401, "GET", "/api/v1/users", nil)

	byKey := func(method, path string) int {
		r, _ := http.NewRequest(method, server.URL+path, nil)
		r.SetBasicAuth(fmt.Sprint(key["key"]), fmt.Sprint(key["secret"]))
		resp, err := b.http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if got := byKey("GET", "/api/v1/session"); got != 200 {
		t.Error(got)
	}
	if got := byKey("GET", "/api/v1/users"); got != 403 {
		t.Error(got)
	}
	for range 8 {
		if got := b.signIn("vera", "wrong guess"); got != 401 {
			t.Fatal(got)
		}
	}
	if got := b.signIn("vera", "correct horse"); got != 429 {
		t.Errorf("after eight wrong guesses: %d", got)
	}
	if got := b.signIn("admin", "a longer password"); got != 200 {
		t.Errorf("others may come: %d", got)
	}
}

// silence is a Live on which nothing is published.
type silence struct{}

func (silence) Watch(string, int) (topics.Watch, error) { return silence{}, nil }
func (silence) C() <-chan msg.Message                   { return nil }
func (silence) Dropped() uint64                         { return 0 }
func (silence) Close()                                  {}

// TestOpenStreamsEndWithTheirKeyAndUser: nothing but the end itself ends them, for
// there is no heartbeat in sight.
func TestOpenStreamsEndWithTheirKeyAndUser(t *testing.T) {
	quiet := slog.New(slog.DiscardHandler)
	p, err := people.New(people.Options{KV: bus.Memory(), Cost: people.Cost{Memory: 8, Passes: 1, Lanes: 1}, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	a, err := api.New(api.Options{People: crew{p}, Live: silence{}, Heartbeat: time.Hour, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(a.Handler(false))
	defer server.Close()
	defer a.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	ctx := t.Context()
	open := func(allow func(r *http.Request)) io.ReadCloser {
		t.Helper()
		r, _ := http.NewRequestWithContext(ctx, "GET", server.URL+"/api/v1/live?filter=%23", nil)
		allow(r)
		resp, err := transport.RoundTrip(r)
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
		return resp.Body
	}
	if _, err := p.CreateUser(ctx, "vera", people.Viewer, "correct horse"); err != nil {
		t.Fatal(err)
	}
	key, secret, err := p.CreateAPIKey(ctx, "reports", people.Viewer)
	if err != nil {
		t.Fatal(err)
	}
	session := func() (token string, body io.ReadCloser) {
		token, _, err := p.SignIn(ctx, "vera", "correct horse", "192.0.2.1")
		if err != nil {
			t.Fatal(err)
		}
		return token, open(func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "millrace_session", Value: token}) })
	}
	byKey := open(func(r *http.Request) { r.SetBasicAuth(key.Key, secret) })
	first, left := session()
	own, kept := session()
	_, ended := session()
	_, removed := session()
	steps := []struct {
		name   string
		do     func() error
		stream io.ReadCloser
	}{
		{"the key is removed", func() error { return p.DeleteAPIKey(ctx, key.Key) }, byKey},
		{"the session signs out", func() error { return p.SignOut(ctx, first) }, left},
		{"the password changes elsewhere", func() error { return p.ChangePassword(ctx, own, "correct horse", "another horse") }, ended},
		{"the user goes", func() error { return p.DeleteUser(ctx, "vera") }, kept},
	}
	for _, s := range steps {
		if err := s.do(); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		if _, err := io.Copy(io.Discard, s.stream); err != nil { // until its end
			t.Errorf("%s: %v", s.name, err)
		}
		s.stream.Close()
	}
	removed.Close()
}
