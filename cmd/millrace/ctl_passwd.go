package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/access"
	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/fault"
)

// livePasswd is passwd for a running node.
type livePasswd struct {
	*ctl
	file                 string
	delete, list, dryRun bool
}

func (c *ctl) mqttPasswordCommand() *cobra.Command {
	p := &livePasswd{ctl: c}
	cmd := &cobra.Command{
		Use: "passwd NAME", Short: "Set an MQTT user's password; its clients have to come in anew", Args: wants(0, 1),
		Long: "Set an MQTT user's password on a running node, or remove the user. Without a node\nmillrace passwd changes the users file. For who signs in to the console see\nmillrace ctl user passwd.",
		Example: `  millrace ctl passwd press-1 --password-file secret.txt
  millrace ctl passwd --list
  millrace ctl passwd --delete press-1 --dry-run`,
		RunE: p.run,
	}
	passwordFlag(cmd, &p.file)
	f := cmd.Flags()
	f.BoolVar(&p.delete, "delete", false, "remove the user")
	f.BoolVar(&p.list, "list", false, "list the users in force")
	f.BoolVar(&p.dryRun, "dry-run", false, "say what would be done, and change nothing")
	cmd.MarkFlagsMutuallyExclusive("list", "delete")
	return cmd
}

func (p *livePasswd) run(cmd *cobra.Command, args []string) error {
	switch {
	case p.list && len(args) == 0:
		return p.showList(cmd)
	case p.list || len(args) == 0:
		return usage("millrace ctl passwd wants NAME, or --list without one")
	}
	path := "/access/users/" + url.PathEscape(args[0])
	switch {
	case p.delete && p.dryRun:
		return p.tryDelete(cmd, args[0])
	case p.delete:
		return ask(cmd, p.ctl, request{method: http.MethodDelete, path: path, hint: notFound("millrace ctl passwd --list lists the users")}, done("MQTT user %s is removed.", args[0]))
	}
	password, err := readPassword(cmd, p.file)
	if err != nil {
		return err
	}
	if p.dryRun {
		return p.trySet(cmd, args[0], password)
	}
	return ask(cmd, p.ctl, request{method: http.MethodPut, path: path, body: api.AccessPassword{Password: password}}, func(t table, s api.MQTTUserSet) {
		if s.Added {
			t.row("MQTT user " + s.Name + " is added.")
		} else {
			t.row("The password of MQTT user " + s.Name + " is set.")
		}
	})
}

// inForce asks the node for its users.
func (p *livePasswd) inForce(cmd *cobra.Command) (o api.AccessOverview, err error) {
	node, err := p.client(cmd)
	if err != nil {
		return o, err
	}
	content, err := node.do(cmd.Context(), request{path: "/access"})
	if err != nil {
		return o, err
	}
	if err := json.Unmarshal(content, &o); err != nil {
		return o, fmt.Errorf("the answer of %s is not understood; is it of another version? %w", node.where, err)
	}
	return o, nil
}

func (p *livePasswd) showList(cmd *cobra.Command) error {
	o, err := p.inForce(cmd)
	if err != nil {
		return err
	}
	r := passwdResult{File: o.UsersFile, DryRun: p.dryRun}
	for _, u := range o.Users {
		r.Users = append(r.Users, passwdUser{Name: u.Name, Password: u.Password, SCRAM: u.Methods, Groups: u.Groups, Superuser: u.Superuser, Disabled: u.Disabled})
	}
	return r.list(cmd, p.json)
}

// tryDelete says what removing the user would do.
func (p *livePasswd) tryDelete(cmd *cobra.Command, name string) error {
	return p.try(cmd, name, func(there bool) (string, error) {
		if !there {
			return "", fault.New(fault.NotFound, "There is no MQTT user %q.", name)
		}
		return "removed", nil
	})
}

// trySet says what setting the password would do; it is looked at as the node would.
func (p *livePasswd) trySet(cmd *cobra.Command, name, password string) error {
	return p.try(cmd, name, func(there bool) (string, error) {
		if err := access.CheckName(name); err != nil {
			return "", err
		}
		if err := new(access.User).SetPassword(password, access.Cost{}, false); err != nil {
			return "", err
		}
		if there {
			return "changed", nil
		}
		return "added", nil
	})
}

func (p *livePasswd) try(cmd *cobra.Command, name string, would func(there bool) (done string, err error)) error {
	o, err := p.inForce(cmd)
	if err != nil {
		return err
	}
	r := passwdResult{File: o.UsersFile, User: name, DryRun: true}
	r.Done, err = would(slices.ContainsFunc(o.Users, func(u api.AccessUser) bool { return u.Name == name }))
	if err != nil {
		return err
	}
	return r.print(cmd, p.json, fmt.Sprintf("User %s is %s in %s.", r.User, r.Done, r.File))
}
