package main

import (
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/config"
)

// streamFlags are the flags of a stream's settings; what is not given is absent.
type streamFlags struct {
	filters          []string
	age, size, stand string
}

func (f *streamFlags) bind(cmd *cobra.Command) {
	s := cmd.Flags()
	s.StringArrayVar(&f.filters, "filter", nil, "topic filter of what it takes; may be given again")
	s.StringVar(&f.age, "max-age", "30d", "how long a message is kept; 0: for ever")
	s.StringVar(&f.size, "max-bytes", "10GiB", "how much is kept; 0: no bound")
	s.StringVar(&f.stand, "before", "", "the stream that takes messages after this one (default the first that takes every topic)")
}

func (f *streamFlags) settings(cmd *cobra.Command) (s api.StreamSettings, err error) {
	given := cmd.Flags().Changed
	s.Filters = f.filters
	if given("max-age") {
		d, err := config.ParseDuration(f.age)
		if err != nil {
			return s, usage("--max-age %v", err)
		}
		seconds := d.Seconds()
		s.MaxAge = &seconds
	}
	if given("max-bytes") {
		n, err := config.ParseSize(f.size)
		if err != nil {
			return s, usage("--max-bytes %v", err)
		}
		bytes := int64(n)
		s.MaxBytes = &bytes
	}
	if given("before") {
		s.Before = &f.stand
	}
	return s, nil
}

func (c *ctl) createStreamCommand() *cobra.Command {
	var f streamFlags
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a stream that takes the messages of its filters from now on", Args: wants(1, 1),
		Example: "  millrace ctl streams create lab --filter 'lab/#' --max-age 7d",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := f.settings(cmd)
			if err != nil {
				return err
			}
			return ask(cmd, c, request{method: http.MethodPost, path: "/streams", body: api.NewStream{Name: args[0], StreamSettings: s}}, showStream)
		},
	}
	f.bind(cmd)
	return cmd
}

func (c *ctl) changeStreamCommand() *cobra.Command {
	var f streamFlags
	cmd := &cobra.Command{
		Use: "change NAME", Short: "Change a stream that was made by create; what is not given stays", Args: wants(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := f.settings(cmd)
			if err != nil {
				return err
			}
			return ask(cmd, c, request{method: http.MethodPatch, path: streamPath(args[0], ""), body: s, hint: streamHint}, showStream)
		},
	}
	f.bind(cmd)
	return cmd
}

func (c *ctl) deleteStreamCommand() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use: "delete NAME", Short: "Delete a stream that was made by create, with what it holds", Args: wants(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := streamPath(args[0], "")
			if force {
				path += "?force=true"
			}
			return ask(cmd, c, request{method: http.MethodDelete, path: path, hint: streamHint}, done("Stream %s is no more.", args[0]))
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "also when sessions have still to get something of it")
	return cmd
}

func (c *ctl) purgeStreamCommand() *cobra.Command {
	var p api.StreamPurge
	cmd := &cobra.Command{
		Use: "purge NAME", Short: "Remove messages of a stream, but none that sessions have still to get", Args: wants(1, 1),
		Example: "  millrace ctl streams purge telemetry --older-than -7d --dry-run\n  millrace ctl streams purge lab --all",
		RunE: func(cmd *cobra.Command, args []string) error {
			if (p == api.StreamPurge{Force: p.Force, DryRun: p.DryRun}) {
				return usage("say what is to be removed: --older-than, --up-to or --all")
			}
			return ask(cmd, c, request{method: http.MethodPost, path: streamPath(args[0], "/purge"), body: p, hint: streamHint}, showPurged)
		},
	}
	f := cmd.Flags()
	f.StringVar(&p.Before, "older-than", "", "what arrived before this time: RFC 3339, now, or relative such as -7d")
	f.StringVar(&p.UpTo, "up-to", "", "up to this position")
	f.BoolVar(&p.All, "all", false, "everything")
	f.BoolVar(&p.Force, "force", false, "also what sessions have still to get")
	f.BoolVar(&p.DryRun, "dry-run", false, "tell what would be removed, and remove nothing")
	return cmd
}

func showPurged(t table, p api.Purged) {
	verb := "were removed"
	if p.DryRun {
		verb = "would be removed"
	}
	t.row(fmt.Sprintf("%d of %d entries %s, about %s.", p.Entries, p.Of, verb, bytesText(p.Bytes)))
	if p.Held {
		t.row("The rest of what was asked for stays: sessions have still to get it. --force removes it all the same.")
	}
}
