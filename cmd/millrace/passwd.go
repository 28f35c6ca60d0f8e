package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/access"
	"github.com/millrace/millrace/internal/fault"
)

// passwd is the command that changes a users file, with or without a node.
type passwd struct {
	data, file, passwordFile              string
	groups                                []string
	delete, list, dryRun, json            bool
	superuser, disable, noScram, noSecret bool
}

func passwdCommand() *cobra.Command {
	p := &passwd{}
	cmd := &cobra.Command{
		Use: "passwd NAME", Short: "Set the password of an MQTT user",
		Long: `Set an MQTT user's password in the users file, as argon2id hash and SCRAM
verifiers. --groups, --superuser and --disable alone keep the password of a user that
is there. A running node reads the file again within two seconds. Other lines and
comments stay as they are. For who signs in to the console see millrace ctl user.`,
		Example: `  millrace passwd press-1
  millrace passwd --file /etc/millrace/users --groups presses press-1 --password-file secret.txt
  millrace passwd --disable press-1
  millrace passwd --list
  millrace passwd --delete press-1`,
		Args: wants(0, 1),
		RunE: p.run,
	}
	f := cmd.Flags()
	f.StringVar(&p.data, "data", cmp.Or(os.Getenv("MILLRACE_DATA"), "./data"), "data folder of the node, whose file users is changed (MILLRACE_DATA)")
	f.StringVar(&p.file, "file", "", "users file, where it is another one (mqtt.access.users)")
	passwordFlag(cmd, &p.passwordFile)
	f.StringSliceVar(&p.groups, "groups", nil, "groups of the user, with commas between them; \"\" for none")
	f.BoolVar(&p.delete, "delete", false, "remove the user")
	f.BoolVar(&p.list, "list", false, "list the users")
	f.BoolVar(&p.dryRun, "dry-run", false, "say what would be done, and change nothing")
	f.BoolVar(&p.json, "json", false, "print JSON")
	f.BoolVar(&p.superuser, "superuser", false, "put the user above the access rules (--superuser=false: no longer)")
	f.BoolVar(&p.disable, "disable", false, "keep the user out and the password (--disable=false: no longer)")
	f.BoolVar(&p.noScram, "no-scram", false, "make no SCRAM verifiers")
	f.BoolVar(&p.noSecret, "no-password", false, "give no password: the user comes in by a certificate; or leave the one there is")
	cmd.MarkFlagsMutuallyExclusive("list", "delete")
	cmd.MarkFlagsMutuallyExclusive("no-password", "password-file")
	return cmd
}

// passwdResult is what --json prints.
type passwdResult struct {
	File   string       `json:"file"`
	User   string       `json:"user,omitempty"`
	Done   string       `json:"done"`
	DryRun bool         `json:"dry_run,omitempty"`
	Users  []passwdUser `json:"users,omitempty"`
}

type passwdUser struct {
	Name      string   `json:"name"`
	Password  bool     `json:"password"`
	SCRAM     []string `json:"scram"`
	Groups    []string `json:"groups"`
	Superuser bool     `json:"superuser"`
	Disabled  bool     `json:"disabled"`
}

func (p *passwd) run(cmd *cobra.Command, args []string) error {
	r := passwdResult{File: cmp.Or(p.file, filepath.Join(p.data, "users")), DryRun: p.dryRun}
	users, err := access.ReadUsers(r.File)
	if err != nil {
		return err
	}
	switch {
	case p.list && len(args) == 0:
		return p.showList(cmd, users, r)
	case p.list || len(args) == 0:
		return usage("millrace passwd wants NAME, or --list without one")
	}
	r.User = args[0]
	if p.delete {
		if !users.Delete(r.User) {
			return fault.New(fault.NotFound, "%s has no user %s.", r.File, r.User)
		}
		r.Done = "removed"
	} else if r.Done, err = p.set(cmd, users, r.User); err != nil {
		return err
	}
	if !p.dryRun {
		if err := access.WriteUsers(r.File, users); err != nil {
			return err
		}
	}
	return r.print(cmd, p.json, fmt.Sprintf("User %s is %s in %s.", r.User, r.Done, r.File))
}

// set makes the user, or changes what the flags name.
func (p *passwd) set(cmd *cobra.Command, users *access.Users, name string) (done string, err error) {
	if err := access.CheckName(name); err != nil {
		return "", err
	}
	u, done := access.User{Name: name}, "added"
	if old := users.Find(name); old != nil {
		u, done = *old, "changed"
	}
	if cmd.Flags().Changed("groups") {
		u.Groups = p.groups
	}
	if cmd.Flags().Changed("superuser") {
		u.Superuser = p.superuser
	}
	if cmd.Flags().Changed("disable") {
		u.Disabled = p.disable
	}
	if p.wantsPassword(cmd, done == "added") {
		password, err := readPassword(cmd, p.passwordFile)
		if err != nil {
			return "", err
		}
		if err := u.SetPassword(password, access.Cost{}, !p.noScram); err != nil {
			return "", err
		}
	}
	return done, users.Set(&u)
}

// wantsPassword says whether a password is to be set: not when other things of a user
// that is there are changed.
func (p *passwd) wantsPassword(cmd *cobra.Command, fresh bool) bool {
	changed := cmd.Flags().Changed
	others := changed("groups") || changed("superuser") || changed("disable")
	return !p.noSecret && (fresh || !others || p.passwordFile != "" || p.noScram)
}

func (p *passwd) showList(cmd *cobra.Command, users *access.Users, r passwdResult) error {
	for _, u := range users.All() {
		r.Users = append(r.Users, passwdUser{Name: u.Name, Password: u.Hash != "", SCRAM: u.Methods(), Groups: u.Groups, Superuser: u.Superuser, Disabled: u.Disabled})
	}
	return r.list(cmd, p.json)
}

// list prints the users.
func (r *passwdResult) list(cmd *cobra.Command, asJSON bool) error {
	r.Done, r.DryRun = "listed", false
	lines := []string{}
	for _, u := range r.Users {
		lines = append(lines, u.String())
	}
	if len(lines) == 0 {
		lines = []string{"No users in " + r.File + "."}
	}
	return r.print(cmd, asJSON, strings.Join(lines, "\n"))
}

// String is one user on one line.
func (u passwdUser) String() string {
	words := []string{u.Name}
	if !u.Password {
		words = append(words, "(no password)")
	}
	if len(u.SCRAM) > 0 {
		words = append(words, "("+strings.Join(u.SCRAM, ", ")+")")
	}
	if len(u.Groups) > 0 {
		words = append(words, "groups "+strings.Join(u.Groups, ", "))
	}
	if u.Superuser {
		words = append(words, "superuser")
	}
	if u.Disabled {
		words = append(words, "disabled")
	}
	return strings.Join(words, "  ")
}

// print prints the result, as text or as JSON.
func (r *passwdResult) print(cmd *cobra.Command, asJSON bool, text string) error {
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(r)
	}
	if r.DryRun {
		text += " (not written: --dry-run)"
	}
	_, err := fmt.Fprintln(cmd.OutOrStdout(), text)
	return err
}
