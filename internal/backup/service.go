package backup

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/say"
)

// Alarms is told of back-ups that fail or do not come.
type Alarms interface {
	Raise(id string, priority int, title, detail say.Said)
	Clear(id string)
}

const (
	alarmFailed  = "backup-failed"
	alarmOverdue = "backup-overdue"
	alarmDamaged = "backup-damaged"
	scheduleLook = 10 * time.Second // how often the schedule is looked at
)

// What alarms say.
var (
	aDamaged  = say.New("alarm_backup_damaged", "A back-up is damaged")
	damagedIn = say.New("alarm_backup_damaged_in", "{0} It is one of {1}.")
	aFailed   = say.New("alarm_backup_failed", "A back-up has failed")
	failedIn  = say.New("alarm_backup_failed_in", "{0} Folder {1}.")
	anOverdue = say.New("alarm_backup_overdue", "A back-up is overdue")
	newestOf  = say.New("alarm_backup_newest", "The newest back-up in {0} is of {1}.")
)

// Options of a [Service].
type Options struct {
	Source Source
	// Folder is where scheduled back-ups go; empty for none.
	Folder   string
	Schedule Schedule
	Keep     Keep
	Alarms   Alarms
	Log      *slog.Logger
}

// State is what a service does and has done.
type State struct {
	Folder   string
	Running  bool
	Into     string // the folder of the one that runs
	Progress Progress
	// Last and Err are of the last run that ended, at Ended.
	Last  Result
	Err   error
	Ended time.Time
	// Succeeded is when the newest generation in Folder began; Next when one is due.
	Succeeded, Next time.Time
	// Scheduled is when the schedule last began one, since the start.
	Scheduled time.Time
	// Runs, Failures and Written count since the start.
	Runs, Failures, Written uint64
	// Verifying says that Checking, all where it is empty, is read back. Verified and
	// CheckErr are of the last verification that ended, at Checked.
	Verifying bool
	Checking  string
	Verified  Verified
	CheckErr  error
	Checked   time.Time
}

// Service makes back-ups of a running node and verifies them, one at a time, on demand and
// by schedule. It owns a goroutine for its schedule and one for what runs.
type Service struct {
	opt    Options
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	shelf  shelf

	// mu guards the fields below.
	mu     sync.Mutex
	state  State
	begun  time.Time // the last attempt by schedule
	closed bool
}

// New returns a Service that is not started.
func New(o Options) *Service {
	if o.Source.Now == nil {
		o.Source.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{opt: o, state: State{Folder: o.Folder}}
}

// Start looks for what is in the folder and begins to keep the schedule.
func (s *Service) Start(context.Context) error {
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if s.opt.Folder == "" {
		return nil
	}
	last := s.opt.Source.Now()
	if names, err := (folder{dir: s.opt.Folder}).names(); err == nil && len(names) > 0 {
		if at, err := time.Parse(nameFormat, names[len(names)-1]); err == nil {
			last, s.state.Succeeded = at.Local(), at
		}
	} else if s.opt.Schedule.Every > 0 {
		last = last.Add(-s.opt.Schedule.Every) // the first one at once
	}
	s.begun, s.state.Next = last, s.opt.Schedule.Due(last)
	if !s.state.Next.IsZero() {
		s.work.Go(s.keepSchedule)
	}
	return nil
}

// Close ends the back-up that runs and waits for it.
func (s *Service) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	if s.cancel != nil {
		s.cancel()
	}
	s.work.Wait()
	return nil
}

