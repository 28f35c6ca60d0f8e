package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/api"
)

// whyFlags are the command line of millrace why.
type whyFlags struct {
	ctl
	since string
	limit int
	topic bool
}

func whyCommand() *cobra.Command {
	w := &whyFlags{}
	cmd := &cobra.Command{
		Use:   "why CLIENT TOPIC|MESSAGE",
		Short: "Say why a client did or did not get a message",
		Long: `why tells what became of the newest messages of a topic, or of one message, for a
client: who published it and when, whether it was allowed, where it is stored, which
subscriptions matched, and whether the client was sent it, has acknowledged it, has it
in its queue, or lost it and for which of the counted reasons.

MESSAGE is an id that why has shown, such as 0+3bn8y2k7w1, or a stream and a position
as millrace ctl streams read shows it, such as telemetry:17:3.

It asks the node on this machine through its data folder, or another one with --url
and an API key. The node looks into its flight recorder, which holds the last messages
(observe.recorder_bytes), and into its log.`,
		Example: `  millrace why press-7 plant/line-1/speed
  millrace why press-7 telemetry:17:3
  millrace why press-7 plant/line-1/speed --since 10m --limit 50 --json`,
		Args: wants(2, 2),
		RunE: w.run,
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&w.since, "since", "1h", "how far to look back: a span such as 10m, or a time")
	f.IntVar(&w.limit, "limit", 3, "messages at most, the newest; up to 100")
	f.BoolVar(&w.topic, "topic", false, "the second argument is a topic, even if it looks like a message")
	w.bindNode(f)
	f.DurationVar(&w.timeout, "timeout", 30*time.Second, "longest wait for the answer")
	f.BoolVar(&w.json, "json", false, "print the API's JSON")
	return cmd
}

func (w *whyFlags) run(cmd *cobra.Command, args []string) error {
	since := w.since
	if _, err := time.ParseDuration(since); err == nil && !strings.HasPrefix(since, "-") {
		since = "-" + since
	}
	q := url.Values{"client": {args[0]}, "since": {since}, "limit": {strconv.Itoa(w.limit)}}
	if w.topic || !namesMessage(args[1]) {
		q.Set("topic", args[1])
	} else {
		q.Set("message", args[1])
	}
	return ask(cmd, &w.ctl, request{path: "/why", query: q}, drawWhy)
}

// namesMessage says whether a text is a message's name and no topic's: an id holds a +,
// which no topic does, and a place in the log ends with two numbers.
func namesMessage(text string) bool {
	if strings.Contains(text, "+") {
		return true
	}
	parts := strings.Split(text, ":")
	if len(parts) != 3 || strings.Contains(parts[0], "/") {
		return false
	}
	_, err := strconv.ParseUint(parts[1], 10, 64)
	_, err2 := strconv.ParseUint(parts[2], 10, 32)
	return err == nil && err2 == nil
}

func drawWhy(t table, a api.WhyAnswer) {
	line := func(indent, format string, args ...any) {
		fmt.Fprintf(t.w, indent+"%s\n", printable(fmt.Sprintf(format, args...)))
	}
	line("", "%s: %s", strings.ToUpper(strings.ReplaceAll(a.Outcome, "_", " ")), a.Text)
	for _, s := range a.State {
		line("", "%s", s.Text)
	}
	for _, m := range a.Messages {
		fmt.Fprintln(t.w)
		line("", "%s  %s%s", cellText(m.Time), m.ID, place(m))
		for _, s := range m.Steps {
			line("  ", "%s%s", clock(s.At), s.Text)
		}
		line("  = ", "%s", m.Text)
	}
	fmt.Fprintln(t.w)
	if a.More > 0 {
		line("", "%d older messages; more with --limit.", a.More)
	}
	for _, n := range a.Notes {
		line("", "%s%s", clock(n.At), n.Text)
	}
	if a.Window.Forgotten > 0 {
		line("", "Recorded is everything since %s; %d messages before are forgotten.", cellText(a.Window.From), a.Window.Forgotten)
	}
}

func place(m api.WhyMessage) string {
	if m.Position == "" {
		return ""
	}
	return "  " + m.Position
}

// clock is the time of day of a step.
func clock(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.Local().Format("15:04:05.000") + "  "
}
