package app

import (
	"github.com/millrace/millrace/internal/access"
	"github.com/millrace/millrace/internal/api"
)

var _ api.ClientAccess = accessAPI{}

// accessAPI answers in the API's types.
type accessAPI struct{ *access.Access }

func (a accessAPI) Overview() api.AccessOverview {
	o := a.Access.Overview()
	return api.AccessOverview{
		UsersFile: o.UsersFile, RulesFile: o.RulesFile, UsersProblem: o.UsersProblem, RulesProblem: o.RulesProblem,
		Configured: o.Configured, Default: o.Default,
		Users: convert(o.Users, func(u access.UserInfo) api.AccessUser { return api.AccessUser(u) }),
		Rules: convert(o.Rules, ruleAPI), Warnings: append([]string{}, access.Doubts(o.Rules)...),
	}
}

func ruleAPI(r access.RuleInfo) api.AccessRule {
	return api.AccessRule{
		Line: r.Line, Allow: r.Allow, Deny: r.Deny, Topics: r.Topics, Users: r.Users, Clients: r.Clients, Groups: r.Groups,
		Addresses: r.Addresses, Listeners: r.Listeners, Anonymous: r.Anonymous, QoS: r.QoS, Retain: r.Retain,
	}
}

func (a accessAPI) Try(q api.AccessQuestion) (api.AccessAnswer, error) {
	v, err := a.Access.Try(access.Question{
		ClientID: q.Client, Username: q.User, Groups: q.Groups, Address: q.Address, Listener: q.Listener,
		Action: q.Action, Topic: q.Topic, QoS: byte(q.QoS), Retain: q.Retain,
	})
	out := api.AccessAnswer{Allowed: v.Allowed, Rule: v.Rule, Why: v.Why}
	if v.Decided != nil {
		r := ruleAPI(*v.Decided)
		out.Decided = &r
	}
	return out, err
}
