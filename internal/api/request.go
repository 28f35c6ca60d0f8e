package api

import (
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// request is what the product notes of each HTTP request.
type request struct {
	id      string
	path    string
	address string // the peer's, without port
	secure  bool   // the browser's side of the connection is TLS
	local   bool   // it came over the node's own Unix socket
}

type requestKey struct{}

// requestOf returns the request that ctx belongs to; nil outside of one.
func requestOf(ctx context.Context) *request {
	r, _ := ctx.Value(requestKey{}).(*request)
	return r
}

// policy keeps pages to what this node serves. Style attributes are allowed since
// positioned rows and charts need them; style sheets and scripts are not inline.
const policy = "default-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; " +
	"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Handler serves the API and the console. local marks the handler of the node's
// own Unix socket, whose callers are administrators by the socket's file mode.
func (a *API) Handler(local bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note := &request{id: requestID(r), path: r.URL.Path, address: peer(r), secure: secure(r), local: local}
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, note))
		setHeaders(w.Header(), r, note.id)
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
		a.log.Error("api: panic", "request", requestOf(r.Context()).id, "path", r.URL.Path, "panic", v)
		if w.status == 0 {
			p := problemOf(fault.New(fault.Internal, "Something failed inside the node. The log has the cause."))
			p.place(r.Context())
			writeProblem(w, p)
		}
	}
	a.log.Debug("api: answered", "request", requestOf(r.Context()).id, "method", r.Method, "path", r.URL.Path,
		"status", w.status, "took", a.Now().Sub(started))
}

func setHeaders(h http.Header, r *http.Request, id string) {
	h.Set("X-Request-Id", id)
	h.Set("Content-Security-Policy", policy)
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
