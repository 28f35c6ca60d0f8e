package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/millrace/millrace/internal/api"
)

var roles = []string{api.Administrator, api.Operator, api.Viewer}

// roleFlag adds --role, which has to be given and to be one of the three.
func roleFlag(cmd *cobra.Command, role *string) {
	cmd.Flags().StringVar(role, "role", "", "administrator, operator or viewer")
	cmd.Args = cobra.MatchAll(wants(1, 1), func(*cobra.Command, []string) error {
		if !slices.Contains(roles, *role) {
			return usage("--role wants one of %s, not %q", strings.Join(roles, ", "), *role)
		}
		return nil
	})
}

func (c *ctl) apiKeyCommand() *cobra.Command {
	var role string
	create := &cobra.Command{
		Use: "create NAME --role ROLE", Short: "Make an API key; its secret is shown this once",
		Example: "  millrace ctl api-key create dashboards --role viewer\n  millrace ctl api-key create ci --role operator --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, c, request{method: http.MethodPost, path: "/api-keys", body: api.CreateAPIKey{Name: args[0], Role: role}}, drawNewKey)
		},
	}
	roleFlag(create, &role)
	list := &cobra.Command{
		Use: "list", Short: "List the API keys", Args: wants(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, c, request{path: "/api-keys"}, listed("No API keys.", columns("NAME", "KEY", "ROLE", "CREATED", "LAST SEEN"),
				func(k api.APIKey) []any { return []any{k.Name, k.Key, k.Role, k.Created, k.LastSeen} }))
		},
	}
	remove := &cobra.Command{
		Use: "delete KEY", Short: "Remove an API key; programs that use it are locked out", Args: wants(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, c, request{method: http.MethodDelete, path: "/api-keys/" + url.PathEscape(args[0]), hint: notFound("millrace ctl api-key list shows the keys")}, done("API key %s is removed.", args[0]))
		},
	}
	return listGroup("api-key", "Ways in for programs", list, create, remove)
}

func drawNewKey(t table, k api.NewAPIKey) {
	t.row("Name", k.Name)
	t.row("Role", k.Role)
	t.row("Key", k.Key)
	t.row("Secret", k.Secret)
	_ = t.w.Flush()
	fmt.Fprintln(t.w, "Keep the secret now: it is not shown again. Use both by HTTP Basic, as key:secret.")
}

func (c *ctl) userCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "list", Short: "List who may sign in", Args: wants(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, c, request{path: "/users"}, listed("No users.", columns("NAME", "ROLE", "CREATED", "LAST SEEN"),
				func(u api.User) []any { return []any{u.Name, u.Role, u.Created, u.LastSeen} }))
		},
	}
	remove := &cobra.Command{
		Use: "delete NAME", Short: "Remove a user and end their sessions", Args: wants(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, c, request{method: http.MethodDelete, path: "/users/" + url.PathEscape(args[0]), hint: notFound("millrace ctl user list shows the users")}, done("User %s is removed.", args[0]))
		},
	}
	return listGroup("user", "Who may sign in", list, c.userCreateCommand(), remove, c.passwordCommand())
}

func (c *ctl) userCreateCommand() *cobra.Command {
	var role, file string
	cmd := &cobra.Command{
		Use: "create NAME --role ROLE", Short: "Let somebody sign in; asks for a password",
		RunE: func(cmd *cobra.Command, args []string) error {
			password, err := readPassword(cmd, file)
			if err != nil {
				return err
			}
			return ask(cmd, c, request{method: http.MethodPost, path: "/users", body: api.NewUser{Name: args[0], Role: role, Password: password}, hint: hint{http.StatusConflict, "millrace ctl user passwd sets a new password"}},
				func(t table, u api.User) { t.row("User " + u.Name + " may sign in as " + u.Role + ".") })
		},
	}
	roleFlag(cmd, &role)
	passwordFlag(cmd, &file)
	return cmd
}

func (c *ctl) passwordCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "passwd NAME", Short: "Set a user's password and end their sessions", Args: wants(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			password, err := readPassword(cmd, file)
			if err != nil {
				return err
			}
			return ask(cmd, c, request{method: http.MethodPut, path: "/users/" + url.PathEscape(args[0]) + "/password", body: api.NewPassword{Password: password}, hint: notFound("millrace ctl user list shows the users")},
				done("The password of %s is set.", args[0]))
		},
	}
	passwordFlag(cmd, &file)
	return cmd
}

func passwordFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "password-file", "", "file with the password, - for standard input; without it you are asked")
}

// maxPassword bounds what is read as a password, in bytes.
const maxPassword = 8 << 10

// readPassword takes the password from the file, from a terminal without echo and
// twice, or as the first line of standard input.
func readPassword(cmd *cobra.Command, file string) (string, error) {
	in := cmd.InOrStdin()
	if terminal, ok := in.(*os.File); ok && file == "" && term.IsTerminal(int(terminal.Fd())) {
		return askPassword(cmd, int(terminal.Fd()))
	}
	if file != "" && file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	line, err := bufio.NewReader(io.LimitReader(in, maxPassword)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", usage("there is no password: type one, pipe one in, or name a file with --password-file")
	}
	return line, nil
}

func askPassword(cmd *cobra.Command, terminal int) (string, error) {
	var typed [2]string
	for i, prompt := range []string{"Password: ", "The same again: "} {
		fmt.Fprint(cmd.ErrOrStderr(), prompt)
		content, err := term.ReadPassword(terminal)
		fmt.Fprintln(cmd.ErrOrStderr())
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		typed[i] = string(content)
	}
	if typed[0] != typed[1] {
		return "", usage("the two passwords differ")
	}
	if typed[0] == "" {
		return "", usage("the password is empty")
	}
	return typed[0], nil
}
