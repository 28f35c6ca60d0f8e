package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/bench"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// benchFlags is the command line of one scenario of millrace bench.
type benchFlags struct {
	o            bench.Options
	version      string
	sources      string
	passwordFile string
	tls          benchTLS
	ws           bool
	path         string
	pairs        int
	asJSON       bool
	quiet        bool
}

// benchScenario is one sub-command: what it does and the flags that it has of its own.
type benchScenario struct {
	name  bench.Scenario
	short string
	flags []func(*benchFlags, *cobra.Command)
}

func benchScenarios() []benchScenario {
	type own = []func(*benchFlags, *cobra.Command)
	const byScenario = "number of %s (default %d)"
	publishers := func(n int) func(*benchFlags, *cobra.Command) {
		return func(f *benchFlags, c *cobra.Command) {
			c.Flags().IntVar(&f.o.Publishers, "publishers", 0, fmt.Sprintf(byScenario, "clients that publish", n))
		}
	}
	subscribers := func(n int) func(*benchFlags, *cobra.Command) {
		return func(f *benchFlags, c *cobra.Command) {
			c.Flags().IntVar(&f.o.Subscribers, "subscribers", 0, fmt.Sprintf(byScenario, "clients that subscribe", n))
		}
	}
	topics := func(n int, of string) func(*benchFlags, *cobra.Command) {
		return func(f *benchFlags, c *cobra.Command) {
			c.Flags().IntVar(&f.o.Topics, "topics", 0, fmt.Sprintf(byScenario, "topics"+of, n))
		}
	}
	return []benchScenario{
		{bench.Conn, "Open connections and hold them idle", own{bindConnections}},
		{bench.Pub, "Publish only", own{publishers(100), topics(1, " of each publisher"), bindRetain, bindTopic, bindLoad}},
		{bench.Sub, "Subscribe only, to what others publish", own{subscribers(1), bindFilter, bindQoS}},
		{bench.P2P, "Pairs: each publisher has a subscriber of its own", own{bindPairs, bindTopic, bindLoad}},
		{bench.Fanout, "One topic, many subscribers", own{publishers(1), subscribers(500), bindTopic, bindLoad}},
		{bench.Fanin, "Many publishers, few subscribers that get everything", own{publishers(100), subscribers(1), bindTopic, bindLoad}},
		{bench.Shared, "Many publishers, few subscribers that share one subscription", own{publishers(200), subscribers(5), bindLasting, bindTopic, bindLoad}},
		{bench.Offline, "Sessions whose clients are away: fill them, then drain them", own{bindPairs, bindMessages, bindTopic, bindWaiting}},
		{bench.Wildcard, "Many wildcard subscriptions over many topics", own{publishers(4), subscribers(100), topics(1000, ""), bindSubscriptions, bindTopic, bindLoad}},
		{bench.Retained, "Subscribe again and again to many retained messages", own{publishers(1), subscribers(10), topics(1000, ""), bindTopic, bindQoS, bindPayload}},
	}
}

func benchCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "bench",
		Short: "Load an MQTT broker and measure it",
		Long: "Loads any MQTT broker with many clients for a bounded time and measures rate and\n" +
			"latency, and checks that every message came exactly once and in order. With --pid it\n" +
			"measures the broker's processor and memory, too: deliveries per second of processor\n" +
			"time is the figure that can be compared. Exits with 1 when something was lost, doubled\n" +
			"or out of order.\n\n" +
			"Use it on brokers of your own.",
		Example: "  # 100 pairs, QoS 1, 16 messages under way each, as fast as possible\n" +
			"  millrace bench p2p --qos 1 --window 16 --pid $(pidof mosquitto)\n\n" +
			"  # open loop: 10,000 messages a second, latency from when each was due\n" +
			"  millrace bench p2p --qos 1 --rate 10000 --duration 30s\n\n" +
			"  # 60,000 idle connections from eight addresses\n" +
			"  millrace bench conn --connections 60000 --sources 127.0.0.2-127.0.0.9 --pid $(pidof millrace)",
	}
	for _, s := range benchScenarios() {
		c.AddCommand(benchScenarioCommand(s))
	}
	c.AddCommand(durableCommand())
	return c
}

