package app

import (
	"cmp"
	"context"
	"path/filepath"
	"time"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/backup"
	"github.com/millrace/millrace/internal/bus"
	"github.com/millrace/millrace/internal/config"
	"github.com/millrace/millrace/internal/fault"
)

var (
	_ backup.Store = (*bus.Bus)(nil)
	_ api.Backups  = backupAPI{}
)

// busDir is the bus's place in the data folder.
const busDir = "bus"

// startBackups makes back-ups by schedule and on demand.
func (a *App) startBackups(ctx context.Context) (stop, error) {
	c := &a.cfg.Backup
	daily, atTime := c.Daily()
	s := backup.New(backup.Options{
		Source: a.backupSource(), Folder: c.Folder,
		Schedule: backup.Schedule{Every: c.Every, Daily: daily, AtTime: atTime},
		Keep:     backup.Keep{Count: c.Keep, For: c.KeepFor},
		Alarms:   a.alarms, Log: a.log,
	})
	if err := s.Start(ctx); err != nil {
		return nil, err
	}
	a.backups = s
	return simple(s.Close), nil
}

func (a *App) backupSource() backup.Source {
	return backup.Source{
		Node: a.cfg.Node.Name, Version: a.version, Store: a.bus, Together: []string{journalStream, spareStream},
		Checkpoint: a.historian.Checkpoint, Data: a.cfg.Data,
		Skip:  []string{busDir, "lock", "ctl.sock", "traces"},
		Named: namedFiles(a.cfg, a.file), LeftOut: tlsFiles(a.cfg),
	}
}

// namedFiles are the files of the configuration that a back-up holds.
func namedFiles(c *config.Config, file string) (named []string) {
	for _, f := range []string{file, c.MQTT.Access.Users, c.MQTT.Access.Rules} {
		if f != "" {
			named = append(named, f)
		}
	}
	return named
}

// tlsFiles are those that a back-up does not hold: a private key has one home.
func tlsFiles(c *config.Config) (files []string) {
	for i := range c.MQTT.Listeners {
		l := &c.MQTT.Listeners[i]
		for _, list := range [][]string{l.CertificateFiles, l.KeyFiles, l.StapleFiles, l.ClientCAFiles, l.RevocationFiles} {
			files = append(files, list...)
		}
	}
	return files
}

// Restore makes a data folder of a back-up.
func Restore(ctx context.Context, folder, at, data string, dryRun bool, progress func(backup.Progress)) (backup.Restored, error) {
	to := backup.Target{Data: data, DryRun: dryRun,
		Import: func(ctx context.Context, all []backup.StreamState, entries func(backup.StreamState, func(*backup.Entry) error) error) error {
			return bus.CopyIn(ctx, bus.Options{Dir: filepath.Join(data, busDir)}, all, entries)
		}}
	return backup.Restore(ctx, folder, at, to, progress)
}

// backupAPI answers in the API's types.
type backupAPI struct{ *backup.Service }

func (b backupAPI) State() api.BackupState {
	s := b.Service.State()
	out := api.BackupState{Folder: s.Folder, Running: s.Running, Into: s.Into, Doing: s.Progress.Doing, Bytes: s.Progress.Done,
		Ended: s.Ended, Succeeded: s.Succeeded, Next: s.Next, Scheduled: s.Scheduled, Of: s.Progress.Of, Verifying: s.Verifying}
	if !s.Checked.IsZero() {
		out.Verification = verificationRow(&s)
	}
	if s.Err != nil {
		out.Error = fault.UserMessage(s.Err)
	} else if s.Runs > 0 {
		last := backupRow(s.Last)
		out.Last = &last
	}
	return out
}

func (b backupAPI) Start(folder string) error { return b.Run(folder) }

func (b backupAPI) Plan(ctx context.Context, folder string) (api.Backup, error) {
	r, err := b.Service.Plan(ctx, cmp.Or(folder, b.Service.State().Folder))
	return backupRow(r), err
}

func verificationRow(s *backup.State) *api.Verification {
	v := &api.Verification{Ended: s.Checked, Names: s.Verified.Generations, Damaged: s.Verified.Damaged(), Files: s.Verified.Files, Bytes: s.Verified.Bytes}
	if s.CheckErr != nil {
		v.Error = fault.UserMessage(s.CheckErr)
	}
	if v.Names == nil {
		v.Names = []string{}
	}
	return v
}

func (b backupAPI) List() ([]api.StoredBackup, error) {
	rows, err := b.Service.List()
	var all []api.StoredBackup
	for _, r := range rows {
		all = append(all, api.StoredBackup{Name: r.Name, Condition: r.Condition, Node: r.Node, Version: r.Version, Began: r.Began, Seconds: max(r.Ended.Sub(r.Began), 0).Seconds(),
			Bytes: r.Size, Entries: r.Entries, Streams: r.Streams, LeftOut: r.LeftOut, Verified: r.Verified, Error: r.Error})
	}
	return all, err
}

func backupRow(r backup.Result) api.Backup {
	return api.Backup{Name: r.Name, Seconds: r.Took.Seconds(), Bytes: r.Size, Written: r.Written, Entries: r.Entries, LeftOut: r.LeftOut}
}

// backupMetrics shows how back-ups go.
func (a *App) backupMetrics() {
	m, state := a.metrics, a.backups.State
	m.Gauge("millrace_backup_last_success_seconds", "Time of the newest back-up in the configured folder, seconds since 1970; 0 where there is none.", func() float64 {
		if t := state().Succeeded; !t.IsZero() {
			return float64(t.UnixMilli()) / float64(time.Second/time.Millisecond)
		}
		return 0
	})
	m.Gauge("millrace_backup_running", "1 while a back-up is being made.", func() float64 {
		if state().Running {
			return 1
		}
		return 0
	})
	m.Gauge("millrace_backup_last_verification_seconds", "When the last verification of back-ups ended, seconds since 1970; 0 where there was none since the start.", func() float64 {
		if t := state().Checked; !t.IsZero() {
			return float64(t.UnixMilli()) / float64(time.Second/time.Millisecond)
		}
		return 0
	})
	m.Gauge("millrace_backups_damaged", "Back-ups that the last verification has found damaged.", func() float64 {
		v := state().Verified
		return float64(len(v.Damaged()))
	})
	m.Counter("millrace_backups_total", "Back-ups that ended, well or not.", func() float64 { return float64(state().Runs) })
	m.Counter("millrace_backup_failures_total", "Back-ups that failed.", func() float64 { return float64(state().Failures) })
	m.Counter("millrace_backup_written_bytes_total", "Bytes that back-ups have written.", func() float64 { return float64(state().Written) })
}
