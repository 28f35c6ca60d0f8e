package main

import (
	"net/http"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/api"
)

func (c *ctl) redirectCommand() *cobra.Command {
	show := &cobra.Command{Use: "show", Short: "Show whether clients are sent to another server", Args: wants(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, c, request{path: "/redirect"}, drawRedirect)
		}}
	var moved bool
	start := &cobra.Command{Use: "start [SERVER]", Short: "Send all clients to another server, and those that come from now on", Args: wants(0, 1),
		Long:    "Send all clients to another server, and those that come from now on. MQTT 5 clients are told SERVER, or without it mqtt.redirect.reference; others are only turned away. Sessions that outlive their connections stay.",
		Example: "  millrace ctl redirect start plant-2:1883\n  millrace ctl redirect start plant-2:1883 --moved",
		RunE: func(cmd *cobra.Command, args []string) error {
			body := api.NewRedirect{Moved: moved}
			if len(args) > 0 {
				body.Reference = args[0]
			}
			return ask(cmd, c, request{method: http.MethodPost, path: "/redirect", body: body}, drawRedirect)
		}}
	start.Flags().BoolVar(&moved, "moved", false, "say that it is for good")
	stop := &cobra.Command{Use: "stop", Short: "Let clients in again", Args: wants(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, c, request{method: http.MethodDelete, path: "/redirect"}, done("Clients may come in again."))
		}}
	cmd := group("redirect", "Send clients to another server", show, start, stop)
	cmd.Long, cmd.RunE = cmd.Short+". Without a verb: show.", show.RunE
	return cmd
}

func drawRedirect(t table, r api.Redirect) {
	switch {
	case !r.Active:
		t.row("Clients may come in.")
	case r.Reference == "":
		t.row("Clients are turned away, and are not told where to go.")
	case r.Moved:
		t.row("Clients are sent to " + printable(r.Reference) + " for good.")
	default:
		t.row("Clients are sent to " + printable(r.Reference) + ".")
	}
}
