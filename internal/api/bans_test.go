package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/millrace/millrace/internal/fault"
)

// doorman keeps bans in a list.
type doorman struct{ bans []Ban }

func (d *doorman) Bans() []Ban { return d.bans }
func (d *doorman) Ban(_ context.Context, b NewBan, by string) (Ban, error) {
	if b.Value == "everything" {
		return Ban{}, fault.New(fault.Invalid, "no")
	}
	d.bans = append(d.bans, Ban{b, by, noon})
	return d.bans[len(d.bans)-1], nil
}
func (d *doorman) Unban(_ context.Context, kind, value string) error {
	for i, b := range d.bans {
		if b.Kind == kind && b.Value == value {
			d.bans = append(d.bans[:i], d.bans[i+1:]...)
			return nil
		}
	}
	return fault.New(fault.NotFound, "There is no such ban.")
}

func TestBans(t *testing.T) {
	man := &doorman{}
	d := newDesk(t, func(o *Options) { o.Bans = man })
	expect := func(status int, r *http.Request) *httptest.ResponseRecorder {
		t.Helper()
		w := d.do(r)
		if w.Code != status {
			t.Fatalf("%s %s: %d, want %d", r.Method, r.URL, w.Code, status)
		}
		return w
	}
	expect(403, by(newRequest("POST", "/api/v1/bans", `{"kind":"user","value":"eve"}`), Viewer))
	expect(201, by(newRequest("POST", "/api/v1/bans", `{"kind":"user","value":"eve","reason":"left"}`), Operator))
	expect(201, by(newRequest("POST", "/api/v1/bans", `{"kind":"network","value":"192.0.2.0/24"}`), Operator))
	expect(422, by(newRequest("POST", "/api/v1/bans", `{"kind":"user","value":"everything"}`), Operator))
	expect(422, by(newRequest("POST", "/api/v1/bans", `{"kind":"moon","value":"x"}`), Operator))
	expect(422, by(newRequest("POST", "/api/v1/bans", `{"kind":"user","value":"x","until":"2001-01-01T00:00:00Z"}`), Operator))
	if man.bans[0].By == "" {
		t.Error("nobody has banned eve")
	}
	page := read[Page[Ban]](t, expect(200, by(newRequest("GET", "/api/v1/bans?search=192.0.2&limit=1", ""), Viewer)), 200)
	if page.Meta.Count != 1 || page.Items[0].Value != "192.0.2.0/24" {
		t.Errorf("%+v", page)
	}
	page = read[Page[Ban]](t, expect(200, by(newRequest("GET", "/api/v1/bans?page=3&limit=1", ""), Viewer)), 200)
	if page.Meta.Count != 2 || len(page.Items) != 0 {
		t.Errorf("%+v", page)
	}
	expect(204, by(newRequest("DELETE", "/api/v1/bans/network?value=192.0.2.0%2F24", ""), Operator))
	expect(404, by(newRequest("DELETE", "/api/v1/bans/network?value=192.0.2.0%2F24", ""), Operator))
	d = newDesk(t)
	expect(503, by(newRequest("GET", "/api/v1/bans", ""), Viewer))
}
