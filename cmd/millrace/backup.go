package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/millrace/millrace/internal/app"
	"github.com/millrace/millrace/internal/backup"
)

// backupCommand looks at back-ups without a node.
func backupCommand() *cobra.Command {
	var asJSON bool
	var at string
	verify := &cobra.Command{
		Use: "verify FOLDER", Short: "Read a back-up back and say what is damaged", Args: wants(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			bar := newBar(cmd.ErrOrStderr())
			v, err := backup.Verify(cmd.Context(), args[0], at, bar.show)
			bar.end()
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), v)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d back-ups are whole: %d files, %s.\n", len(v.Generations), v.Files, bytesText(v.Bytes))
			return err
		},
	}
	verify.Flags().StringVar(&at, "at", "", "only the back-up of that `name` (default all)")
	list := &cobra.Command{
		Use: "list FOLDER", Short: "List the back-ups in a folder", Args: wants(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := backup.List(args[0])
			if err == nil {
				err = printBackups(cmd.OutOrStdout(), all, asJSON)
			}
			return err
		},
	}
	cmd := group("backup", "Look at back-ups, without a node (millrace ctl backup makes them)", verify, list)
	cmd.PersistentFlags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// backupRow is one line of the list.
type backupRow struct {
	Name    string    `json:"name"`
	Node    string    `json:"node"`
	Version string    `json:"version"`
	Began   time.Time `json:"began"`
	Bytes   int64     `json:"bytes"`
	Streams int       `json:"streams"`
}

func printBackups(out io.Writer, all []*backup.Generation, asJSON bool) error {
	rows := []backupRow{}
	for _, g := range all {
		rows = append(rows, backupRow{g.Name, g.Node, g.Version, g.Began, g.Size(), len(g.Streams)})
	}
	if asJSON {
		return printJSON(out, rows)
	}
	if len(rows) == 0 {
		_, err := fmt.Fprintln(out, "No back-ups.")
		return err
	}
	for _, r := range rows {
		if _, err := fmt.Fprintf(out, "%s  %s  %s  %s\n", r.Name, r.Began.Local().Format(time.DateTime), r.Node, bytesText(r.Bytes)); err != nil {
			return err
		}
	}
	return nil
}

func restoreCommand() *cobra.Command {
	var data, at string
	var dryRun, asJSON bool
	cmd := &cobra.Command{
		Use: "restore FOLDER", Short: "Make a data folder of a back-up", Args: wants(1, 1),
		Long: `Verify the newest back-up in FOLDER, or that of --at, and make a data folder of it. The
data folder must be empty or not be there. One whose restoration is interrupted is no
data folder yet: no node starts on it, and restore begins it again.`,
		Example: "  millrace restore /mnt/backup/plant-1 --data /var/lib/millrace\n  millrace restore /mnt/backup/plant-1 --at 20261122T020000.000Z --data /var/lib/millrace",
		RunE: func(cmd *cobra.Command, args []string) error {
			bar := newBar(cmd.ErrOrStderr())
			r, err := app.Restore(cmd.Context(), args[0], at, data, dryRun, bar.show)
			bar.end()
			if err != nil {
				return err
			}
			return printRestored(cmd.OutOrStdout(), r, data, dryRun, asJSON)
		},
	}
	f := cmd.Flags()
	f.StringVar(&data, "data", cmp.Or(os.Getenv("MILLRACE_DATA"), "./data"), "data folder to make (MILLRACE_DATA)")
	f.StringVar(&at, "at", "", "`name` of the back-up, as millrace backup list shows it (default the newest)")
	f.BoolVar(&dryRun, "dry-run", false, "verify the back-up and write nothing")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// restoredResult is what --json prints.
type restoredResult struct {
	Name    string      `json:"name"`
	Data    string      `json:"data"`
	DryRun  bool        `json:"dryRun,omitempty"`
	Files   int         `json:"files"`
	Bytes   int64       `json:"bytes"`
	Moved   []movedFile `json:"moved,omitempty"`
	LeftOut []string    `json:"leftOut,omitempty"`
}

// movedFile was elsewhere than in the data folder.
type movedFile struct {
	Path     string `json:"path"`
	Original string `json:"original"`
}

func printRestored(out io.Writer, r backup.Restored, data string, dryRun, asJSON bool) error {
	result := restoredResult{Name: r.Generation.Name, Data: data, DryRun: dryRun, Files: r.Files, Bytes: r.Bytes, LeftOut: r.Generation.LeftOut}
	for _, f := range r.Generation.Files {
		if f.Original != "" {
			result.Moved = append(result.Moved, movedFile{f.Path, f.Original})
		}
	}
	if asJSON {
		return printJSON(out, result)
	}
	if dryRun {
		_, err := fmt.Fprintf(out, "Back-up %s is whole (%d files, %s) and can be restored to %s. Nothing was written.\n", result.Name, r.Files, bytesText(r.Bytes), data)
		return err
	}
	fmt.Fprintf(out, "Back-up %s is restored to %s (%d files, %s).\n", result.Name, data, r.Files, bytesText(r.Bytes))
	for _, m := range result.Moved {
		fmt.Fprintf(out, "  %s/%s was %s\n", data, m.Path, m.Original)
	}
	for _, path := range result.LeftOut {
		fmt.Fprintf(out, "  not in the back-up: %s\n", path)
	}
	return nil
}

// bar shows progress on a terminal, and nothing elsewhere.
type bar struct {
	out   io.Writer
	shown time.Time
	any   bool
}

func newBar(out io.Writer) *bar {
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return &bar{out: out}
	}
	return &bar{}
}

func (b *bar) show(p backup.Progress) {
	if b.out == nil || time.Since(b.shown) < 200*time.Millisecond {
		return
	}
	b.shown, b.any = time.Now(), true
	text := bytesText(p.Done)
	if p.Of > 0 {
		text = fmt.Sprintf("%3d %% of %s", 100*p.Done/p.Of, bytesText(p.Of))
	}
	fmt.Fprintf(b.out, "\r\x1b[K%s  %s", text, printable(p.Doing))
}

// end clears the line.
func (b *bar) end() {
	if b.any {
		fmt.Fprint(b.out, "\r\x1b[K")
	}
}
