package api

import (
	"strings"
	"testing"
)

// signpost remembers where clients are sent.
type signpost struct{ to Redirect }

func (s *signpost) Redirect() Redirect { return s.to }
func (s *signpost) SetRedirect(n NewRedirect) Redirect {
	s.to = Redirect{Active: true, Reference: n.Reference, Moved: n.Moved, Since: noon}
	return s.to
}
func (s *signpost) EndRedirect() { s.to = Redirect{} }

func TestClientsAreRedirectedByAdministrators(t *testing.T) {
	post := &signpost{}
	d := newDesk(t, func(o *Options) { o.Redirects = post })
	status := func(method, body, role string) int {
		return d.do(by(newRequest(method, "/api/v1/redirect", body), role)).Code
	}
	for _, c := range []struct {
		method, body, role string
		want               int
	}{
		{"POST", `{"reference":"plant-2:1883"}`, Operator, 403},
		{"DELETE", "", Operator, 403},
		{"POST", `{"reference":"a\u0007b"}`, Administrator, 422},
		{"POST", `{"reference":"` + strings.Repeat("x", 1025) + `"}`, Administrator, 422},
		{"POST", `{"reference":"plant-2:1883","moved":true}`, Administrator, 200},
	} {
		if got := status(c.method, c.body, c.role); got != c.want {
			t.Errorf("%s %s by %s: %d, not %d", c.method, c.body, c.role, got, c.want)
		}
	}
	if r := read[Redirect](t, d.do(by(newRequest("GET", "/api/v1/redirect", ""), Viewer)), 200); !r.Active || r.Reference != "plant-2:1883" || !r.Moved {
		t.Errorf("%+v", r)
	}
	if got := status("DELETE", "", Administrator); got != 204 || post.to.Active {
		t.Errorf("%d %+v", got, post.to)
	}
}