// State is what the service does now.
func (s *Service) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Run begins a back-up into dir, the configured folder where it is empty, and returns at
// once. fault.Conflict says that one runs already.
func (s *Service) Run(dir string) error {
	if dir == "" {
		dir = s.opt.Folder
	}
	if dir == "" {
		return errNoFolder
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.busy(); err != nil {
		return err
	}
	s.state.Running, s.state.Into, s.state.Progress = true, dir, Progress{Doing: "beginning"}
	s.work.Go(func() { s.run(dir) })
	return nil
}

// busy says why nothing can begin now. s.mu is held.
func (s *Service) busy() error {
	switch {
	case s.closed:
		return fault.New(fault.ServerShutdown, "The node is shutting down.")
	case s.state.Running:
		return fault.New(fault.Conflict, "A back-up runs already.")
	case s.state.Verifying:
		return fault.New(fault.Conflict, "Back-ups are being verified.")
	}
	return nil
}

func (s *Service) tell(p Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Progress = p
}

// List are the back-ups in the configured folder, newest first.
func (s *Service) List() ([]Row, error) {
	if s.opt.Folder == "" {
		return nil, nil
	}
	return s.shelf.rows(folder{dir: s.opt.Folder})
}

// Verify begins to read back the back-up of that name in the configured folder, all where
// it is empty, and returns at once. A back-up that is due meanwhile comes afterwards.
func (s *Service) Verify(name string) error {
	if s.opt.Folder == "" {
		return errNoFolder
	}
	if name != "" {
		if _, err := (folder{dir: s.opt.Folder}).find(name); fault.CodeOf(err) == fault.NotFound {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.busy(); err != nil {
		return err
	}
	s.state.Verifying, s.state.Checking, s.state.Progress = true, name, Progress{Doing: "beginning"}
	s.work.Go(func() { s.verify(name) })
	return nil
}

func (s *Service) verify(name string) {
	v, err := Verify(s.ctx, s.opt.Folder, name, s.tell)
	if s.ctx.Err() == nil && len(v.Generations) > 0 {
		noted := errors.Join((folder{dir: s.opt.Folder}).note(v, s.opt.Source.Now().UTC()), v.setAside())
		err = errors.Join(err, noted)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Verifying = false
	if s.ctx.Err() != nil {
		return
	}
	s.state.Verified, s.state.CheckErr, s.state.Checked = v, err, s.opt.Source.Now()
	switch damaged := v.Damaged(); {
	case len(damaged) > 0:
		s.opt.Log.Error("back-ups are damaged", "folder", s.opt.Folder, "names", damaged, "error", err)
		s.opt.Alarms.Raise(alarmDamaged, 1, aDamaged.With(), damagedIn.With(fault.UserMessage(v.damage[damaged[0]]), s.opt.Folder))
	case err != nil:
		s.opt.Log.Error("back-ups cannot be verified", "folder", s.opt.Folder, "error", err)
	default:
		s.opt.Log.Info("back-ups are whole", "folder", s.opt.Folder, "count", len(v.Generations), "bytes", v.Bytes)
		if name == "" {
			s.opt.Alarms.Clear(alarmDamaged)
		}
	}
}

func (s *Service) run(dir string) {
	result, err := Take(s.ctx, dir, s.opt.Source, s.tell)
	if err == nil {
		_, err = Prune(dir, s.keepOf(dir), s.opt.Source.Now())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &s.state
	st.Running, st.Last, st.Err, st.Ended = false, result, err, s.opt.Source.Now()
	st.Runs, st.Written = st.Runs+1, st.Written+uint64(result.Written)
	s.note(dir, result, err)
}

// keepOf is what is kept in dir: without bound in one that somebody named.
func (s *Service) keepOf(dir string) Keep {
	if dir == s.opt.Folder {
		return s.opt.Keep
	}
	return Keep{}
}

// note tells whoever should know how a back-up ended. s.mu is held.
func (s *Service) note(dir string, r Result, err error) {
	if s.closed && err != nil {
		s.opt.Log.Info("a back-up was interrupted by the end of the node; the next one goes on with what it wrote", "folder", dir)
		return
	}
	if err != nil {
		s.state.Failures++
		s.opt.Log.Error("a back-up failed", "folder", dir, "error", err)
		s.opt.Alarms.Raise(alarmFailed, 2, aFailed.With(), failedIn.With(fault.UserMessage(err), dir))
		return
	}
	s.opt.Log.Info("backed up", "folder", dir, "name", r.Name, "entries", r.Entries, "bytes", r.Size, "new", r.Written, "took", r.Took)
	s.opt.Alarms.Clear(alarmFailed)
	if dir == s.opt.Folder {
		at, _ := time.Parse(nameFormat, r.Name)
		s.state.Succeeded = at
		s.opt.Alarms.Clear(alarmOverdue)
	}
}

// keepSchedule begins back-ups when they are due until the service is closed.
func (s *Service) keepSchedule() {
	clock := time.NewTicker(scheduleLook)
	defer clock.Stop()
	for {
		s.lookAtSchedule(s.opt.Source.Now())
		select {
		case <-clock.C:
		case <-s.ctx.Done():
			return
		}
	}
}

// lookAtSchedule begins a back-up that is due. One that fails is due again at its next
// time.
func (s *Service) lookAtSchedule(now time.Time) {
	s.mu.Lock()
	due, running, succeeded, begun := s.state.Next, s.state.Running, s.state.Succeeded, s.begun
	s.mu.Unlock()
	if succeeded.IsZero() {
		succeeded = begun
	}
	if s.opt.Schedule.Overdue(succeeded.Local(), now) {
		s.opt.Alarms.Raise(alarmOverdue, 2, anOverdue.With(), newestOf.With(s.opt.Folder, succeeded))
	}
	if running || now.Before(due) || s.Run("") != nil {
		return
	}
	s.mu.Lock()
	s.begun, s.state.Scheduled, s.state.Next = now, now, s.opt.Schedule.Due(now.Local())
	s.mu.Unlock()
}

// Plan tells what a back-up into dir would copy.
func (s *Service) Plan(ctx context.Context, dir string) (Result, error) {
	if dir == "" {
		return Result{}, errNoFolder
	}
	return Plan(ctx, dir, s.opt.Source)
}

var errNoFolder = fault.New(fault.Invalid, "There is no folder to back up to: name one, or set backup.folder.")
