package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"log/slog"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/app"
	"github.com/millrace/millrace/internal/config"
	"github.com/millrace/millrace/internal/observe"
)

// The deadlines of a node's start and of its end.
const (
	startDeadline = 2 * time.Minute
	stopDeadline  = 30 * time.Second
)

func serveCommand() *cobra.Command {
	var file string
	var check bool
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run a node",
		Long: "Runs a node until it is told to end (Ctrl-C, SIGTERM). Settings come from flags,\n" +
			"from the environment (MILLRACE_MQTT__LISTEN=…), from one YAML file, and from\n" +
			"defaults, in this order. A second Ctrl-C ends at once.\n\n" +
			"--check reads the settings and the files that they name: certificates, keys,\n" +
			"authorities and revocation lists of the listeners, users and access rules. It says\n" +
			"all that is wrong and ends with 2. It does not look whether addresses are in use.",
		Example: "  millrace serve --data /var/lib/millrace\n  millrace serve --config /etc/millrace.yaml --check",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, origins, err := config.Load(config.Sources{File: file, Env: os.Environ(), Flags: givenFlags(c)})
			if err != nil {
				return err
			}
			if check {
				return checkOnly(cfg, origins, c.OutOrStdout(), c.ErrOrStderr())
			}
			return serve(c.Context(), file, cfg, origins, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	c.Flags().StringVar(&file, "config", "", "YAML `file` with the settings (MILLRACE_CONFIG)")
	c.Flags().BoolVar(&check, "check", false, "report every problem of the configuration and its files, and exit")
	for _, f := range config.Flags() {
		c.Flags().String(f.Name, "", f.Doc)
	}
	return c
}

// checkOnly says whether a node would start with the configuration, but for addresses
// that are in use.
func checkOnly(cfg *config.Config, origins *config.Origins, out, errs io.Writer) error {
	warnings, err := app.CheckFiles(cfg, origins)
	for _, text := range warnings {
		fmt.Fprintln(errs, "Warning: "+text)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "The configuration is valid.")
	return nil
}

// givenFlags are the settings that the command line sets.
func givenFlags(c *cobra.Command) map[string]string {
	given := map[string]string{}
	for _, f := range config.Flags() {
		if flag := c.Flags().Lookup(f.Name); flag.Changed {
			given[f.Name] = flag.Value.String()
		}
	}
	return given
}

// serve runs a node until ctx ends.
func serve(ctx context.Context, file string, cfg *config.Config, origins *config.Origins, out, errs io.Writer) error {
	level := new(slog.LevelVar)
	l, _ := observe.ParseLevel(cfg.Log.Level) // checked with the configuration
	level.Set(l)
	lines := observe.NewLogWriter(errs)
	defer lines.Close(time.Second)
	log := observe.NewLogger(lines, cfg.Log.Format, level)
	lines.Notes(log)

	node := app.New(app.Options{Config: cfg, Origins: origins, ConfigFile: config.Sources{File: file, Env: os.Environ()}.Path(), Version: thisBuild().Version, Log: log, Level: level, LogLost: lines.Lost})
	start, cancel := context.WithTimeout(ctx, startDeadline)
	welcome, err := node.Start(start)
	cancel()
	if err != nil {
		return err
	}
	greet(out, welcome)
	<-ctx.Done()
	log.Info("stopping")
	end, cancel := context.WithTimeout(context.Background(), stopDeadline)
	defer cancel()
	if err := node.Close(end); err != nil {
		return errors.Join(errors.New("the node did not stop in order"), err)
	}
	log.Info("stopped")
	return nil
}

// greet says where the node is and what to try first.
func greet(out io.Writer, w app.Welcome) {
	fmt.Fprintf(out, "Millrace %s is ready (%.1f s).\n", thisBuild().Version, w.Took.Seconds())
	fmt.Fprintf(out, "  Console  http://%s\n", w.Console)
	switch {
	case w.Password != "":
		fmt.Fprintf(out, "  Sign in  %s / %s   (shown this once)\n", w.Administrator, w.Password)
	case w.Administrator != "":
		fmt.Fprintf(out, "  Sign in  %s, with the password of the configuration\n", w.Administrator)
	}
	fmt.Fprintf(out, "  MQTT     %s\n", w.MQTT)
	host, port, err := net.SplitHostPort(w.MQTT)
	if err == nil {
		fmt.Fprintf(out, "  Try      mosquitto_pub -h %s -p %s -q 1 -t demo/press1 -m '{\"temperature\": 21.5}'\n", host, port)
	}
}
