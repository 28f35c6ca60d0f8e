package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/api"
)

func (c *ctl) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "How the node is at this moment", Args: wants(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, c, request{path: "/status"}, drawStatus)
		},
	}
}

func drawStatus(t table, s api.Status) {
	state := "ready"
	if !s.Ready {
		state = "NOT READY"
	}
	t.row("Node", fmt.Sprintf("%s, %s, version %s, up %s, durability %s", s.Node, state, s.Version, spanText(s.Now.Sub(s.Started)), s.Durability))
	for _, p := range s.Parts {
		if !p.Ready {
			t.row(" ", fmt.Sprintf("%s is not ready: %s", p.Name, p.Error))
		}
	}
	b, h, p := s.Broker, s.Historian, s.Process
	t.row("Clients", fmt.Sprintf("%d connections, %d subscriptions, transport %s", b.Connections, b.Subscriptions, b.Transport))
	t.row("Received", fmt.Sprintf("%s, %s/s, %d messages since the start", rateText(b.ReceivedRate), bytesText(b.BytesInRate), b.ReceivedTotal))
	t.row("Sent", fmt.Sprintf("%s, %s/s, %d messages since the start", rateText(b.SentRate), bytesText(b.BytesOutRate), b.SentTotal))
	for _, x := range s.Streams {
		t.row("Stream", fmt.Sprintf("%s, %s, %s on disk, append p99 %.1f ms%s", x.Name, rateText(x.AppendedRate), bytesText(x.Bytes), x.AppendP99, refusing(x)))
	}
	t.row("Historian", fmt.Sprintf("%d series, %s points, lag %.1f s, %s on disk", h.Series, rateText(h.PointsRate), h.Lag, bytesText(h.Bytes)))
	t.row("Process", fmt.Sprintf("%.2f of %d cores, %s memory, %s of %s disk free", p.CPU, p.Cores, bytesText(p.Memory), bytesText(p.DiskFree), bytesText(p.DiskTotal)))
	for _, d := range s.Dropped {
		if d.Total > 0 {
			t.row("Dropped", fmt.Sprintf("%s (%s): %d, %s", d.Title, d.Code, d.Total, rateText(d.Rate)))
		}
	}
	for _, a := range s.Alarms {
		t.row("Alarm", fmt.Sprintf("priority %d: %s: %s", a.Priority, a.Title, a.Detail))
	}
}

func refusing(s api.StreamStatus) string {
	if s.Refusing {
		return ", REFUSING: the disk is full"
	}
	return ""
}

func (c *ctl) alarmsCommand() *cobra.Command {
	return listGroup("alarms", "Conditions that want attention", &cobra.Command{
		Use: "list", Short: "List the active alarms, the most urgent first", Args: wants(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, c, request{path: "/alarms"}, listed("No alarms.",
				columns("PRIORITY", "SINCE", "ALARM", "TITLE", "DETAIL"),
				func(a api.Alarm) []any { return []any{a.Priority, a.Since, a.ID, a.Title, a.Detail} }))
		},
	})
}
