package api

import (
	"context"
	"net/http/httptest"
	"testing"

	"github.com/millrace/millrace/internal/fault"
)

// oneFolder has back-ups in one folder, and notes into which they go.
type oneFolder struct{ into []string }

func (f *oneFolder) State() BackupState { return BackupState{Folder: "/srv/backup"} }

func (f *oneFolder) Start(folder string) error {
	f.into = append(f.into, folder)
	return nil
}

func (f *oneFolder) Plan(_ context.Context, folder string) (Backup, error) {
	return Backup{}, f.Start(folder)
}

func (f *oneFolder) List() ([]StoredBackup, error) { return nil, nil }

func (f *oneFolder) Verify(string) error { return nil }

// An administrator elsewhere makes back-ups in the configured folder alone; who is on the
// node's machine says where.
func TestBackUpsFromAfarGoToTheirFolder(t *testing.T) {
	d, folder := newDesk(t), new(oneFolder)
	d.Backups = folder
	for _, body := range []string{`{"folder":"/etc"}`, `{"folder":"/srv/backup/../x","dryRun":true}`} {
		problemIn(t, d.send("POST", root+"/backup", body), 403, fault.Forbidden)
	}
	for _, body := range []string{`{}`, `{"folder":"/srv/backup"}`} {
		if w := d.send("POST", root+"/backup", body); w.Code != 202 {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	w := httptest.NewRecorder()
	d.Handler(true).ServeHTTP(w, newRequest("POST", root+"/backup", `{"folder":"/mnt/stick"}`))
	if w.Code != 202 || len(folder.into) != 3 || folder.into[2] != "/mnt/stick" {
		t.Errorf("%d %s, into %q", w.Code, w.Body, folder.into)
	}
}