func benchScenarioCommand(s benchScenario) *cobra.Command {
	f := &benchFlags{}
	f.o.Scenario = s.name
	c := &cobra.Command{
		Use:   string(s.name),
		Short: s.short,
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return f.run(c) },
	}
	c.Flags().SortFlags = false
	for _, bind := range s.flags {
		bind(f, c)
	}
	f.bind(c)
	return c
}

// bind adds the flags that every scenario has.
func (f *benchFlags) bind(c *cobra.Command) {
	o, flags := &f.o, c.Flags()
	flags.StringVar(&o.Addr, "addr", "", "broker's `host:port` (default 127.0.0.1 and the transport's usual port)")
	f.tls.bind(flags)
	flags.BoolVar(&f.ws, "ws", false, "MQTT over WebSocket")
	flags.StringVar(&f.path, "path", "/mqtt", "path of the WebSocket")
	flags.StringVar(&f.version, "mqtt", "5.0", "protocol version: 3.1, 3.1.1 or 5.0")
	flags.DurationVar(&o.Duration, "duration", 10*time.Second, "how long to measure")
	flags.DurationVar(&o.Warmup, "warmup", 500*time.Millisecond, "how long to send before measuring")
	flags.DurationVar(&o.Drain, "drain", 5*time.Second, "how long to wait at the end for what is under way")
	flags.IntVar(&o.PID, "pid", 0, "broker's process, to measure its processor and memory (Linux)")
	flags.IntVar(&o.Threads, "threads", 1, "threads that drive the clients")
	flags.StringVar(&f.sources, "sources", "", "local `addresses` to connect from, such as 127.0.0.2-127.0.0.9; one has about 28,000 ports")
	flags.IntVar(&o.Concurrency, "concurrency", 100, "connections that may be opening at a time")
	flags.DurationVar(&o.ConnectTimeout, "connect-timeout", time.Minute, "how long connecting and subscribing may take")
	flags.DurationVar(&o.KeepAlive, "keep-alive", time.Minute, "keep alive of every connection")
	flags.StringVar(&o.Username, "username", "", "user name of every client")
	flags.StringVar(&f.passwordFile, "password-file", "", "`file` with the password of every client")
	flags.StringVar(&o.ClientPrefix, "client-prefix", "bench-", "begin of every client identifier")
	flags.BoolVar(&f.asJSON, "json", false, "print the report as JSON")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "no progress on standard error")
}

func bindConnections(f *benchFlags, c *cobra.Command) {
	c.Flags().IntVar(&f.o.Connections, "connections", 1000, "how many")
	c.Flags().Float64Var(&f.o.Rate, "rate", 0, "connections a second (default as fast as --concurrency lets it)")
}

func bindPairs(f *benchFlags, c *cobra.Command) {
	c.Flags().IntVar(&f.pairs, "pairs", 100, "publishers, and as many subscribers")
}

func bindMessages(f *benchFlags, c *cobra.Command) {
	c.Flags().IntVar(&f.o.Messages, "messages", 1000, "messages that wait for each subscriber")
}

// bindWaiting adds the flags of what waits in sessions.
func bindWaiting(f *benchFlags, c *cobra.Command) {
	c.Flags().Uint8Var(&f.o.QoS, "qos", 1, "1 or 2")
	bindPayload(f, c)
	c.Flags().IntVar(&f.o.Window, "window", 0, "messages of a publisher not acknowledged at most (default 16)")
}

func bindSubscriptions(f *benchFlags, c *cobra.Command) {
	c.Flags().IntVar(&f.o.Subscriptions, "subscriptions", 0, "filters of all subscribers together (default ten a topic)")
}

func bindTopic(f *benchFlags, c *cobra.Command) {
	c.Flags().StringVar(&f.o.Topic, "topic", "bench", "first levels of every topic")
}

