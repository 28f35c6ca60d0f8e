package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/internal/fault"
)

// Backups are of everything that the node keeps. Errors are fault.Invalid and
// fault.Conflict.
type Backups interface {
	State() BackupState
	// Start begins one into the folder, the configured one where it is empty.
	Start(folder string) error
	// Plan tells what Start would do.
	Plan(ctx context.Context, folder string) (Backup, error)
	// List are those in the configured folder, newest first.
	List() ([]StoredBackup, error)
	// Verify begins to read back the one of that name, all where it is empty.
	Verify(name string) error
}

// StoredBackup is a back-up that lies in the configured folder.
type StoredBackup struct {
	Name      string    `json:"name" doc:"Its time, for millrace restore --at"`
	Condition string    `json:"condition" enum:"complete,unfinished,damaged" doc:"complete: as it was written, as far as is known; unfinished: interrupted, the next one goes on with it; damaged: it cannot be restored"`
	Node      string    `json:"node,omitempty"`
	Version   string    `json:"version,omitempty" doc:"Of the program that made it"`
	Began     time.Time `json:"began,omitzero"`
	Seconds   float64   `json:"seconds" doc:"How long it took"`
	Bytes     int64     `json:"bytes" doc:"What it holds, shared with others or not"`
	Entries   uint64    `json:"entries" doc:"Entries of streams and buckets in it"`
	Streams   int       `json:"streams" doc:"Streams and buckets in it"`
	LeftOut   []string  `json:"leftOut,omitempty" doc:"Files that the configuration names and the back-up does not hold"`
	Verified  time.Time `json:"verified,omitzero" doc:"When a node last read all of it back"`
	Error     string    `json:"error,omitempty" doc:"What is damaged, or a part of it"`
}

// NewVerification says what is to be read back.
type NewVerification struct {
	Name string `json:"name,omitempty" maxLength:"64" doc:"One back-up; empty: all in the folder"`
}

// Backup is one back-up that was made.
type Backup struct {
	Name    string   `json:"name" doc:"Its time, for millrace restore --at"`
	Seconds float64  `json:"seconds" doc:"How long it took"`
	Bytes   int64    `json:"bytes" doc:"What it holds, shared with others or not"`
	Written int64    `json:"written" doc:"Bytes that were new"`
	Entries uint64   `json:"entries" doc:"Entries of streams and buckets that were new"`
	LeftOut []string `json:"leftOut,omitempty" doc:"Files that the configuration names and the back-up does not hold: keys and certificates"`
}

// BackupState is what is being backed up and what was.
type BackupState struct {
	Folder    string    `json:"folder,omitempty" doc:"Where back-ups by schedule go"`
	Running   bool      `json:"running"`
	Into      string    `json:"into,omitempty" doc:"Folder of the last one, or of the one that runs"`
	Doing     string    `json:"doing,omitempty" doc:"What it is at"`
	Bytes     int64     `json:"bytes" doc:"Bytes that the one that runs has copied, or the verification has read"`
	Of        int64     `json:"of,omitempty" doc:"How many there are, where that is known: of a verification"`
	Last      *Backup   `json:"last,omitempty" doc:"The last one that ended well since the start"`
	Error     string    `json:"error,omitempty" doc:"Why the last one failed"`
	Ended     time.Time `json:"ended,omitzero" doc:"When the last one ended"`
	Succeeded time.Time `json:"succeeded,omitzero" doc:"Time of the newest back-up in the folder"`
	Next      time.Time `json:"next,omitzero" doc:"When one is due"`
	Scheduled time.Time `json:"scheduled,omitzero" doc:"When the schedule last began one, since the start"`

	Verifying    bool          `json:"verifying" doc:"Back-ups are being read back"`
	Verification *Verification `json:"verification,omitempty" doc:"The last one that ended since the start"`
}

// Verification is what reading back has found.
type Verification struct {
	Ended   time.Time `json:"ended"`
	Names   []string  `json:"names" doc:"The back-ups that were read"`
	Damaged []string  `json:"damaged,omitempty" doc:"Those that cannot be restored"`
	Files   int       `json:"files" doc:"Files that are whole"`
	Bytes   int64     `json:"bytes" doc:"Their bytes"`
	Error   string    `json:"error,omitempty" doc:"What is wrong, or a part of it"`
}

// NewBackup says where to.
type NewBackup struct {
	Folder string `json:"folder,omitempty" maxLength:"4096" doc:"A folder on the node's machine; another than the configured one only through the node's own socket (millrace ctl there)"`
	DryRun bool   `json:"dryRun,omitempty" doc:"Tell what would be copied, and copy nothing"`
}

type newBackupInput struct{ Body NewBackup }

type backupListInput struct{ Paging }

type verificationInput struct{ Body NewVerification }

func (a *API) backupOperations() {
	register(a, huma.Operation{OperationID: "get-backup", Method: http.MethodGet, Path: "/backup", Tags: []string{"Node"},
		Summary: "How back-ups are going"}, a.backupState)
	register(a, huma.Operation{OperationID: "start-backup", Method: http.MethodPost, Path: "/backup", DefaultStatus: http.StatusAccepted, Tags: []string{"Node"},
		Summary: "Begin a back-up", Description: "Ask GET /backup how it goes."}, a.startBackup)
	register(a, huma.Operation{OperationID: "list-backups", Method: http.MethodGet, Path: "/backups", Tags: []string{"Node"},
		Summary: "Back-ups in the configured folder, newest first"}, a.listBackups)
	register(a, huma.Operation{OperationID: "verify-backups", Method: http.MethodPost, Path: "/backups/verify", DefaultStatus: http.StatusAccepted, Tags: []string{"Node"},
		Summary: "Begin to read back-ups back", Description: "Every file of them is compared with what was written. Ask GET /backup how it goes."}, a.verifyBackups)
}

func (a *API) backups() (Backups, error) {
	if a.Backups == nil {
		return nil, unavailable("back-up")
	}
	return a.Backups, nil
}

func (a *API) backupState(context.Context, *none) (*answer[BackupState], error) {
	b, err := a.backups()
	if err != nil {
		return nil, err
	}
	return reply(b.State(), nil)
}

func (a *API) listBackups(_ context.Context, in *backupListInput) (*answer[Page[StoredBackup]], error) {
	b, err := a.backups()
	if err != nil {
		return nil, err
	}
	all, err := b.List()
	return reply(cut(all, in.Paging), err)
}

func (a *API) verifyBackups(_ context.Context, in *verificationInput) (*answer[BackupState], error) {
	b, err := a.backups()
	if err != nil {
		return nil, err
	}
	if err := b.Verify(in.Body.Name); err != nil {
		return nil, err
	}
	return reply(b.State(), nil)
}

func (a *API) startBackup(ctx context.Context, in *newBackupInput) (*answer[BackupState], error) {
	b, err := a.backups()
	if err != nil {
		return nil, err
	}
	if f := in.Body.Folder; f != "" && f != b.State().Folder && !requestOf(ctx).local {
		return nil, fault.New(fault.Forbidden, "From elsewhere than the node's own machine, back-ups go to the folder of the configuration (backup.folder).")
	}
	if in.Body.DryRun {
		plan, err := b.Plan(ctx, in.Body.Folder)
		s := b.State()
		s.Last = &plan
		return reply(s, err)
	}
	if err := b.Start(in.Body.Folder); err != nil {
		return nil, err
	}
	return reply(b.State(), nil)
}
