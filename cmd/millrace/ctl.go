package main

import (
	"cmp"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// ctl holds the flags that every verb of ctl has.
type ctl struct {
	data    string
	url     string
	key     string
	keyFile string
	json    bool
	timeout time.Duration
}

func ctlCommand() *cobra.Command {
	c := &ctl{}
	cmd := &cobra.Command{
		Use:   "ctl",
		Short: "Look at and steer a running node",
		Long: `ctl speaks to the node on this machine through the socket in its data folder;
whoever may open that file acts as administrator. With --url and an API key it
speaks to another node.`,
		Example: `  millrace ctl status
  millrace ctl api-key create dashboards --role viewer
  millrace ctl --url http://plant-1:18083 --api-key-file key.txt series latest`,
		Args: noSuchVerb,
		RunE: help,
	}
	f := cmd.PersistentFlags()
	c.bindNode(f)
	f.BoolVar(&c.json, "json", false, "print the API's JSON instead of a table")
	f.DurationVar(&c.timeout, "timeout", 30*time.Second, "longest wait for the answer")
	cmd.SuggestionsMinimumDistance = 2
	cmd.AddCommand(
		c.statusCommand(), c.configCommand(), c.logCommand(), c.apiKeyCommand(), c.userCommand(), c.bansCommand(), c.redirectCommand(), c.delayedCommand(), c.streamsCommand(),
		c.seriesCommand(), c.publishCommand(), c.alarmsCommand(), c.topicsCommand(),
		c.clientsCommand(), c.subscriptionsCommand(), c.retainedCommand(), c.listenersCommand(), c.refusedCommand(),
		c.slowCommand(), c.topicMetricsCommand(), c.traceCommand(),
	)
	cmd.AddCommand(c.backupCommand(), c.accessCommand(), c.mqttPasswordCommand())
	return cmd
}

// bindNode adds the flags that say which node is asked, and as whom.
func (c *ctl) bindNode(f *pflag.FlagSet) {
	f.StringVar(&c.data, "data", cmp.Or(os.Getenv("MILLRACE_DATA"), "./data"), "data folder of the node (MILLRACE_DATA)")
	f.StringVar(&c.url, "url", os.Getenv("MILLRACE_URL"), "address of another node, such as http://plant-1:18083 (MILLRACE_URL)")
	f.StringVar(&c.key, "api-key", "", "API key for --url, as key:secret (MILLRACE_API_KEY)")
	f.StringVar(&c.keyFile, "api-key-file", "", "file that holds the API key (MILLRACE_API_KEY_FILE)")
}

// group is a command that only holds verbs: without one it shows them.
func group(use, short string, verbs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: noSuchVerb, RunE: help,
	}
	cmd.SuggestionsMinimumDistance = 2
	cmd.AddCommand(verbs...)
	return cmd
}

// listGroup is a group whose list needs no verb: ctl streams is ctl streams list.
func listGroup(use, short string, list *cobra.Command, verbs ...*cobra.Command) *cobra.Command {
	cmd := group(use, short, append([]*cobra.Command{list}, verbs...)...)
	cmd.Long = short + ". Without a verb: list."
	cmd.RunE = list.RunE
	cmd.Flags().AddFlagSet(list.Flags())
	return cmd
}

// wants refuses fewer or more arguments than least to most, and names what the
// command's use line names.
func wants(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch _, names, _ := strings.Cut(cmd.Use, " "); {
		case len(args) < least:
			return usage("%s wants %s", cmd.CommandPath(), names)
		case len(args) > most && most == 0:
			return usage("%s takes no argument, found %q", cmd.CommandPath(), args[0])
		case len(args) > most:
			return usage("%s wants %s and no more than %d, found %q as well (quote what has spaces)", cmd.CommandPath(), names, most, args[most])
		}
		return nil
	}
}

func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// noSuchVerb refuses what follows a group and is none of its verbs.
func noSuchVerb(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return usage("%s has no verb %q%s", cmd.CommandPath(), args[0], hint)
}
