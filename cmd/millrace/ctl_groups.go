package main

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/api"
)

func (c *ctl) groupsCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "list STREAM", Short: "List the consumer groups of a stream", Args: wants(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, c, request{path: streamPath(args[0], "/groups"), hint: streamHint}, listed("No consumer groups.",
				columns("NAME", "FILTER", "POSITION", "BEHIND", "LAG", "IN FLIGHT", "ACKED", "REDELIVERED", "GIVEN UP", "LOST"), groupRow))
		},
	}
	return group("groups", "Consumer groups: readers outside that share a stream", list,
		c.showGroupCommand(), c.createGroupCommand(), c.changeGroupCommand(), c.deleteGroupCommand(), c.pullCommand(), c.ackCommand())
}

func groupRow(g api.ConsumerGroup) []any {
	return []any{g.Name, cmp.Or(g.Filter, "#"), g.Position, g.Behind, lagText(g.Lag), g.InFlight, g.Acked, g.Redelivered, g.GivenUp, groupLoss(g)}
}

func lagText(seconds float64) string { return spanText(time.Duration(seconds * float64(time.Second))) }

// groupLoss says what was removed before the group had done with it.
func groupLoss(g api.ConsumerGroup) string {
	if g.LostEntries == 0 {
		return strconv.FormatUint(g.Lost, 10)
	}
	return fmt.Sprintf("%d, and %d entries unread", g.Lost, g.LostEntries)
}

func groupPath(args []string, rest string) string {
	return streamPath(args[0], "/groups/"+url.PathEscape(args[1])+rest)
}

func groupHint(stream string) hint {
	return notFound("millrace ctl streams groups list " + stream + " shows the groups")
}

func showGroup(t table, g api.ConsumerGroup) {
	t.row("Group", g.Name+" of "+g.Stream)
	t.row("Filter", cmp.Or(g.Filter, "#"))
	t.row("Acknowledge within", lagText(g.AckWait))
	t.row("Deliveries", cmp.Or(countText(g.MaxDeliveries, " at most"), "until acknowledged"))
	t.row("Done up to", g.Position)
	t.row("Behind", fmt.Sprintf("%d entries, %s", g.Behind, lagText(g.Lag)))
	t.row("In flight", fmt.Sprintf("%d of %d at most", g.InFlight, g.MaxInFlight))
	t.row("Holds the stream back", g.Hold)
	t.row("So far", fmt.Sprintf("%d acknowledged, %d delivered again, %d given up", g.Acked, g.Redelivered, g.GivenUp))
	t.row("Lost", groupLoss(g))
	t.row("Made", g.Created, cmp.Or(g.By, "-"))
}

// countText is empty for none.
func countText(n int, what string) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n) + what
}

func (c *ctl) showGroupCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show STREAM GROUP", Short: "Show a consumer group", Args: wants(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, c, request{path: groupPath(args, ""), hint: groupHint(args[0])}, showGroup)
		},
	}
}

// groupFlags are the flags of a group's settings; what is not given is absent.
type groupFlags struct {
	filter, after, from string
	ackWait             time.Duration
	deliveries, flight  int
	hold                bool
}

func (f *groupFlags) bind(cmd *cobra.Command) {
	s := cmd.Flags()
	s.StringVar(&f.filter, "filter", "", "only topics that this filter matches")
	s.DurationVar(&f.ackWait, "ack-wait", 30*time.Second, "until when a message has to be acknowledged before others get it")
	s.IntVar(&f.deliveries, "max-deliveries", 0, "how often a message is handed out before it is given up; 0: without end")
	s.IntVar(&f.flight, "max-in-flight", 1000, "messages that may be handed out and not acknowledged")
	s.BoolVar(&f.hold, "hold", false, "retention of the stream waits for the group, within consumers.hold_age and hold_bytes")
	s.StringVar(&f.after, "after", "", "begin behind this position")
	s.StringVar(&f.from, "from", "", "begin at this time: RFC 3339, now, or relative such as -10m")
}

