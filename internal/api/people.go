package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/internal/fault"
)

// NewUser is somebody to let in.
type NewUser struct {
	Name     string `json:"name" pattern:"^[A-Za-z0-9._@-]{1,64}$" patternDescription:"1 to 64 letters, digits or . _ @ -"`
	Role     string `json:"role" enum:"administrator,operator,viewer"`
	Password string `json:"password" minLength:"10" maxLength:"1024" format:"password"`
}

// NewPassword sets a password.
type NewPassword struct {
	Current  string `json:"current,omitempty" maxLength:"1024" format:"password" doc:"The password until now; needed for one's own"`
	Password string `json:"password" minLength:"10" maxLength:"1024" format:"password"`
}

// CreateAPIKey asks for an API key.
type CreateAPIKey struct {
	Name string `json:"name" pattern:"^[A-Za-z0-9._@-]{1,64}$" patternDescription:"1 to 64 letters, digits or . _ @ -" doc:"What the key is for"`
	Role string `json:"role" enum:"administrator,operator,viewer"`
}

type newUserInput struct{ Body NewUser }

// UserPath names a user in a path.
type UserPath struct {
	Name string `path:"name" maxLength:"64"`
}

type passwordInput struct {
	UserPath
	Body NewPassword
}

type newKeyInput struct{ Body CreateAPIKey }

type keyInput struct {
	Key string `path:"key" maxLength:"64"`
}

func (a *API) userOperations() {
	register(a, huma.Operation{OperationID: "list-users", Method: http.MethodGet, Path: "/users", Tags: []string{"People"},
		Summary: "Who may sign in"}, a.listUsers)
	register(a, huma.Operation{OperationID: "create-user", Method: http.MethodPost, Path: "/users", DefaultStatus: http.StatusCreated, Tags: []string{"People"},
		Summary: "Let somebody sign in"}, a.createUser)
	register(a, huma.Operation{OperationID: "delete-user", Method: http.MethodDelete, Path: "/users/{name}", Tags: []string{"People"},
		Summary: "Remove a user and end their sessions", Description: "The last administrator stays."}, a.deleteUser)
	register(a, huma.Operation{OperationID: "change-password", Method: http.MethodPut, Path: "/users/{name}/password", Tags: []string{"People"},
		Summary: "Set a password", Description: "One's own needs the current one. Administrators set those of others, whose sessions then end."}, a.changePassword)
}

func (a *API) keyOperations() {
	register(a, huma.Operation{OperationID: "list-api-keys", Method: http.MethodGet, Path: "/api-keys", Tags: []string{"People"},
		Summary: "The API keys, without their secrets"}, a.listKeys)
	register(a, huma.Operation{OperationID: "create-api-key", Method: http.MethodPost, Path: "/api-keys", DefaultStatus: http.StatusCreated, Tags: []string{"People"},
		Summary: "Make an API key", Description: "The answer is the only time the secret is shown."}, a.createKey)
	register(a, huma.Operation{OperationID: "delete-api-key", Method: http.MethodDelete, Path: "/api-keys/{key}", Tags: []string{"People"},
		Summary: "Remove an API key"}, a.deleteKey)
}

// people is the room of users and keys, or why it cannot be asked.
func (a *API) people() (People, error) {
	if a.People == nil {
		return nil, unavailable("list of users")
	}
	return a.People, nil
}

func (a *API) listUsers(ctx context.Context, _ *none) (*answer[Page[User]], error) {
	p, err := a.people()
	if err != nil {
		return nil, err
	}
	users, err := p.Users(ctx)
	return reply(whole(users), err)
}

func (a *API) createUser(ctx context.Context, in *newUserInput) (*answer[User], error) {
	p, err := a.people()
	if err != nil {
		return nil, err
	}
	return reply(p.CreateUser(ctx, in.Body.Name, in.Body.Role, in.Body.Password))
}

func (a *API) deleteUser(ctx context.Context, in *UserPath) (*none, error) {
	p, err := a.people()
	if err != nil {
		return nil, err
	}
	return nil, p.DeleteUser(ctx, in.Name)
}

// changePassword lets people change their own by showing the current one, and
// administrators set those of others.
func (a *API) changePassword(ctx context.Context, in *passwordInput) (*none, error) {
	p, err := a.people()
	if err != nil {
		return nil, err
	}
	c := callerOf(ctx)
	if c.token != "" && strings.EqualFold(c.User, in.Name) {
		return nil, p.ChangePassword(ctx, c.token, in.Body.Current, in.Body.Password)
	}
	if !reaches(c.Role, Administrator) {
		return nil, fault.New(fault.Forbidden, "Only administrators set the passwords of others.")
	}
	return nil, p.SetPassword(ctx, in.Name, in.Body.Password)
}

func (a *API) listKeys(ctx context.Context, _ *none) (*answer[Page[APIKey]], error) {
	p, err := a.people()
	if err != nil {
		return nil, err
	}
	keys, err := p.APIKeys(ctx)
	return reply(whole(keys), err)
}

func (a *API) createKey(ctx context.Context, in *newKeyInput) (*answer[NewAPIKey], error) {
	p, err := a.people()
	if err != nil {
		return nil, err
	}
	return reply(p.CreateAPIKey(ctx, in.Body.Name, in.Body.Role))
}

func (a *API) deleteKey(ctx context.Context, in *keyInput) (*none, error) {
	p, err := a.people()
	if err != nil {
		return nil, err
	}
	return nil, p.DeleteAPIKey(ctx, in.Key)
}
