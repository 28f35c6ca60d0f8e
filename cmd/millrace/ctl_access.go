package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/api"
)

func (c *ctl) accessCommand() *cobra.Command {
	show := &cobra.Command{
		Use: "show", Short: "Show the MQTT users and access rules in force", Args: wants(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, c, request{path: "/access"}, drawAccess)
		},
	}
	reload := &cobra.Command{
		Use: "reload", Short: "Read the users and rules files now, not within two seconds", Args: wants(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, c, request{method: http.MethodPost, path: "/access/reload"}, func(t table, o api.AccessOverview) {
				t.row(fmt.Sprintf("In force: %d users, %d rules, default %s.", len(o.Users), len(o.Rules), o.Default))
			})
		},
	}
	return group("access", "Who may come in by MQTT and what they may do", show, reload, c.accessTestCommand())
}

func (c *ctl) accessTestCommand() *cobra.Command {
	var q api.AccessQuestion
	cmd := &cobra.Command{
		Use: "test --action ACTION --topic TOPIC", Short: "Try a publish or subscribe against the rules and see which decides", Args: wants(0, 0),
		Example: "  millrace ctl access test --client press-1 --user anna --action publish --topic plant/press-1/t\n" +
			"  millrace ctl access test --user dashboard --action subscribe --topic 'plant/#' --ip 10.1.2.3",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if q.Action == "" || q.Topic == "" {
				return usage("millrace ctl access test wants --action publish or subscribe, and --topic")
			}
			return ask(cmd, c, request{method: http.MethodPost, path: "/access/test", body: q}, drawAnswer)
		},
	}
	f := cmd.Flags()
	f.StringVar(&q.Client, "client", "", "client identifier")
	f.StringVar(&q.User, "user", "", "user name; without it the client is anonymous")
	f.StringSliceVar(&q.Groups, "groups", nil, "groups of a user that the users file does not know")
	f.StringVar(&q.Action, "action", "", "publish or subscribe")
	f.StringVar(&q.Topic, "topic", "", "topic, or topic filter of the subscription")
	f.IntVar(&q.QoS, "qos", 0, "QoS of the message or the subscription")
	f.BoolVar(&q.Retain, "retain", false, "the message is to be retained")
	f.StringVar(&q.Address, "ip", "", "IP address that the client comes from")
	f.StringVar(&q.Listener, "listener", "", "listener that the client came in by")
	return cmd
}

func drawAnswer(t table, a api.AccessAnswer) {
	verdict := "denied"
	if a.Allowed {
		verdict = "allowed"
	}
	t.row("Verdict", verdict)
	t.row("Why", a.Why)
	if a.Decided != nil {
		t.row("Rule", ruleText(*a.Decided))
	}
}

func drawAccess(t table, o api.AccessOverview) {
	t.row("Users file", o.UsersFile)
	for _, p := range []string{o.UsersProblem, o.RulesProblem} {
		if p != "" {
			t.row("PROBLEM", p)
		}
	}
	for _, u := range o.Users {
		s := passwdUser{Name: u.Name, Password: u.Password, SCRAM: u.Methods, Groups: u.Groups, Superuser: u.Superuser, Disabled: u.Disabled}
		t.row("User", s.String())
	}
	t.row("Rules file", o.RulesFile)
	if !o.Configured {
		t.row("Rules", "none: everything is allowed but to publish below $SYS")
		return
	}
	for i, r := range o.Rules {
		t.row(fmt.Sprintf("Rule %d", i+1), ruleText(r))
	}
	t.row("Default", o.Default)
	for _, text := range o.Warnings {
		t.row("Warning", text)
	}
}

// ruleText is a rule on one line, in the words of the rules file.
func ruleText(r api.AccessRule) string {
	line := r.Line
	r.Line = 0
	content, err := json.Marshal(r)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s  (line %d)", strings.ReplaceAll(string(content), `"line":0,`, ""), line)
}
