package main

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/config"
)

var banKinds = []string{"client_id", "client_prefix", "user", "address", "network", "login"}

func (c *ctl) bansCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "list", Short: "List who is kept out", Args: wants(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, c, request{path: "/bans?limit=1000"}, listed("No bans.", columns("KIND", "VALUE", "UNTIL", "BY", "REASON"),
				func(b api.Ban) []any { return []any{b.Kind, b.Value, b.Until, cmp.Or(b.By, "the node"), b.Reason} }))
		},
	}
	remove := &cobra.Command{
		Use: "delete KIND VALUE", Short: "End a ban", Args: wants(2, 2), ValidArgs: banKinds,
		RunE: func(cmd *cobra.Command, args []string) error {
			path := "/bans/" + url.PathEscape(args[0]) + "?value=" + url.QueryEscape(args[1])
			return ask(cmd, c, request{method: http.MethodDelete, path: path, hint: notFound("millrace ctl bans list shows the bans")}, done("The ban of %s %s has ended.", args[0], args[1]))
		},
	}
	return listGroup("bans", "Who is kept out", list, c.banCommand(), remove)
}

func (c *ctl) banCommand() *cobra.Command {
	var lasts, reason string
	var all bool
	cmd := &cobra.Command{
		Use: "add KIND VALUE", Short: "Keep clients out, and disconnect those that are in", Args: wants(2, 2), ValidArgs: banKinds,
		Long:    "Keep clients out, and disconnect those that are in. KIND is one of " + strings.Join(banKinds, ", ") + ".",
		Example: "  millrace ctl bans add client_id press-7 --for 1h --reason \"sends nonsense\"\n  millrace ctl bans add network 192.0.2.0/24",
		RunE: func(cmd *cobra.Command, args []string) error {
			body := api.NewBan{Kind: args[0], Value: args[1], Reason: reason, All: all}
			if lasts != "" {
				d, err := config.ParseDuration(lasts)
				if err != nil {
					return usage("--for %v", err)
				}
				body.Until = time.Now().Add(d).UTC()
			}
			return ask(cmd, c, request{method: http.MethodPost, path: "/bans", body: body}, func(t table, b api.Ban) { t.row(b.Kind + " " + b.Value + " is banned.") })
		},
	}
	cmd.Flags().StringVar(&lasts, "for", "", "how long, such as 30m or 7d (default without end)")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for people")
	cmd.Flags().BoolVar(&all, "all", false, "ban a network of every address (/0), so that nobody gets in until the ban is deleted")
	return cmd
}
