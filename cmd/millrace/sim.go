package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/sim"
)

// simFlags is the command line of millrace sim.
type simFlags struct {
	o            sim.Options
	start        string
	passwordFile string
	version      string
	report       string
	asJSON       bool
	quiet        bool
	verbose      bool
}

func simCommand() *cobra.Command {
	var f simFlags
	c := &cobra.Command{
		Use:   "sim",
		Short: "Play a factory: connect simulated machines and publish their readings",
		Long: "Connects as the machines of a button-cell factory and publishes their readings over\n" +
			"MQTT, for load tests, training and demonstrations. The same seed makes the same data.\n" +
			"Publishing keeps its pace whatever the broker does; at the end, or on Ctrl-C, a report\n" +
			"says exactly what was sent and what the broker acknowledged. Exits with 1 when a message\n" +
			"was dropped, refused or not acknowledged.",
		Example: "  # two lines of 20 machines, two readings a second each, until Ctrl-C\n" +
			"  millrace sim\n\n" +
			"  # a load test: 20,000 messages/s for five minutes, what was sent in a file\n" +
			"  millrace sim --devices 500 --rate 20000 --duration 5m --report sent.json\n\n" +
			"  # the same bytes every time\n" +
			"  millrace sim --seed 42 --start 2026-03-02T05:00:00Z --duration 1m --json\n\n" +
			"  # a bad day: tools wear out and machines fail ten times as fast\n" +
			"  millrace sim --faults 10 --speed 60",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c) },
	}
	f.bind(c)
	return c
}

func (f *simFlags) bind(c *cobra.Command) {
	o, p, flags := &f.o, &f.o.Plant, c.Flags()
	flags.SortFlags = false
	flags.StringVar(&o.Addr, "addr", "127.0.0.1:1883", "broker's `host:port`")
	flags.IntVar(&p.Devices, "devices", 40, "machines; a line has 20")
	flags.Float64Var(&p.Rate, "rate", 0, "messages a second of all machines together (default 2 for each machine)")
	flags.Uint64Var(&p.Seed, "seed", 1, "chooses the data")
	flags.Float64Var(&p.Faults, "faults", 1, "how willing machines are to fail: 0 never, 10 a bad day")
	flags.Uint8Var(&o.QoS, "qos", 1, "0 or 1")
	flags.DurationVar(&o.Duration, "duration", 0, "how long to publish, such as 90s or 5m (default until Ctrl-C)")
	flags.Float64Var(&p.Speed, "speed", 10, "seconds of plant life in a second")
	flags.StringVar(&f.start, "start", "", "time stamp of the first message in RFC 3339, for the same bytes every time (default now)")
	flags.BoolVar(&p.EpochMS, "epoch-ms", false, "stamp milliseconds since 1970 in place of RFC 3339")
	flags.StringVar(&p.Enterprise, "enterprise", "volta", "first level of the topics")
	flags.StringVar(&o.Username, "username", "", "user name of every machine")
	flags.StringVar(&f.passwordFile, "password-file", "", "`file` with the password of every machine")
	flags.StringVar(&o.ClientPrefix, "client-prefix", "sim-", "begin of every client identifier")
	flags.StringVar(&f.version, "mqtt", "5.0", "protocol version: 3.1, 3.1.1 or 5.0")
	flags.Float64Var(&o.ConnectionsPerSecond, "connections-per-second", 500, "how fast machines connect")
	flags.DurationVar(&o.ConnectTimeout, "connect-timeout", 30*time.Second, "how long to try until the first machine is connected")
	flags.DurationVar(&o.DrainTimeout, "drain-timeout", 30*time.Second, "how long to wait for acknowledgements at the end")
	flags.IntVar(&o.Window, "window", 64, "unacknowledged messages of a machine at most")
	flags.IntVar(&o.Backlog, "backlog", 200_000, "messages held back at most while the broker does not take them; more are dropped")
	flags.StringVar(&f.report, "report", "", "write the report with every topic's count and last payload to a `file`")
	flags.BoolVar(&f.asJSON, "json", false, "print the report as JSON")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "no progress on standard error")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "log every lost connection")
}

