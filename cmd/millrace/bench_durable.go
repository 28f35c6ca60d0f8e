package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/bench"
)

// durableFlags are those of millrace bench durable.
type durableFlags struct {
	step    string
	restart string
	large   bool
	backlog int64 // MiB
}

const durableLong = `Measures what a broker keeps for sessions that outlive their connections, and proves
that it keeps it: clients that lose their connection come back, publish again what
was not acknowledged, and at the end every acknowledged message has to have come.
End the broker in the middle, with kill -9, and start it again: the run goes on.

Without --step a table of ten lines is measured, in half a minute. A step is:

  accept   publishers alone, while all --sessions are away that each is to get
           everything; the first comes back for it at the end
  online   --sessions with a publisher and a topic each
  return   --sessions are filled with --messages each, and all come back at once
  restart  the same with a restart of the broker in between
  away     --sessions that are away: the broker's memory`

func durableCommand() *cobra.Command {
	f, d := &benchFlags{}, &durableFlags{}
	f.o.Scenario = bench.Durable
	c := &cobra.Command{
		Use:   "durable",
		Short: "Sessions that outlive their connections: rates, and nothing acknowledged is lost",
		Long:  durableLong,
		Example: "  # the table; kill -9 the broker meanwhile and start it again\n" +
			"  millrace bench durable --pid $(pidof millrace)\n\n" +
			"  # 100 publishers, one message under way each, 10,000 subscribers away\n" +
			"  millrace bench durable --step accept --window 1 --sessions 10000",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.runDurable(c, d) },
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.StringVar(&d.step, "step", "", "one `step` alone: accept, online, return, restart or away")
	flags.BoolVar(&d.large, "large", false, "the table with 10,000 sessions where it has 1,000, and their memory")
	flags.IntVar(&f.o.Publishers, "publishers", 0, "clients that publish (default 100)")
	flags.IntVar(&f.o.Durable.Sessions, "sessions", 0, "sessions that outlive their connections (default by step)")
	flags.IntVar(&f.o.Messages, "messages", 0, "messages that wait for each session (default 1000; with restart 100)")
	flags.Float64Var(&f.o.Rate, "rate", 0, "open loop: messages a second of all publishers together")
	flags.IntVar(&f.o.Window, "window", 0, "messages of a publisher under way at most (default 16; with --rate 1000)")
	flags.Uint8Var(&f.o.QoS, "qos", 1, "1 or 2")
	bindPayload(f, c)
	bindTopic(f, c)
	flags.Int64Var(&d.backlog, "backlog", 960, "`MiB` that may wait for a session of accept before measuring ends; a broker's bound is to be larger")
	flags.DurationVar(&f.o.Durable.Patience, "patience", time.Minute, "how long a broker that has gone may take to come back")
	flags.StringVar(&d.restart, "restart", "", "shell `command` that restarts the broker (default: do it yourself)")
	f.bind(c)
	return c
}

func (f *benchFlags) runDurable(c *cobra.Command, d *durableFlags) error {
	if d.step == "" && !c.Flags().Changed("duration") {
		f.o.Duration = 2 * time.Second
	}
	f.o.Durable.Step, f.o.Durable.Backlog = bench.Step(d.step), d.backlog<<20
	if d.restart != "" {
		f.o.Durable.Restart = func(ctx context.Context) error { return shell(ctx, d.restart) }
	}
	f.o.Durable.Say = func(text string) { fmt.Fprintln(c.ErrOrStderr(), text) }
	if d.step != "" {
		return f.run(c)
	}
	if err := f.complete(c.ErrOrStderr()); err != nil {
		return err
	}
	return f.runSuite(c, d.large)
}

func (f *benchFlags) runSuite(c *cobra.Command, large bool) error {
	var show func(bench.LineReport)
	if !f.quiet {
		show = func(l bench.LineReport) {
			fmt.Fprintf(c.ErrOrStderr(), "%s: %d acknowledged, %d lost\n", l.Name, l.Messages.Acknowledged, l.Messages.Lost)
		}
	}
	report, err := bench.NewSuite(f.o, large).Run(c.Context(), show)
	if err != nil {
		return err
	}
	if f.asJSON {
		err = printJSON(c.OutOrStdout(), report)
	} else {
		err = report.Write(c.OutOrStdout())
	}
	if !report.Clean {
		err = errors.Join(err, errors.New("not every acknowledged message came as it should"))
	}
	return err
}

// shell runs the command and waits for its end; a broker that it starts may live on.
func shell(ctx context.Context, command string) error {
	name, flag := "sh", "-c"
	if runtime.GOOS == "windows" {
		name, flag = "cmd", "/C"
	}
	if err := exec.CommandContext(ctx, name, flag, command).Run(); err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	return nil
}
