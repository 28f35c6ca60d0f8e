package main

import (
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/api"
)

func (c *ctl) delayedCommand() *cobra.Command {
	var f filter
	list := f.flags(&cobra.Command{
		Use: "list", Short: "List the messages that wait, the first that is due first",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, c, request{path: "/delayed", query: f.query()}, listed("No delayed messages.", columns("ID", "DUE", "TOPIC", "QOS", "SIZE", "PUBLISHER"),
				func(d api.Delayed) []any { return []any{d.ID, d.DueAt, d.Topic, d.QoS, bytesText(d.Size), d.Publisher} }))
		},
	})
	remove := &cobra.Command{
		Use: "delete ID", Short: "Remove a message before its time", Args: wants(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, c, request{method: http.MethodDelete, path: "/delayed/" + url.PathEscape(args[0]), hint: notFound("millrace ctl delayed list shows those that wait")},
				done("The delayed message %s is removed.", args[0]))
		},
	}
	return listGroup("delayed", "Messages that wait for their time", list, remove)
}