func bindFilter(f *benchFlags, c *cobra.Command) {
	c.Flags().StringVar(&f.o.Topic, "filter", "bench/#", "topic filter")
}

func bindRetain(f *benchFlags, c *cobra.Command) {
	c.Flags().BoolVar(&f.o.Retain, "retain", false, "publish retained messages")
}

func bindLasting(f *benchFlags, c *cobra.Command) {
	c.Flags().BoolVar(&f.o.Lasting, "lasting", false, "sessions of the subscribers outlive their connections (QoS 1 or 2)")
}

func bindQoS(f *benchFlags, c *cobra.Command) {
	c.Flags().Uint8Var(&f.o.QoS, "qos", 0, "0, 1 or 2")
}

func bindPayload(f *benchFlags, c *cobra.Command) {
	c.Flags().IntVar(&f.o.Payload, "payload", 64, "bytes of a message, at least 24")
}

// bindLoad adds the flags of how much to send.
func bindLoad(f *benchFlags, c *cobra.Command) {
	bindQoS(f, c)
	bindPayload(f, c)
	c.Flags().Float64Var(&f.o.Rate, "rate", 0, "open loop: messages a second of all publishers together (default closed loop)")
	c.Flags().IntVar(&f.o.Window, "window", 0, "messages of a publisher under way at most: not acknowledged or, in a closed loop, not delivered (default 16; with --rate 1000)")
}

// benchGC is GOGC of the load tool: a few times the memory for fewer collections.
const benchGC = 400

func (f *benchFlags) run(c *cobra.Command) error {
	if err := f.complete(c.ErrOrStderr()); err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" { // what the tool collects in between would be taken for the broker's latency
		debug.SetGCPercent(benchGC)
	}
	report, err := bench.Run(c.Context(), f.o)
	if err != nil {
		return err
	}
	return errors.Join(f.write(c.OutOrStdout(), report), benchVerdict(report))
}

// complete turns what flags cannot express into options.
func (f *benchFlags) complete(errs io.Writer) error {
	var err error
	if f.o.Version, err = mqttVersion(f.version); err != nil {
		return err
	}
	if f.o.Scenario == bench.P2P || f.o.Scenario == bench.Offline {
		f.o.Publishers = f.pairs
	}
	if f.ws {
		f.o.WebSocket = f.path
	}
	if f.o.TLS, err = f.tls.config(); err != nil {
		return err
	}
	if f.o.Warmup == 0 {
		f.o.Warmup = -1
	}
	if f.sources != "" {
		if f.o.Sources, err = bench.ParseSources(f.sources); err != nil {
			return usage("--%v", err)
		}
	}
	if f.passwordFile != "" {
		secret, err := os.ReadFile(f.passwordFile)
		if err != nil {
			return fmt.Errorf("password file: %w", err)
		}
		f.o.Password = strings.TrimRight(string(secret), "\r\n")
	}
	if !f.quiet {
		f.o.Progress = func(p bench.Progress) { fmt.Fprintln(errs, p) }
	}
	if err := f.o.Check(); err != nil {
		return usage("%v", err)
	}
	return nil
}

func mqttVersion(text string) (packet.Version, error) {
	switch text {
	case "3.1":
		return packet.V31, nil
	case "3.1.1":
		return packet.V311, nil
	case "5", "5.0":
		return packet.V5, nil
	}
	return 0, usage("--mqtt %q: must be 3.1, 3.1.1 or 5.0", text)
}

func (f *benchFlags) write(out io.Writer, r *bench.Report) error {
	if f.asJSON {
		return printJSON(out, r)
	}
	return r.Write(out)
}

// benchVerdict is an error when not every message came once and in order.
func benchVerdict(r *bench.Report) error {
	if r.Clean() {
		return nil
	}
	m := &r.Messages
	return fmt.Errorf("%d messages lost, %d doubled, %d out of order, %d refused, %d not acknowledged, %d strange packets, %d connections ended",
		m.Lost, m.Doubled, m.Disordered, m.Refused, m.Unacknowledged, m.Strange, m.Disconnected)
}
