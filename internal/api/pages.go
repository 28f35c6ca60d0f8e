package api

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// pages registers what lies beside the operations.
func (a *API) pages() {
	a.mux.HandleFunc("GET /healthz", a.healthz)
	a.mux.HandleFunc("GET /readyz", a.readyz)
	a.mux.HandleFunc("GET /metrics", a.metrics)
	a.mux.HandleFunc("GET /api/docs", a.docs)
	a.mux.HandleFunc("GET /api/docs.css", docsStyle)
	a.mux.HandleFunc("/api", a.unknown)
	a.mux.HandleFunc("/api/", a.unknown)
	a.mux.Handle("/", newConsole(a.Console))
}

// Health answers /readyz and /healthz.
type Health struct {
	Ready bool   `json:"ready"`
	Parts []Part `json:"parts,omitempty"`
}

// healthz says that the process answers, nothing more.
func (a *API) healthz(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, Health{Ready: true})
}

// readyz asks each part of the node; one that is not ready makes it a 503.
func (a *API) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	out, status := Health{Ready: true}, http.StatusOK
	if a.Ready != nil {
		out.Parts = a.Ready(ctx)
	}
	for _, p := range out.Parts {
		if !p.Ready {
			out.Ready, status = false, http.StatusServiceUnavailable
		}
	}
	writeJSON(w, status, out)
}

// metrics is open to this machine and else to viewers. A request that names
// another host, or that a proxy says it passes on, came from elsewhere or through a
// browser that was lied to about a name, and is not taken for this machine's.
func (a *API) metrics(w http.ResponseWriter, r *http.Request) {
	if a.Metrics == nil {
		a.refuse(w, r, unavailable("list of metrics"))
		return
	}
	if !loopback(requestOf(r.Context()).address) || !loopback(hostOf(r)) || passedOn(r) {
		if _, err := a.admit(r, Viewer); err != nil {
			a.refuse(w, r, err)
			return
		}
	}
	a.Metrics.ServeHTTP(w, r)
}

// passedOn says whether a proxy left its mark on the request.
func passedOn(r *http.Request) bool {
	return slices.ContainsFunc([]string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via"},
		func(mark string) bool { return len(r.Header.Values(mark)) > 0 })
}

func loopback(host string) bool {
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func hostOf(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.Host); err == nil {
		return host
	}
	return r.Host
}

// unknown answers paths below /api/ that do not exist, and methods that a path
// does not have.
func (a *API) unknown(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		probe := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := a.mux.Handler(probe); pattern != "/api" && pattern != "/api/" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		a.refuse(w, r, fault.New(fault.NotFound, "There is no %s. /api/docs lists what there is.", r.URL.Path))
		return
	}
	methods := strings.Join(allowed, ", ")
	w.Header().Set("Allow", methods)
	a.refuse(w, r, fault.New(fault.MethodNotAllowed, "%s has only %s.", r.URL.Path, methods))
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}
