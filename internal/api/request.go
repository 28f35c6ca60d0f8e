package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// request is what the product notes of each HTTP request.
type request struct {
	id      string
	trace   string // W3C trace id, 32 hex digits
	path    string
	address string // the peer's, without port; "" for the node's own Unix socket
	secure  bool   // the browser's side of the connection is TLS
	local   bool   // it came over the node's own Unix socket
}

type requestKey struct{}

// requestOf returns the request that ctx belongs to; nil outside of one.
func requestOf(ctx context.Context) *request {
	r, _ := ctx.Value(requestKey{}).(*request)
	return r
}

// logOf is the log for what belongs to a request: each line says to which, and to
// which trace.
func (a *API) logOf(ctx context.Context) *slog.Logger {
	if r := requestOf(ctx); r != nil {
		return a.log.With("request", r.id, "trace", r.trace)
	}
	return a.log
}

// policy keeps pages to what this node serves. Style attributes are allowed since
// positioned rows and charts need them; style sheets and scripts are not inline.
const policy = "default-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; " +
	"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// connectTo lets the console's MQTT client reach WebSocket listeners on the host that
// the console came from, and on no other. A Host header that says more than a name,
// or an address of IPv6, which policies cannot name, adds nothing.
func connectTo(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	plain := func(c rune) bool {
		return c == '-' || c == '.' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	}
	if host == "" || strings.ContainsFunc(host, func(c rune) bool { return !plain(c) }) {
		return ""
	}
	return "; connect-src 'self' ws://" + host + ":* wss://" + host + ":*"
}

// Handler serves the API and the console. local marks the handler of the node's
// own Unix socket, whose callers are administrators by the socket's file mode.
func (a *API) Handler(local bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note := &request{id: requestID(r), trace: traceID(r), path: r.URL.Path, secure: secure(r), local: local}
		if !local {
			note.address = peer(r)
		}
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, note))
		setHeaders(w.Header(), r, note)
		started := a.Now()
		rec := &recorder{ResponseWriter: w, request: r}
		defer a.finish(rec, r, started)
		a.mux.ServeHTTP(rec, r)
	})
}

// finish answers a panic as an internal fault, and writes the access log.
func (a *API) finish(w *recorder, r *http.Request, started time.Time) {
	if v := recover(); v != nil {
		if v == http.ErrAbortHandler {
			panic(v)
		}
		a.logOf(r.Context()).Error("api: panic", "path", r.URL.Path, "panic", v)
		if w.status == 0 {
			p := problemOf(fault.New(fault.Internal, "Something failed inside the node. The log has the cause."))
			p.place(r.Context())
			writeProblem(w, p)
		}
	}
	a.logOf(r.Context()).Debug("api: answered", "method", r.Method, "path", r.URL.Path,
		"status", w.status, "took", a.Now().Sub(started))
}

func setHeaders(h http.Header, r *http.Request, note *request) {
	h.Set("X-Request-Id", note.id)
	h.Set("X-Trace-Id", note.trace)
	h.Set("Content-Security-Policy", policy+connectTo(r.Host))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	if strings.HasPrefix(r.URL.Path, "/api/") {
		h.Set("Cache-Control", "no-store")
	}
}

// requestID takes over the id that a proxy gave, when it is a plain word.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	plain := func(c rune) bool {
		return c == '-' || c == '_' || c == '.' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	}
	if id != "" && len(id) <= 64 && strings.IndexFunc(id, func(c rune) bool { return !plain(c) }) < 0 {
		return id
	}
	return strings.ToLower(rand.Text()[:16])
}

// traceID is that of the caller's traceparent header (W3C Trace Context), else a
// new one.
func traceID(r *http.Request) string {
	if id := parentTrace(r.Header.Get("Traceparent")); id != "" {
		return id
	}
	var id [16]byte
	rand.Read(id[:])
	return hex.EncodeToString(id[:])
}

// parentTrace reads version-trace-parent-flags, all hexadecimal in lower case.
// Versions after 00 may have more behind; ff and ids of zeros are not valid.
func parentTrace(s string) string {
	if len(s) < 55 || len(s) > 512 || s[2] != '-' || s[35] != '-' || s[52] != '-' {
		return ""
	}
	version, trace, parent, flags := s[:2], s[3:35], s[36:52], s[53:55]
	for _, part := range []string{version, trace, parent, flags} {
		if strings.Trim(part, "0123456789abcdef") != "" {
			return ""
		}
	}
	tail := len(s) > 55
	if version == "ff" || strings.Trim(trace, "0") == "" || strings.Trim(parent, "0") == "" || tail && (version == "00" || s[55] != '-') {
		return ""
	}
	return trace
}

func peer(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// secure says whether the cookie may be bound to TLS. A proxy's word is enough:
// whoever lies only makes their own cookie stricter.
func secure(r *http.Request) bool {
	return r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

// recorder notes the status of an answer and completes a 401.
type recorder struct {
	http.ResponseWriter
	request *http.Request
	status  int
}

// WriteHeader notes the first status.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", challenge(w.request))
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write is a 200 unless something else was said.
func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
