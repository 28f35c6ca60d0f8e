package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/backup"
)

// backupPoll is how often a back-up that runs is asked for its progress.
const backupPoll = 250 * time.Millisecond

func (c *ctl) backupCommand() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use: "backup [FOLDER]", Short: "Back up everything that the node keeps", Args: wants(0, 1),
		Long: `Copy everything that the node keeps to FOLDER on its machine, or to backup.folder of its
configuration: streams, buckets, points, users, access rules and the configuration file.
Only what is new since the last back-up in that folder is copied. The node goes on
working. A back-up that was interrupted is continued by the next one.`,
		Example: "  millrace ctl backup /mnt/backup/plant-1\n  millrace backup verify /mnt/backup/plant-1\n  millrace restore /mnt/backup/plant-1 --data /var/lib/millrace",
		RunE: func(cmd *cobra.Command, args []string) error {
			body := api.NewBackup{DryRun: dryRun}
			if len(args) == 1 {
				full, err := filepath.Abs(args[0])
				if err != nil {
					return err
				}
				body.Folder = full
			}
			return c.backUp(cmd, body)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be copied, and copy nothing")
	status := &cobra.Command{
		Use: "status", Short: "Show how back-ups are going", Args: wants(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, c, request{path: "/backup"}, drawBackups)
		},
	}
	cmd.AddCommand(status)
	return cmd
}

// backUp begins a back-up and waits for its end.
func (c *ctl) backUp(cmd *cobra.Command, body api.NewBackup) error {
	node, err := c.client(cmd)
	if err != nil {
		return err
	}
	s, err := backupCall(cmd, node, request{method: http.MethodPost, path: "/backup", body: body})
	if err != nil {
		return err
	}
	bar := newBar(cmd.ErrOrStderr())
	for s.Running {
		bar.show(backup.Progress{Doing: s.Doing, Done: s.Bytes})
		select {
		case <-time.After(backupPoll):
		case <-cmd.Context().Done():
			bar.end()
			return cmd.Context().Err() // the node goes on with it
		}
		if s, err = backupCall(cmd, node, request{path: "/backup"}); err != nil {
			bar.end()
			return err
		}
	}
	bar.end()
	if s.Error != "" && !body.DryRun {
		return errors.New(s.Error)
	}
	if c.json {
		return printJSON(cmd.OutOrStdout(), s.Last)
	}
	if body.DryRun {
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d new entries of streams and buckets would be copied, and the historian's new files. Nothing was written.\n", s.Last.Entries)
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "Back-up %s: %s, of which %s were new (%d entries), in %.1f s.\n",
		s.Last.Name, bytesText(s.Last.Bytes), bytesText(s.Last.Written), s.Last.Entries, s.Last.Seconds)
	for _, path := range s.Last.LeftOut {
		fmt.Fprintf(cmd.OutOrStdout(), "  not in it: %s\n", path)
	}
	return err
}

func backupCall(cmd *cobra.Command, node *client, r request) (s api.BackupState, err error) {
	content, err := node.do(cmd.Context(), r)
	if err == nil {
		err = json.Unmarshal(content, &s)
	}
	return s, err
}

func drawBackups(t table, s api.BackupState) {
	t.row("folder", s.Folder)
	t.row("running", s.Running)
	t.row("newest", s.Succeeded)
	t.row("next", s.Next)
	if s.Error != "" {
		t.row("failed", s.Error)
	}
}
