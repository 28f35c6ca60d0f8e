package main

import (
	"cmp"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/api"
)

func (c *ctl) streamsCommand() *cobra.Command {
	return listGroup("streams", "Durable captures of messages", &cobra.Command{
		Use: "list", Short: "List the streams", Args: wants(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, c, request{path: "/streams"}, listed("No streams: nothing is kept.",
				columns("NAME", "FILTERS", "FROM", "RATE", "BYTES", "FIRST", "LAST", "P99 MS", "STATE"), streamRow))
		},
	}, c.showStreamCommand(), c.readStreamCommand(), c.groupsCommand(),
		c.createStreamCommand(), c.changeStreamCommand(), c.deleteStreamCommand(), c.purgeStreamCommand(), c.replayCommand(), c.replaysCommand())
}

func streamRow(s api.StreamStatus) []any {
	return []any{s.Name, streamFilters(s), s.Origin, rateText(s.AppendedRate), bytesText(s.Bytes), s.FirstTime, s.LastTime, fmt.Sprintf("%.1f", s.AppendP99), streamState(s)}
}

func streamFilters(s api.StreamStatus) string {
	if s.BuiltIn {
		return "(built in)"
	}
	return strings.Join(s.Filters, " ")
}

func streamState(s api.StreamStatus) string {
	if s.Refusing {
		return "refusing"
	}
	return "keeping"
}

// streamOrigin says where a stream comes from.
func streamOrigin(s api.StreamStatus) string {
	switch s.Origin {
	case "made":
		return "made by " + cmp.Or(s.By, "-") + " at " + cellText(s.Created)
	case "node":
		return "the node itself"
	}
	return "the configuration file"
}

func (c *ctl) showStreamCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "Show a stream, and who reads it", Args: wants(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, c, request{path: streamPath(args[0], ""), hint: streamHint}, showStream)
		},
	}
}

var streamHint = notFound("millrace ctl streams list shows the streams")

func streamPath(name, rest string) string { return "/streams/" + url.PathEscape(name) + rest }

func showStream(t table, s api.StreamStatus) {
	t.row("Stream", s.Name)
	t.row("Filters", streamFilters(s))
	t.row("State", streamState(s))
	t.row("From", streamOrigin(s))
	t.row("Rate", rateText(s.AppendedRate)+", "+bytesText(s.BytesRate)+"/s")
	t.row("Since the start", fmt.Sprintf("%d messages, %d refused, %d entries damaged", s.Messages, s.Refused, s.Damaged))
	t.row("On disk", bytesText(s.Bytes))
	t.row("Keeps", streamBound(s))
	t.row("First", s.First, s.FirstTime)
	t.row("Last", s.Last, s.LastTime)
	t.row("Append", fmt.Sprintf("median %.1f ms, p99 %.1f ms, %d under way", s.AppendP50, s.AppendP99, s.Pending))
	for _, r := range s.Readers {
		t.row("Reader", fmt.Sprintf("%s (%s) at %s, %d entries and %s behind", r.Name, r.Kind, r.Position, r.Behind, spanText(time.Duration(r.Lag*float64(time.Second)))))
	}
}

// streamBound says how long messages stay.
func streamBound(s api.StreamStatus) string {
	var parts []string
	if s.MaxAge > 0 {
		parts = append(parts, spanText(time.Duration(s.MaxAge*float64(time.Second))))
	}
	if s.MaxBytes > 0 {
		parts = append(parts, bytesText(s.MaxBytes))
	}
	if s.BuiltIn {
		return "what somebody still has to get"
	}
	return cmp.Or(strings.Join(parts, ", "), "everything")
}

func (c *ctl) readStreamCommand() *cobra.Command {
	var after, from, topics string
	var limit int
	var wait time.Duration
	cmd := &cobra.Command{
		Use: "read NAME", Short: "Show messages of a stream; nothing is removed", Args: wants(1, 1),
		Example: "  millrace ctl streams read telemetry --from -10m --filter 'plant/#'\n  millrace ctl streams read telemetry --after 17:3 --wait 20s",
		RunE: func(cmd *cobra.Command, args []string) error {
			if wait%time.Second != 0 {
				return usage("--wait wants whole seconds, not %v", wait)
			}
			q := url.Values{"limit": {strconv.Itoa(limit)}, "wait": {strconv.Itoa(int(wait / time.Second))}}
			for name, v := range map[string]string{"after": after, "from": from, "filter": topics} {
				if v != "" {
					q.Set(name, v)
				}
			}
			return ask(cmd, c, request{path: streamPath(args[0], "/messages"), query: q, hint: streamHint}, showStreamMessages)
		},
	}
	f := cmd.Flags()
	f.StringVar(&after, "after", "", "behind this position")
	f.StringVar(&from, "from", "", "from this time on: RFC 3339, now, or relative such as -10m (default the oldest message)")
	f.StringVar(&topics, "filter", "", "only topics that this filter matches")
	f.IntVar(&limit, "limit", 100, "messages at most, up to 1000")
	f.DurationVar(&wait, "wait", 0, "how long to wait while there is nothing, up to 20s")
	return cmd
}

func showStreamMessages(t table, p api.StreamMessages) {
	if p.Removed {
		t.row("Some messages behind that position were removed before they were read.")
	}
	if len(p.Messages) > 0 {
		t.row(columns("POSITION", "TIME", "TOPIC", "QOS", "PUBLISHER", "PAYLOAD")...)
	}
	for _, m := range p.Messages {
		t.row(m.Position, m.Time, m.Topic, m.QoS, m.Publisher, payloadText(m))
	}
	if p.More {
		t.row("More with --after " + p.Next)
	} else if len(p.Messages) == 0 {
		t.row("No messages up to " + p.Next + ".")
	}
}
