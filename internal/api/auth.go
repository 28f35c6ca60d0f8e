package api

import (
	"context"
	"crypto/subtle"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/millrace/millrace/internal/fault"
)

// cookieName is the session's cookie.
const cookieName = "millrace_session"

// csrfHeader carries the session's token with everything that changes something.
const csrfHeader = "X-CSRF-Token"

// caller is who asks.
type caller struct {
	Session
	// token is the session's, "" for keys and the Unix socket.
	token string
	// alive fails once the caller's session or key has ended; it is no activity.
	alive func(context.Context) error
}

type callerKey struct{}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// gate lets those pass whose role reaches least, and puts the caller into the
// context.
func (a *API) gate(least string) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		c, err := a.admit(r, least)
		if err != nil {
			a.refuse(w, r, err)
			return
		}
		next(huma.WithValue(ctx, callerKey{}, c))
	}
}

// admit says who asks, or why they may not.
func (a *API) admit(r *http.Request, least string) (caller, error) {
	if err := a.crossOrigin(r); err != nil {
		return caller{}, err
	}
	if least == Anyone {
		return caller{}, nil
	}
	c, err := a.authenticate(r)
	if err != nil {
		return c, err
	}
	if c.token != "" && !safe(r.Method) && subtle.ConstantTimeCompare([]byte(r.Header.Get(csrfHeader)), []byte(c.CSRF)) == 0 {
		return c, fault.New(fault.CSRF, "The request lacks the session's %s header. Reload the page and try again.", csrfHeader)
	}
	if !reaches(c.Role, least) {
		return c, fault.New(fault.Forbidden, "%s is %s; this needs the role %s.", c.User, c.Role, least)
	}
	return c, nil
}

func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// crossOrigin refuses what a page of another site sends through the browser.
func (a *API) crossOrigin(r *http.Request) error {
	if err := a.origins.Check(r); err != nil {
		return fault.Wrap(fault.CSRF, "api: origin", err, "The request comes from a page of another site.")
	}
	return nil
}

// authenticate goes by the socket, then by what the request shows explicitly, then
// by the cookie.
func (a *API) authenticate(r *http.Request) (caller, error) {
	if requestOf(r.Context()).local {
		always := func(context.Context) error { return nil }
		return caller{Session: Session{User: "local", Role: Administrator}, alive: always}, nil
	}
	if a.People == nil {
		return caller{}, unavailable("sign-in")
	}
	if r.Header.Get("Authorization") != "" {
		return a.byKey(r)
	}
	if cookie, err := r.Cookie(cookieName); err == nil {
		return a.byCookie(r, cookie.Value)
	}
	return caller{}, fault.New(fault.Unauthenticated, "Sign in, or send an API key by HTTP Basic as key:secret.")
}

func (a *API) byKey(r *http.Request) (caller, error) {
	key, secret, ok := r.BasicAuth()
	if !ok {
		return caller{}, fault.New(fault.Unauthenticated, "The Authorization header is not HTTP Basic with key:secret.")
	}
	address := requestOf(r.Context()).address
	check := func(ctx context.Context) (Session, error) { return a.People.APIKey(ctx, key, secret, address) }
	s, err := check(r.Context())
	return caller{Session: s, alive: func(ctx context.Context) error { _, err := check(ctx); return err }}, err
}

func (a *API) byCookie(r *http.Request, token string) (caller, error) {
	s, err := a.People.Session(r.Context(), token, true)
	alive := func(ctx context.Context) error { _, err := a.People.Session(ctx, token, false); return err }
	return caller{Session: s, token: token, alive: alive}, err
}

// challenge is the WWW-Authenticate of a 401. Browsers would answer a Basic
// challenge with a window of their own, so they get a scheme they do not know.
func challenge(r *http.Request) string {
	if r.Header.Get("Sec-Fetch-Site") != "" {
		return "Millrace-Session"
	}
	return `Basic realm="Millrace API key", charset="UTF-8"`
}

func unavailable(what string) error {
	return fault.New(fault.Unavailable, "The %s is not available on this node. Its configuration or /readyz says why.", what)
}
