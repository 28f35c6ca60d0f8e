package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/internal/fault"
)

// SignIn is a name and a password.
type SignIn struct {
	User     string `json:"user" minLength:"1" maxLength:"64"`
	Password string `json:"password" minLength:"1" maxLength:"1024" format:"password"`
}

type signInInput struct{ Body SignIn }

type sessionOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      Session
}

type signOutOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

func (a *API) sessionOperations() {
	register(a, huma.Operation{OperationID: "sign-in", Method: http.MethodPost, Path: "/session", Tags: []string{"Signing in"},
		Summary: "Sign in", Description: "Sets the session's cookie. The answer's csrf goes into the header X-CSRF-Token of everything that changes something."}, a.signIn)
	register(a, huma.Operation{OperationID: "get-session", Method: http.MethodGet, Path: "/session", Tags: []string{"Signing in"},
		Summary: "Who am I"}, a.getSession)
	register(a, huma.Operation{OperationID: "sign-out", Method: http.MethodDelete, Path: "/session", Tags: []string{"Signing in"},
		Summary: "Sign out"}, a.signOut)
}

func (a *API) signIn(ctx context.Context, in *signInInput) (*sessionOutput, error) {
	if a.People == nil {
		return nil, unavailable("sign-in")
	}
	token, s, err := a.People.SignIn(ctx, in.Body.User, in.Body.Password, requestOf(ctx).address)
	if err != nil {
		return nil, err
	}
	return &sessionOutput{SetCookie: cookie(ctx, token, 0), Body: s}, nil
}

func (a *API) getSession(ctx context.Context, _ *none) (*answer[Session], error) {
	return reply(callerOf(ctx).Session, nil)
}

func (a *API) signOut(ctx context.Context, _ *none) (*signOutOutput, error) {
	token := callerOf(ctx).token
	if token == "" {
		return nil, fault.New(fault.Invalid, "There is no session to end: the request came with an API key or over the node's socket.")
	}
	if err := a.People.SignOut(ctx, token); err != nil {
		return nil, err
	}
	return &signOutOutput{SetCookie: cookie(ctx, "", -1)}, nil
}

// cookie is out of reach for scripts and is never sent along from another site.
func cookie(ctx context.Context, token string, maxAge int) http.Cookie {
	return http.Cookie{Name: cookieName, Value: token, Path: "/", MaxAge: maxAge, HttpOnly: true,
		Secure: requestOf(ctx).secure, SameSite: http.SameSiteStrictMode}
}
