package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

func TestHealthAndReadiness(t *testing.T) {
	d := newDesk(t)
	if h := read[Health](t, d.do(newRequest("GET", "/healthz", "")), 200); !h.Ready {
		t.Error(h)
	}
	d.unready = []Part{{Name: "bus", Ready: true}, {Name: "historian", Error: "catching up"}}
	if h := read[Health](t, d.do(newRequest("GET", "/readyz", "")), 503); h.Ready || len(h.Parts) != 2 || h.Parts[1].Error != "catching up" {
		t.Error(h)
	}
	d.unready[1].Ready = true
	read[Health](t, d.do(newRequest("GET", "/readyz", "")), 200)
}

func TestMetricsAreOpenOnThisMachineOnly(t *testing.T) {
	d := newDesk(t)
	cases := []struct {
		address, host string
		key           bool
		status        int
	}{
		{"127.0.0.1:1", "127.0.0.1:18083", false, 200},
		{"[::1]:1", "localhost:18083", false, 200},
		{"[::1]:1", "[::1]", false, 200},
		{"127.0.0.1:1", "plant.example", false, 401},
		{"192.0.2.1:1", "localhost", false, 401},
		{"192.0.2.1:1", "plant.example", true, 200},
	}
	for _, c := range cases {
		r := newRequest("GET", "/metrics", "")
		r.RemoteAddr, r.Host = c.address, c.host
		if c.key {
			withKey(r, Viewer, Viewer)
		}
		if w := d.do(r); w.Code != c.status {
			t.Errorf("%+v: %d", c, w.Code)
		}
	}
}

func TestMetricsPassedOnByAProxyNeedAViewer(t *testing.T) {
	d := newDesk(t)
	for _, mark := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via"} {
		for _, value := range []string{"192.0.2.1", ""} {
			r := newRequest("GET", "/metrics", "")
			r.RemoteAddr, r.Host = "127.0.0.1:1", "localhost:18083"
			r.Header.Set(mark, value)
			problemIn(t, d.do(r), 401, fault.Unauthenticated)
			if w := d.do(withKey(r, Viewer, Viewer)); w.Code != 200 {
				t.Errorf("%s: %d", mark, w.Code)
			}
		}
	}
}

func TestHeadersGuardEveryAnswer(t *testing.T) {
	d := newDesk(t)
	for _, path := range []string{"/", "/healthz", root + "/status", "/api/docs", "/api/nothing"} {
		h := d.get(path).Header()
		if !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("X-Request-Id") == "" {
			t.Errorf("%s: %v", path, h)
		}
		if strings.HasPrefix(path, "/api/") && h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be cached", path)
		}
	}
}

func TestRequestIDsAreTakenOverWhenPlain(t *testing.T) {
	d := newDesk(t)
	for given, kept := range map[string]bool{"trace-1.a_B": true, "": false, "two words": false, "a\tb": false, strings.Repeat("x", 65): false} {
		r := newRequest("GET", "/healthz", "")
		r.Header.Set("X-Request-Id", given)
		if got := d.do(r).Header().Get("X-Request-Id"); (got == given) != kept || got == "" {
			t.Errorf("%q became %q", given, got)
		}
	}
}

