package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/app"
	"github.com/millrace/millrace/internal/config"
	"github.com/millrace/millrace/internal/doctor"
	"github.com/millrace/millrace/internal/doctor/probe"
)

// doctorFlags are the command line of millrace doctor.
type doctorFlags struct {
	ctl          // which node to ask
	tls          benchTLS
	ws           bool
	version      string
	passwordFile string
	file         string // the configuration
	t            doctor.Target
}

func doctorCommand() *cobra.Command {
	d := &doctorFlags{}
	cmd := &cobra.Command{
		Use:   "doctor [ADDR]",
		Short: "Say why an MQTT client does not come in, and what to do",
		Long: `doctor looks at the broker at ADDR as a client would, step by step: name, port,
TLS, WebSocket, version, credentials, limits, clock and, with --topic, the right to
publish and subscribe. With access to the node (--url and an API key, or --data on its
machine) it also asks the node. Without ADDR it looks at the node of this machine:
configuration, data folder, ports, certificates, limits and clock.

ADDR is HOST, HOST:PORT or a URL with mqtt://, mqtts://, ws:// or wss://. The ports
8883, 8083 and 8084 mean TLS, WebSocket and both where nothing else says so.

It connects under an identifier of its own and leaves no session. --topic publishes a
short text to the topic, --roundtrip five more. --take-over connects as --client-id:
whoever is connected under it is cut off, and its session ends.

Exits with 1 when something failed, with 2 for wrong usage.`,
		Example: `  millrace doctor plant-1:8883 --cafile ca.crt --username press-7 --password-file secret.txt
  millrace doctor mqtt://plant-1 --topic plant/press-7/t --roundtrip --client-id press-7
  millrace doctor wss://plant-1/mqtt --url http://plant-1:18083 --api-key-file key.txt
  millrace doctor --config /etc/millrace.yaml`,
		Args: wants(0, 1),
		RunE: d.run,
	}
	d.bind(cmd)
	return cmd
}

func (d *doctorFlags) bind(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	d.tls.bind(f)
	f.Lookup("tls").Usage = "TLS"
	f.Lookup("cert").Usage = "`file` of the client's certificate, PEM; needs --key"
	f.BoolVar(&d.ws, "ws", false, "MQTT over WebSocket")
	f.StringVar(&d.t.Path, "path", "/mqtt", "path of the WebSocket")
	f.StringVar(&d.version, "mqtt", "5.0", "protocol version to begin with: 3.1, 3.1.1 or 5.0")
	f.StringVar(&d.t.Username, "username", "", "user name")
	f.StringVar(&d.passwordFile, "password-file", "", "`file` with the password, - for standard input")
	f.StringVar(&d.t.ClientID, "client-id", "", "identifier of the client in question: the node is asked about it")
	f.BoolVar(&d.t.TakeOver, "take-over", false, "connect as --client-id, which cuts off whoever is connected under it and ends its session")
	f.StringVar(&d.t.Topic, "topic", "", "topic to subscribe and publish to; a filter with wildcards to subscribe to alone")
	f.BoolVar(&d.t.RoundTrip, "roundtrip", false, "measure how long a message to --topic takes there and back")
	f.DurationVar(&d.t.Wait, "wait", 0, "stay silent for so long, such as 60s, to find what cuts silent connections")
	f.DurationVar(&d.timeout, "timeout", 5*time.Second, "longest wait of each step")
	f.StringVar(&d.file, "config", "", "YAML `file` with the node's settings (MILLRACE_CONFIG); without ADDR")
	d.bindNode(f)
	f.BoolVar(&d.json, "json", false, "print JSON")
}

func (d *doctorFlags) run(cmd *cobra.Command, args []string) error {
	var facts *doctor.Facts
	var err error
	if len(args) == 0 {
		facts, err = d.machine(cmd)
	} else {
		facts, err = d.remoteFacts(cmd, args[0])
	}
	if err != nil {
		return err
	}
	if err := cmd.Context().Err(); err != nil {
		return err
	}
	report := doctor.Examine(facts)
	if d.json {
		err = printJSON(cmd.OutOrStdout(), report)
	} else {
		err = drawReport(cmd.OutOrStdout(), report)
	}
	if err == nil && report.Failed > 0 {
		err = fmt.Errorf("%d of %d checks failed", report.Failed, len(report.Findings))
	}
	return err
}