func (f *simFlags) run(c *cobra.Command) error {
	if err := positiveFlags(c); err != nil {
		return err
	}
	if err := f.complete(c.ErrOrStderr()); err != nil {
		return err
	}
	// The file is opened first: a run of hours must not end in a typing error.
	out, err := f.openReport()
	if err != nil {
		return err
	}
	report, err := sim.Run(c.Context(), f.o)
	if report == nil {
		return errors.Join(err, closeReport(out))
	}
	return errors.Join(err, f.write(c.OutOrStdout(), out, report), shortfall(report))
}

// positive are the flags whose zero stands for a default, or for no end; who types
// a zero means something else.
var positive = []string{
	"devices", "rate", "duration", "speed", "connections-per-second", "connect-timeout", "drain-timeout", "window", "backlog",
}

// positiveFlags refuses what would be taken for a flag that was not given.
func positiveFlags(c *cobra.Command) error {
	for _, name := range positive {
		f := c.Flags().Lookup(name)
		if v := f.Value.String(); f.Changed && (v == "0" || v == "0s" || strings.HasPrefix(v, "-")) {
			return usage("--%s %s: must be above 0", name, v)
		}
	}
	if f := c.Flags().Lookup("enterprise"); f.Changed && f.Value.String() == "" {
		return usage("--enterprise: must not be empty")
	}
	return nil
}

// complete turns what flags cannot express into options.
func (f *simFlags) complete(errs io.Writer) error {
	switch f.version {
	case "3.1":
		f.o.Version = packet.V31
	case "3.1.1":
		f.o.Version = packet.V311
	case "5", "5.0":
		f.o.Version = packet.V5
	default:
		return usage("--mqtt %q: must be 3.1, 3.1.1 or 5.0", f.version)
	}
	if f.start != "" {
		at, err := time.Parse(time.RFC3339Nano, f.start)
		if err != nil {
			return usage("--start %q: must be like 2026-03-02T05:00:00Z", f.start)
		}
		f.o.Plant.Start = at
	}
	if f.passwordFile != "" {
		secret, err := os.ReadFile(f.passwordFile)
		if err != nil {
			return fmt.Errorf("password file: %w", err)
		}
		f.o.Password = strings.TrimRight(string(secret), "\r\n")
	}
	if !f.quiet {
		f.o.Progress = func(p sim.Progress) { fmt.Fprintln(errs, p) }
	}
	if f.verbose {
		f.o.Log = slog.New(slog.NewTextHandler(errs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	if err := f.o.Check(); err != nil {
		return usage("%v", err)
	}
	return nil
}

func (f *simFlags) openReport() (*os.File, error) {
	if f.report == "" {
		return nil, nil
	}
	out, err := os.Create(f.report)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return out, nil
}

func closeReport(file *os.File) error {
	if file == nil {
		return nil
	}
	return file.Close()
}

// write puts the whole report into the file and a short one on the terminal.
func (f *simFlags) write(out io.Writer, file *os.File, r *sim.Report) error {
	var err error
	if file != nil {
		enc := json.NewEncoder(file)
		enc.SetIndent("", "  ")
		if err = errors.Join(enc.Encode(r), file.Close()); err != nil {
			err = fmt.Errorf("report: %w", err)
		}
	}
	if !f.asJSON {
		return errors.Join(err, r.Write(out))
	}
	short := *r
	short.Topics = nil
	return errors.Join(err, printJSON(out, short))
}

// shortfall is an error when not everything arrived.
func shortfall(r *sim.Report) error {
	if r.Dropped+r.Refused+r.Unacknowledged == 0 {
		return nil
	}
	return fmt.Errorf("%d messages dropped, %d refused, %d not acknowledged", r.Dropped, r.Refused, r.Unacknowledged)
}