func (f *groupFlags) settings(cmd *cobra.Command) (s api.GroupSettings, at api.GroupStart) {
	given := cmd.Flags().Changed
	if given("filter") {
		s.Filter = &f.filter
	}
	if given("ack-wait") {
		seconds := f.ackWait.Seconds()
		s.AckWait = &seconds
	}
	if given("max-deliveries") {
		s.MaxDeliveries = &f.deliveries
	}
	if given("max-in-flight") {
		s.MaxInFlight = &f.flight
	}
	if given("hold") {
		s.Hold = &f.hold
	}
	return s, api.GroupStart{After: f.after, From: f.from}
}

func (c *ctl) createGroupCommand() *cobra.Command {
	var f groupFlags
	cmd := &cobra.Command{
		Use: "create STREAM GROUP", Short: "Make a consumer group; without --after and --from it begins with the oldest message", Args: wants(2, 2),
		Example: "  millrace ctl streams groups create telemetry reports --filter 'plant/#' --from now",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, at := f.settings(cmd)
			return ask(cmd, c, request{method: http.MethodPost, path: streamPath(args[0], "/groups"), body: api.NewGroup{Name: args[1], GroupSettings: s, GroupStart: at}, hint: streamHint}, showGroup)
		},
	}
	f.bind(cmd)
	return cmd
}

func (c *ctl) changeGroupCommand() *cobra.Command {
	var f groupFlags
	cmd := &cobra.Command{
		Use: "change STREAM GROUP", Short: "Change a consumer group; with --after or --from it begins anew there", Args: wants(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, at := f.settings(cmd)
			return ask(cmd, c, request{method: http.MethodPatch, path: groupPath(args, ""), body: api.ChangedGroup{GroupSettings: s, GroupStart: at}, hint: groupHint(args[0])}, showGroup)
		},
	}
	f.bind(cmd)
	return cmd
}

func (c *ctl) deleteGroupCommand() *cobra.Command {
	return &cobra.Command{
		Use: "delete STREAM GROUP", Short: "End a consumer group", Args: wants(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, c, request{method: http.MethodDelete, path: groupPath(args, ""), hint: groupHint(args[0])}, done("Consumer group %s of %s is no more.", args[1], args[0]))
		},
	}
}

func (c *ctl) pullCommand() *cobra.Command {
	var most int
	var wait time.Duration
	cmd := &cobra.Command{
		Use: "pull STREAM GROUP", Short: "Get messages as one consumer of the group; acknowledge them with ack", Args: wants(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if wait%time.Second != 0 {
				return usage("--wait wants whole seconds, not %v", wait)
			}
			q := url.Values{"max": {strconv.Itoa(most)}, "wait": {strconv.Itoa(int(wait / time.Second))}}
			return ask(cmd, c, request{method: http.MethodPost, path: groupPath(args, "/pull"), query: q, hint: groupHint(args[0])}, showPulled)
		},
	}
	cmd.Flags().IntVar(&most, "max", 100, "messages at most, up to 1000")
	cmd.Flags().DurationVar(&wait, "wait", 0, "how long to wait while there is nothing, up to 20s")
	return cmd
}

func showPulled(t table, p api.GroupMessages) {
	if len(p.Messages) == 0 {
		t.row("No messages.")
		return
	}
	t.row(columns("POSITION", "TIME", "TOPIC", "QOS", "DELIVERY", "PAYLOAD")...)
	for _, m := range p.Messages {
		t.row(m.Position, m.Time, m.Topic, m.QoS, m.Deliveries, payloadText(m.StreamMessage))
	}
}

func payloadText(m api.StreamMessage) string {
	if m.Encoding == "base64" {
		return "base64: " + m.Payload
	}
	return m.Payload
}

func (c *ctl) ackCommand() *cobra.Command {
	var upTo string
	cmd := &cobra.Command{
		Use: "ack STREAM GROUP [POSITION]...", Short: "Acknowledge messages of the group",
		Args: func(cmd *cobra.Command, args []string) error { return wants(2, len(args))(cmd, args) },
		RunE: func(cmd *cobra.Command, args []string) error {
			body := api.GroupAck{Positions: args[2:], UpTo: upTo}
			return ask(cmd, c, request{method: http.MethodPost, path: groupPath(args, "/ack"), body: body, hint: groupHint(args[0])},
				func(t table, a api.GroupAcked) { t.row(fmt.Sprintf("%d messages are done.", a.Acked)) })
		},
	}
	cmd.Flags().StringVar(&upTo, "up-to", "", "all that was handed out up to this position")
	return cmd
}
