package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// ClientAccess says which MQTT clients may come in and what they may do.
type ClientAccess interface {
	Overview() AccessOverview
	// Reload reads the files now; a bad one leaves what is in force.
	Reload() error
	// Try asks the rules as a client would.
	Try(AccessQuestion) (AccessAnswer, error)
	// SetUser sets a password, and adds the user when there is none; added says so.
	SetUser(name, password string) (added bool, err error)
	// DeleteUser removes a user; fault.NotFound when there is none.
	DeleteUser(name string) error
}

// AccessOverview is what is in force for MQTT clients.
type AccessOverview struct {
	UsersFile    string       `json:"usersFile"`
	RulesFile    string       `json:"rulesFile"`
	UsersProblem string       `json:"usersProblem,omitempty" doc:"Why the newest users file is not in force"`
	RulesProblem string       `json:"rulesProblem,omitempty" doc:"Why the newest rules file is not in force"`
	Users        []AccessUser `json:"users"`
	Configured   bool         `json:"configured" doc:"Whether there is a rules file; without one everything is allowed"`
	Default      string       `json:"default" enum:"allow,deny" doc:"What counts when no rule decides"`
	Rules        []AccessRule `json:"rules"`
	Warnings     []string     `json:"warnings" nullable:"false" doc:"Rules that cannot do what they say, in sentences"`
}

// AccessUser is one MQTT user.
type AccessUser struct {
	Name      string   `json:"name"`
	Password  bool     `json:"password" doc:"Whether there is a password"`
	Methods   []string `json:"methods" doc:"SCRAM methods"`
	Groups    []string `json:"groups"`
	Superuser bool     `json:"superuser"`
	Disabled  bool     `json:"disabled"`
}

// AccessRule is one rule, in the words of the rules file.
type AccessRule struct {
	Line      int      `json:"line"`
	Allow     string   `json:"allow,omitempty" enum:"publish,subscribe,all"`
	Deny      string   `json:"deny,omitempty" enum:"publish,subscribe,all"`
	Topics    []string `json:"topics,omitempty"`
	Users     []string `json:"users,omitempty"`
	Clients   []string `json:"clients,omitempty"`
	Groups    []string `json:"groups,omitempty"`
	Addresses []string `json:"addresses,omitempty"`
	Listeners []string `json:"listeners,omitempty"`
	Anonymous *bool    `json:"anonymous,omitempty"`
	QoS       []int    `json:"qos,omitempty"`
	Retain    *bool    `json:"retain,omitempty"`
}

// AccessQuestion is what to try against the rules.
type AccessQuestion struct {
	Client   string   `json:"client,omitempty" maxLength:"65535" doc:"Client identifier"`
	User     string   `json:"user,omitempty" maxLength:"256" doc:"User name; empty for an anonymous client"`
	Groups   []string `json:"groups,omitempty" maxItems:"64" doc:"Groups of a user that the users file does not know"`
	Address  string   `json:"address,omitempty" maxLength:"64" doc:"IP address"`
	Listener string   `json:"listener,omitempty" maxLength:"64"`
	Action   string   `json:"action" enum:"publish,subscribe"`
	Topic    string   `json:"topic" minLength:"1" maxLength:"65535" doc:"Topic, or topic filter"`
	QoS      int      `json:"qos,omitempty" minimum:"0" maximum:"2"`
	Retain   bool     `json:"retain,omitempty"`
}

// AccessAnswer is what the rules say.
type AccessAnswer struct {
	Allowed bool        `json:"allowed"`
	Rule    int         `json:"rule,omitempty" doc:"Which rule decided, from 1; absent when none did"`
	Why     string      `json:"why"`
	Decided *AccessRule `json:"decided,omitempty"`
}

// AccessPassword sets an MQTT user's password.
type AccessPassword struct {
	Password string `json:"password" minLength:"1" maxLength:"1024" format:"password"`
}

// AccessUserPath names an MQTT user in a path.
type AccessUserPath struct {
	Name string `path:"name" maxLength:"256"`
}

type accessQuestionInput struct{ Body AccessQuestion }

type accessPasswordInput struct {
	AccessUserPath
	Body AccessPassword
}

func (a *API) accessOperations() {
	register(a, huma.Operation{OperationID: "get-access", Method: http.MethodGet, Path: "/access", Tags: []string{"Clients"},
		Summary: "The MQTT users and access rules in force"}, a.getAccess)
	register(a, huma.Operation{OperationID: "reload-access", Method: http.MethodPost, Path: "/access/reload", Tags: []string{"Clients"},
		Summary: "Read the users and rules files now", Description: "They are read by themselves within two seconds of a change. A bad file leaves what is in force and is answered with what is wrong."}, a.reloadAccess)
	register(a, huma.Operation{OperationID: "test-access", Method: http.MethodPost, Path: "/access/test", Tags: []string{"Clients"},
		Summary: "What the access rules say to a publish or subscribe, and which rule decides"}, a.testAccess)
	register(a, huma.Operation{OperationID: "set-mqtt-user", Method: http.MethodPut, Path: "/access/users/{name}", Tags: []string{"Clients"},
		Summary: "Set an MQTT user's password", Description: "Adds the user when there is none. Clients that came in by the old password are disconnected."}, a.setMQTTUser)
	register(a, huma.Operation{OperationID: "delete-mqtt-user", Method: http.MethodDelete, Path: "/access/users/{name}", Tags: []string{"Clients"},
		Summary: "Remove an MQTT user and disconnect its clients"}, a.deleteMQTTUser)
}

func (a *API) clientAccess() (ClientAccess, error) {
	if a.Access == nil {
		return nil, unavailable("list of MQTT users and rules")
	}
	return a.Access, nil
}

func (a *API) getAccess(context.Context, *none) (*answer[AccessOverview], error) {
	k, err := a.clientAccess()
	if err != nil {
		return nil, err
	}
	return reply(k.Overview(), nil)
}

func (a *API) reloadAccess(context.Context, *none) (*answer[AccessOverview], error) {
	k, err := a.clientAccess()
	if err != nil {
		return nil, err
	}
	if err := k.Reload(); err != nil {
		return nil, err
	}
	return reply(k.Overview(), nil)
}

func (a *API) testAccess(_ context.Context, in *accessQuestionInput) (*answer[AccessAnswer], error) {
	k, err := a.clientAccess()
	if err != nil {
		return nil, err
	}
	return reply(k.Try(in.Body))
}

// MQTTUserSet says what became of a user.
type MQTTUserSet struct {
	Name  string `json:"name"`
	Added bool   `json:"added" doc:"False when the user was there and has a new password"`
}

func (a *API) setMQTTUser(_ context.Context, in *accessPasswordInput) (*answer[MQTTUserSet], error) {
	k, err := a.clientAccess()
	if err != nil {
		return nil, err
	}
	added, err := k.SetUser(in.Name, in.Body.Password)
	return reply(MQTTUserSet{in.Name, added}, err)
}

func (a *API) deleteMQTTUser(_ context.Context, in *AccessUserPath) (*none, error) {
	k, err := a.clientAccess()
	if err != nil {
		return nil, err
	}
	return nil, k.DeleteUser(in.Name)
}