// remoteFacts looks at a broker from here, and asks its node where there is access.
func (d *doctorFlags) remoteFacts(cmd *cobra.Command, address string) (*doctor.Facts, error) {
	o, err := d.complete(cmd, address)
	if err != nil {
		return nil, err
	}
	ask, err := d.access(cmd, o.Target.Host)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	var before *doctor.Node
	if ask != nil {
		before = &doctor.Node{Where: ask.where}
		askClient(cmd.Context(), ask, before, o.Target.ClientID)
	}
	facts := probe.Run(cmd.Context(), o)
	facts.Node = before
	if ask != nil {
		askNode(cmd.Context(), ask, facts, began)
	}
	return facts, nil
}

// complete turns what flags say into what the probe is to do.
func (d *doctorFlags) complete(cmd *cobra.Command, address string) (probe.Options, error) {
	none := probe.Options{}
	if d.file != "" {
		return none, usage("--config is for this machine's node: leave ADDR out")
	}
	t, err := doctor.ParseTarget(address, d.tls.on || d.tls.caFile != "" || d.tls.insecure, d.ws)
	if err != nil {
		return none, usage("%v", err)
	}
	switch {
	case d.t.RoundTrip && (d.t.Topic == "" || strings.ContainsAny(d.t.Topic, "+#")):
		return none, usage("--roundtrip needs a --topic without wildcards")
	case d.t.TakeOver && d.t.ClientID == "":
		return none, usage("--take-over needs --client-id")
	case d.timeout <= 0 || d.t.Wait < 0:
		return none, usage("--timeout and --wait want a time such as 5s")
	}
	d.tls.on = t.TLS
	secure, err := d.tls.config()
	if err != nil {
		return none, err
	}
	if t.Version, err = mqttVersion(d.version); err != nil {
		return none, err
	}
	if t.Path == "" || cmd.Flags().Changed("path") {
		t.Path = d.t.Path
	}
	t.ClientID, t.TakeOver, t.Username, t.Topic, t.RoundTrip, t.Wait = d.t.ClientID, d.t.TakeOver, d.t.Username, d.t.Topic, d.t.RoundTrip, d.t.Wait
	o := probe.Options{Target: t, Timeout: d.timeout}
	if secure != nil {
		o.Certificates = secure.Certificates
		o.Target.Roots, o.Target.ServerName, o.Target.Insecure, o.Target.Certificate = secure.RootCAs, d.tls.as, d.tls.insecure, len(secure.Certificates) > 0
	}
	if d.passwordFile != "" {
		password, err := readPassword(cmd, d.passwordFile)
		if err != nil {
			return none, err
		}
		o.Password = []byte(password)
	}
	return o, nil
}

// access is the way to the node, nil when there is none: one that is named, or the one
// of this folder when the broker is this machine's.
func (d *doctorFlags) access(cmd *cobra.Command, host string) (*client, error) {
	named := d.url != "" || cmd.Flags().Changed("data") || os.Getenv("MILLRACE_DATA") != ""
	if !named {
		_, err := os.Stat(filepath.Join(d.data, socketName))
		if err != nil || !doctor.Loopback(host) {
			return nil, nil
		}
	}
	return d.client(cmd)
}

// machine looks at this machine and the node on it.
func (d *doctorFlags) machine(cmd *cobra.Command) (*doctor.Facts, error) {
	for _, name := range []string{"tls", "cafile", "cert", "key", "server-name", "insecure", "ws", "path", "username", "password-file", "client-id", "take-over", "topic", "roundtrip", "wait"} {
		if cmd.Flags().Changed(name) {
			return nil, usage("--%s needs an ADDR to look at", name)
		}
	}
	facts := &doctor.Facts{Now: time.Now()}
	given := map[string]string{}
	if cmd.Flags().Changed("data") {
		given["data"] = d.data
	}
	cfg, origins, err := config.Load(config.Sources{File: d.file, Env: os.Environ(), Flags: given})
	if err != nil {
		var list *config.Error
		if !errors.As(err, &list) {
			return nil, err
		}
		facts.Machine = &doctor.Machine{}
		for _, p := range list.Problems {
			facts.Machine.Problems = append(facts.Machine.Problems, p.String())
		}
		return facts, nil
	}
	d.data, d.url = cfg.Data, ""
	ask, err := d.client(cmd)
	if err != nil {
		return nil, err
	}
	facts.Node = &doctor.Node{Where: cfg.Data}
	askNode(cmd.Context(), ask, facts, facts.Now)
	runs := facts.Node.Err == ""
	if !runs {
		facts.Node = nil // the folder's findings say so
	}
	facts.Machine = app.Checkup(cmd.Context(), cfg, origins, runs)
	facts.Machine.Clock.Built = builtAt()
	return facts, nil
}

// builtAt is when this program's source was committed; zero where that is not known.
func builtAt() (at time.Time) {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.time" {
				at, _ = time.Parse(time.RFC3339, s.Value)
			}
		}
	}
	return at
}
