package main

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/api"
)

func (c *ctl) retainedCommand() *cobra.Command {
	list := &cobra.Command{Use: "list", Short: "List the retained messages"}
	s := searched(list, "topic, size, at, expiresAt or publisher", "prefix", "only topics that begin with this",
		"search", "only topics that contain this", "filter", "only topics that this filter matches",
		"publisher", "only what the client with this identifier published; * stands for any text")
	lister(c, list, s, "/retained", "No retained messages.", columns("TOPIC", "SIZE", "QOS", "PUBLISHED", "EXPIRES", "PUBLISHER"),
		func(r api.Retained) []any {
			return []any{r.Topic, bytesText(r.Size), r.QoS, r.At, r.ExpiresAt, r.Publisher}
		})
	show := &cobra.Command{Use: "show TOPIC", Short: "Show a retained message", Args: wants(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, c, request{path: "/retained/message", query: url.Values{"topic": {args[0]}}, hint: notFound("millrace ctl retained list shows the topics")},
				func(t table, m api.RetainedMessage) {
					t.row("Topic", m.Topic)
					t.row("QoS", m.QoS)
					t.row("Published", m.At)
					t.row("Publisher", m.Publisher)
					t.row("Size", bytesText(m.Size))
					t.row("Payload ("+m.Encoding+")", m.Payload)
				})
		}}
	return listGroup("retained", "Retained messages", list, show, c.deleteRetainedCommand())
}

func (c *ctl) deleteRetainedCommand() *cobra.Command {
	var dry bool
	var publisher string
	cmd := &cobra.Command{Use: "delete [FILTER]", Short: "Remove the retained messages whose topic the filter matches, or that a client has left", Args: wants(0, 1),
		Example: "  millrace ctl retained delete 'plant/old/#' --dry-run\n  millrace ctl retained delete --publisher 'press-*' --dry-run",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && publisher == "" {
				return usage("%s wants a topic filter, --publisher or both", cmd.CommandPath())
			}
			q := url.Values{}
			if len(args) > 0 {
				q.Set("filter", args[0])
			}
			if publisher != "" {
				q.Set("publisher", publisher)
			}
			if dry {
				q.Set("dryRun", "true")
			}
			return ask(cmd, c, request{method: http.MethodDelete, path: "/retained", query: q}, func(t table, d api.Deleted) {
				t.row(fmt.Sprintf("%d %s.", d.Deleted, cmp.Or(map[bool]string{true: "would be removed"}[d.DryRun], "removed")))
			})
		}}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "count them only")
	cmd.Flags().StringVar(&publisher, "publisher", "", "only what the client with this identifier published; * stands for any text")
	return cmd
}

func (c *ctl) listenersCommand() *cobra.Command {
	list := &cobra.Command{Use: "list", Short: "List the listeners for MQTT clients"}
	s := searched(list, "")
	list.RunE = func(cmd *cobra.Command, _ []string) error {
		return s.watched(cmd, func() error {
			return ask(cmd, c, request{path: "/listeners"}, listed("No listeners.",
				columns("NAME", "KIND", "ADDRESS", "ANONYMOUS", "OPEN", "ACCEPTED", "REFUSED", "CERTIFICATE"), listenerLine))
		})
	}
	_ = list.Flags().MarkHidden("page")
	_ = list.Flags().MarkHidden("limit")
	reload := &cobra.Command{Use: "reload", Short: "Read certificates, CAs and revocation lists again; clients stay", Args: wants(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, c, request{method: http.MethodPost, path: "/listeners/reload"}, func(t table, r api.Reloaded) {
				if len(r.Listeners) == 0 {
					t.row("No listener has certificates.")
					return
				}
				t.row("Read again: " + strings.Join(r.Listeners, ", "))
			})
		}}
	return listGroup("listeners", "Listeners for MQTT clients", list, reload)
}

func listenerLine(l api.Listener) []any {
	var refused []string
	for _, reason := range slices.Sorted(maps.Keys(l.Refused)) {
		refused = append(refused, fmt.Sprintf("%s %d", reason, l.Refused[reason]))
	}
	certificate := ""
	if k := l.Certificate; k != nil {
		certificate = strings.TrimSpace(k.Subject+" ("+strings.Join(k.Names, ", ")+")") + " until " + k.NotAfter.Local().Format(time.DateOnly)
		if k.Failed != "" {
			certificate += "; last change: " + k.Failed
		}
	}
	return []any{l.Name, l.Kind, l.Address, unknownClients(l), l.Open, l.Accepted, strings.Join(refused, ", "), certificate}
}

