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
	cmd.AddCommand(status, c.backupListCommand(), c.backupVerifyCommand())
	return cmd
}

func (c *ctl) backupListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the back-ups in the configured folder, newest first", Args: wants(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, c, request{path: "/backups?limit=1000"}, drawStoredBackups)
		},
	}
}

func drawStoredBackups(t table, p api.Page[api.StoredBackup]) {
	if len(p.Items) == 0 {
		t.row("No back-ups.")
		return
	}
	t.row("NAME", "CONDITION", "TOOK", "SIZE", "VERIFIED")
	for _, b := range p.Items {
		verified := any("never")
		if !b.Verified.IsZero() {
			verified = b.Verified
		}
		t.row(b.Name, b.Condition, fmt.Sprintf("%.1f s", b.Seconds), bytesText(b.Bytes), verified)
	}
	for _, b := range p.Items {
		if b.Error != "" {
			t.row(b.Name + ": " + b.Error)
		}
	}
}

func (c *ctl) backupVerifyCommand() *cobra.Command {
	return &cobra.Command{
		Use: "verify [NAME]", Short: "Read back-ups in the configured folder back and say what is damaged", Args: wants(0, 1),
		Long: `Have the node read the back-up NAME back, or all that lie in the configured folder, and
compare every file with what was written. The list remembers when that was.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			var body api.NewVerification
			if len(args) == 1 {
				body.Name = args[0]
			}
			return c.verifyBackups(cmd, body)
		},
	}
}

// verifyBackups begins a verification and waits for its end.
func (c *ctl) verifyBackups(cmd *cobra.Command, body api.NewVerification) error {
	s, err := c.awaitBackup(cmd, request{method: http.MethodPost, path: "/backups/verify", body: body})
	if err != nil {
		return err
	}
	v := s.Verification
	if v == nil {
		return errors.New("the node was started anew meanwhile")
	}
	if c.json {
		if err := printJSON(cmd.OutOrStdout(), v); err != nil {
			return err
		}
	}
	if v.Error != "" {
		for _, name := range v.Damaged {
			fmt.Fprintf(cmd.ErrOrStderr(), "damaged: %s\n", printable(name))
		}
		return errors.New(v.Error)
	}
	if !c.json {
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d back-ups are whole: %d files, %s.\n", len(v.Names), v.Files, bytesText(v.Bytes))
	}
	return err
}

// backUp begins a back-up and waits for its end.
func (c *ctl) backUp(cmd *cobra.Command, body api.NewBackup) error {
	s, err := c.awaitBackup(cmd, request{method: http.MethodPost, path: "/backup", body: body})
	if err != nil {
		return err
	}
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

// awaitBackup begins something with back-ups and shows its progress to the end.
func (c *ctl) awaitBackup(cmd *cobra.Command, r request) (s api.BackupState, err error) {
	node, err := c.client(cmd)
	if err != nil {
		return s, err
	}
	if s, err = backupCall(cmd, node, r); err != nil {
		return s, err
	}
	bar := newBar(cmd.ErrOrStderr())
	defer bar.end()
	for s.Running || s.Verifying {
		bar.show(backup.Progress{Doing: s.Doing, Done: s.Bytes, Of: s.Of})
		select {
		case <-time.After(backupPoll):
		case <-cmd.Context().Done():
			return s, cmd.Context().Err() // the node goes on with it
		}
		if s, err = backupCall(cmd, node, request{path: "/backup"}); err != nil {
			return s, err
		}
	}
	return s, nil
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
	if s.Running || s.Verifying {
		t.row("at", printable(s.Doing), bytesText(s.Bytes))
	}
	if s.Verifying {
		t.row("verifying", fmt.Sprintf("%d %%", 100*s.Bytes/max(s.Of, 1)))
	}
	if v := s.Verification; v != nil {
		t.row("verified", v.Ended, fmt.Sprintf("%d back-ups, %d damaged", len(v.Names), len(v.Damaged)))
	}
	if !s.Scheduled.IsZero() {
		t.row("by schedule", s.Scheduled)
	}
	t.row("newest", s.Succeeded)
	t.row("next", s.Next)
	if s.Error != "" {
		t.row("failed", s.Error)
	}
}