func TestTracesGoOn(t *testing.T) {
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	for given, kept := range map[string]bool{
		"00-" + trace + "-00f067aa0ba902b7-01":      true,
		"01-" + trace + "-00f067aa0ba902b7-01-more": true,
		"": false,
		"00-" + trace + "-00f067aa0ba902b7-01-more":              false,
		"ff-" + trace + "-00f067aa0ba902b7-01":                   false,
		"00-" + strings.ToUpper(trace) + "-00f067aa0ba902b7-01":  false,
		"00-" + strings.Repeat("0", 32) + "-00f067aa0ba902b7-01": false,
		"00-" + trace + "-0000000000000000-01":                   false,
		"00-" + trace + "-00f067aa0ba902b7_01":                   false,
		trace:                                                    false,
	} {
		d := newDesk(t, func(o *Options) {
			o.Status = func(context.Context) (Status, error) { panic("boom") }
		})
		r := by(newRequest("GET", root+"/status", ""), Viewer)
		r.Header.Set("Traceparent", given)
		p := problemIn(t, d.do(r), 500, fault.Internal)
		if (p.TraceID == trace) != kept || len(p.TraceID) != 32 {
			t.Errorf("%q became %q", given, p.TraceID)
		}
		for line := range strings.Lines(d.log.String()) {
			if !strings.Contains(line, "trace="+p.TraceID) || !strings.Contains(line, "request="+p.RequestID) {
				t.Errorf("a line without its trace: %s", line)
			}
		}
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	d := newDesk(t)
	problemIn(t, d.get(root+"/nothing"), 404, fault.NotFound)
	w := d.send("DELETE", root+"/users", "")
	problemIn(t, w, 405, fault.MethodNotAllowed)
	if got := w.Header().Get("Allow"); got != "GET, POST" {
		t.Error(got)
	}
	problemIn(t, d.get("/api"), 404, fault.NotFound)
	for _, path := range []string{"/nothing.txt", "/api.txt"} {
		if w := d.get(path); w.Code != 404 || w.Body.String() != "404 page not found\n" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	for _, path := range []string{"/", "/healthz", "/nothing.txt"} {
		w := d.send("POST", path, "{}")
		if w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" || strings.Contains(w.Header().Get("Content-Type"), "json") {
			t.Errorf("%s: %d %v %s", path, w.Code, w.Header(), w.Body)
		}
	}
}

func TestAPanicIsOneRefusedRequest(t *testing.T) {
	d := newDesk(t, func(o *Options) { o.Status = func(context.Context) (Status, error) { panic("boom") } })
	problemIn(t, d.get(root+"/status"), 500, fault.Internal)
	if !strings.Contains(d.log.String(), "boom") {
		t.Error(d.log.String())
	}
}

func TestASlowNodeTimesOut(t *testing.T) {
	d := newDesk(t, func(o *Options) {
		o.RequestTimeout = time.Millisecond
		o.Status = func(ctx context.Context) (Status, error) { <-ctx.Done(); return Status{}, ctx.Err() }
	})
	problemIn(t, d.get(root+"/status"), 504, fault.Timeout)
}

func build() fstest.MapFS {
	return fstest.MapFS{
		"index.html":           {Data: []byte("<!doctype html>app")},
		"assets/app-1a2b.js":   {Data: bytes.Repeat([]byte("let x = 1;\n"), 500)},
		"assets/app-3c.css":    {Data: []byte("p{}")},
		"assets/app-3c.css.br": {Data: []byte("BR")},
		"favicon.svg":          {Data: []byte("<svg/>")},
	}
}

func TestConsoleFiles(t *testing.T) {
	d := newDesk(t, func(o *Options) { o.Console = build() })
	cases := []struct {
		path, accept             string
		status                   int
		body, encoding, lifetime string
	}{
		{"/", "", 200, "<!doctype html>app", "", "no-cache"},
		{"/topics/some/page", "", 200, "<!doctype html>app", "", "no-cache"},
		{"/favicon.svg", "gzip", 200, "<svg/>", "", "no-cache"},
		{"/assets/app-3c.css", "gzip, br", 200, "BR", "br", "public, max-age=31536000, immutable"},
		{"/assets/app-3c.css", "br;q=0", 200, "p{}", "", "public, max-age=31536000, immutable"},
		{"/assets/gone-9.js", "", 404, "404 page not found\n", "", ""},
	}
	for _, c := range cases {
		r := newRequest("GET", c.path, "")
		r.Header.Set("Accept-Encoding", c.accept)
		w := d.do(r)
		if w.Code != c.status || w.Body.String() != c.body || w.Header().Get("Content-Encoding") != c.encoding || w.Header().Get("Cache-Control") != c.lifetime {
			t.Errorf("%+v: %d %q %v", c, w.Code, w.Body, w.Header())
		}
	}
}

func TestConsoleFilesArePackedAndRevalidated(t *testing.T) {
	d := newDesk(t, func(o *Options) { o.Console = build() })
	r := newRequest("GET", "/assets/app-1a2b.js", "")
	r.Header.Set("Accept-Encoding", "gzip")
	w := d.do(r)
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := io.ReadAll(z); string(b) != strings.Repeat("let x = 1;\n", 500) || w.Header().Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("%d bytes, %v", len(b), w.Header())
	}
	r.Header.Set("If-None-Match", w.Header().Get("ETag"))
	if w := d.do(r); w.Code != http.StatusNotModified {
		t.Error(w.Code)
	}
	if w := d.do(newRequest("POST", "/", "")); w.Code != http.StatusMethodNotAllowed {
		t.Error(w.Code)
	}
}

func TestWithoutAConsoleAPageSaysHow(t *testing.T) {
	for _, d := range []*desk{newDesk(t), newDesk(t, func(o *Options) { o.Console = fstest.MapFS{} })} {
		if w := d.do(newRequest("GET", "/", "")); w.Code != 200 || !strings.Contains(w.Body.String(), "make build") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if w := d.do(newRequest("GET", "/topics", "")); w.Code != 404 {
			t.Error(w.Code)
		}
	}
}

func TestTheDocumentsNeedNothingFromOutside(t *testing.T) {
	d := newDesk(t)
	w := d.do(newRequest("GET", "/api/docs", ""))
	page := w.Body.String()
	for _, want := range []string{`id="live"`, `id="MR-4040"`, `id="RangeAnswer"`, "administrator", "/api/v1/openapi.json"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, outside := range []string{"http://", "https://", "<script", "style="} {
		if strings.Contains(page, outside) {
			t.Errorf("the page holds %s", outside)
		}
	}
	if w := d.do(newRequest("GET", "/api/docs.css", "")); w.Code != 200 || w.Header().Get("Content-Type") != "text/css; charset=utf-8" {
		t.Error(w.Code, w.Header())
	}
	if w := d.do(newRequest("GET", root+"/openapi.json", "")); w.Code != 200 || !strings.Contains(w.Body.String(), `"openapi":"3.1.0"`) {
		t.Error(w.Code)
	}
}

func TestServerHasLimits(t *testing.T) {
	s := NewServer(http.NotFoundHandler(), slog.Default())
	if s.ReadHeaderTimeout == 0 || s.ReadTimeout == 0 || s.WriteTimeout == 0 || s.IdleTimeout == 0 || s.MaxHeaderBytes == 0 || s.ErrorLog == nil {
		t.Errorf("%+v", s)
	}
}