// when says how far a refused client had come.
func when(r api.Refusal) string {
	if r.Admitted {
		return "after being in"
	}
	return "at the door"
}

// unknownClients says who may come in without a name.
func unknownClients(l api.Listener) string {
	switch {
	case l.Anonymous:
		return "everybody"
	case l.AnonymousLocal:
		return "this machine"
	}
	return "nobody"
}

func (c *ctl) refusedCommand() *cobra.Command {
	list := &cobra.Command{Use: "list", Short: "List who was refused during the last day, and why",
		Example: "  millrace ctl refused list --kind password\n  millrace ctl refused list --client press-7 --since -1h"}
	s := searched(list, "lastAt, at, count, client, user, address or reason", "kind", "password, unknown, acl, protocol, tls, limit, ban or other",
		"reason", "only this reason, such as malformed_packet", "client", "only identifiers that begin with this", "address", "only addresses that begin with this",
		"user", "only this user", "admitted", "true: only of clients that had been let in, false: only at the door", "search", "only where client, user, address or text contain this", "since", "only since then, such as -1h")
	lister(c, list, s, "/refused", "Nobody was refused.", columns("LAST", "COUNT", "CLIENT", "USER", "ADDRESS", "LISTENER", "WHEN", "REASON", "CODE", "TEXT"),
		func(r api.Refusal) []any {
			return []any{r.LastAt.Local().Format(time.DateTime), r.Count, r.Client, r.User, r.Address, r.Listener, when(r), r.Reason, r.Code, r.Text}
		})
	return listGroup("refused", "Clients that were refused", list)
}

func (c *ctl) slowCommand() *cobra.Command {
	list := &cobra.Command{Use: "list", Short: "List the clients that acknowledge late or never, or do not read", Args: wants(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, c, request{path: "/slow-subscribers"}, listed("Nobody is slow.", columns("CLIENT", "TOPIC", "LATENCY", "COUNT", "LAST"),
				func(s api.SlowSubscriber) []any {
					return []any{s.Client, s.Topic, time.Duration(s.Latency * 1e6).Round(time.Millisecond), s.Count, s.At}
				}))
		}}
	clear := &cobra.Command{Use: "clear", Short: "Begin the ranking afresh", Args: wants(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, c, request{method: http.MethodDelete, path: "/slow-subscribers"}, done("The ranking begins afresh."))
		}}
	return listGroup("slow", "Slow subscribers", list, clear)
}

func (c *ctl) topicMetricsCommand() *cobra.Command {
	list := &cobra.Command{Use: "list", Short: "Show what was counted", Args: wants(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, c, request{path: "/topic-metrics"}, listed("Nothing is counted.", columns("FILTER", "IN", "IN RATE", "OUT", "OUT RATE", "DROPPED", "BYTES IN", "BYTES OUT"),
				func(m api.TopicMetric) []any {
					return []any{m.Filter, m.In.QoS0 + m.In.QoS1 + m.In.QoS2, rateText(m.InRate), m.Out.QoS0 + m.Out.QoS1 + m.Out.QoS2, rateText(m.OutRate),
						m.Dropped, bytesText(int64(m.BytesIn)), bytesText(int64(m.BytesOut))}
				}))
		}}
	add := &cobra.Command{Use: "add FILTER", Short: "Count the messages of a topic filter", Args: wants(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, c, request{method: http.MethodPost, path: "/topic-metrics", body: api.CountTopic{Filter: args[0]}}, done("%s is counted.", printable(args[0])))
		}}
	remove := &cobra.Command{Use: "delete FILTER", Short: "Count it no more", Args: wants(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, c, request{method: http.MethodDelete, path: "/topic-metrics", query: url.Values{"filter": {args[0]}}, hint: notFound("millrace ctl topic-metrics list shows what is counted")},
				done("%s is counted no more.", printable(args[0])))
		}}
	return listGroup("topic-metrics", "Messages of single topics, counted on demand", list, add, remove)
}
