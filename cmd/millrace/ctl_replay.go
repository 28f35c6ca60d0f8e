package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/api"
)

func (c *ctl) replayCommand() *cobra.Command {
	var r api.ReplayOrder
	var detach bool
	cmd := &cobra.Command{
		Use: "replay NAME", Short: "Publish stored messages once more, and show how it goes", Args: wants(1, 1),
		Long: `Publish stored messages of a stream once more, to MQTT clients, with the user properties
millrace-replay and millrace-time. No stream takes them again unless --capture is given.
The replay goes on when this command is ended: millrace ctl streams replays stop ID.`,
		Example: "  millrace ctl streams replay telemetry --from -1h --prefix test/ --speed 10\n  millrace ctl streams replay telemetry --from -1h --filter 'plant/#' --dry-run",
		RunE: func(cmd *cobra.Command, args []string) error {
			q := request{method: http.MethodPost, path: streamPath(args[0], "/replay"), body: r, hint: streamHint}
			if r.DryRun || detach || c.json {
				return ask(cmd, c, q, showReplayAnswer)
			}
			return c.followReplay(cmd, q)
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.After, "after", "", "behind this position")
	f.StringVar(&r.From, "from", "", "from this time on: RFC 3339, now, or relative such as -10m (default the oldest message)")
	f.StringVar(&r.UpTo, "up-to", "", "up to this position (default what is stored now)")
	f.StringVar(&r.To, "to", "", "what arrived before this time")
	f.StringVar(&r.Filter, "filter", "", "only topics that this filter matches")
	f.StringVar(&r.Prefix, "prefix", "", "goes before each topic, such as replay/")
	f.Float64Var(&r.Speed, "speed", 0, "how many times as fast as they came; 0: as fast as it goes")
	f.Float64Var(&r.Rate, "rate", 0, "messages a second, whenever they came")
	f.BoolVar(&r.Capture, "capture", false, "let streams take the messages again")
	f.BoolVar(&r.Resume, "resume", false, "go on by itself when the node is started again")
	f.BoolVar(&r.DryRun, "dry-run", false, "count, and publish nothing")
	f.BoolVar(&detach, "detach", false, "begin, and do not wait for the end")
	return cmd
}

func showReplayAnswer(t table, a api.ReplayAnswer) {
	if a.Replay != nil {
		showReplay(t, *a.Replay)
		return
	}
	w, more := a.Would, ""
	if w.AtLeast {
		more = " or more"
	}
	t.row(fmt.Sprintf("%d messages%s, %s, would be published.", w.Messages, more, bytesText(w.Bytes)))
	if w.Messages > 0 {
		t.row(fmt.Sprintf("They arrived from %s to %s.", cellText(w.First), cellText(w.Last)))
	}
	if w.Seconds > 0 {
		t.row("It would take " + lagText(w.Seconds) + ".")
	}
}

// followReplay begins a replay and writes how it goes until it is over.
func (c *ctl) followReplay(cmd *cobra.Command, q request) error {
	node, err := c.client(cmd)
	if err != nil {
		return err
	}
	var a api.ReplayAnswer
	if err := node.get(cmd, q, &a); err != nil {
		return err
	}
	r := *a.Replay
	fmt.Fprintf(cmd.OutOrStdout(), "Replay %s has begun; it goes on when this ends. To stop it: millrace ctl streams replays stop %s\n", r.ID, r.ID)
	for r.State == "running" || r.State == "paused" {
		select {
		case <-time.After(300 * time.Millisecond):
		case <-cmd.Context().Done():
			return nil
		}
		if err := node.get(cmd, request{path: "/replays/" + r.ID}, &r); err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s  %3.0f %%  %d messages, %s, at %s\n", r.State, r.Done*100, r.Published, bytesText(r.Bytes), r.Position)
	}
	if r.State == "failed" {
		return fmt.Errorf("the replay has failed: %s", r.Error)
	}
	return nil
}

// get sends a request and decodes its answer.
func (c *client) get(cmd *cobra.Command, q request, into any) error {
	content, err := c.do(cmd.Context(), q)
	if err != nil {
		return err
	}
	return json.Unmarshal(content, into)
}

func (c *ctl) replaysCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "list", Short: "List replays that run or have ended", Args: wants(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, c, request{path: "/replays"}, listed("No replays.", columns("ID", "STREAM", "STATE", "DONE", "PUBLISHED", "REFUSED", "POSITION", "BEGUN", "BY"), replayRow))
		},
	}
	return listGroup("replays", "Messages that are published once more", list,
		c.setReplayCommand("pause", "paused", "Pause a replay"), c.setReplayCommand("resume", "running", "Go on with a replay that was paused, or has ended with the node"), c.setReplayCommand("stop", "stopped", "End a replay"))
}

func replayRow(r api.Replay) []any {
	return []any{r.ID, r.Stream, r.State, fmt.Sprintf("%.0f %%", r.Done*100), r.Published, r.Refused, r.Position, r.Begun, r.By}
}

func showReplay(t table, r api.Replay) {
	t.row("Replay", r.ID+" of "+r.Stream)
	t.row("State", r.State)
	t.row("Range", r.After+" to "+r.UpTo)
	t.row("Position", r.Position)
	t.row("Published", fmt.Sprintf("%d messages, %d refused", r.Published, r.Refused))
	if r.Error != "" {
		t.row("Error", r.Error)
	}
}

func (c *ctl) setReplayCommand(verb, state, short string) *cobra.Command {
	return &cobra.Command{
		Use: verb + " ID", Short: short, Args: wants(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			q := request{method: http.MethodPatch, path: "/replays/" + url.PathEscape(args[0]), body: api.ReplayState{State: state}, hint: notFound("millrace ctl streams replays shows them")}
			return ask(cmd, c, q, showReplay)
		},
	}
}
