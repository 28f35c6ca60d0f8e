package access

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/say"
)

// Alarms is told of conditions that want somebody's attention.
type Alarms interface {
	Raise(id string, priority int, title, detail say.Said)
	Clear(id string)
}

// Options of Access.
type Options struct {
	// Users is the path of the users file. Without the file there are no users.
	Users string
	// Rules is the path of the rules file. Without the file everything is allowed.
	Rules string
	// UsersRequired and RulesRequired refuse a start without the file. One that is not
	// required is missed when it has been in force before.
	UsersRequired, RulesRequired bool
	// Poll is how often files are looked at (default 2 s).
	Poll time.Duration
	// Hashers is how many passwords are compared at one time (default: half of the
	// cores), Waiting how many may wait for it (default 4,096).
	Hashers, Waiting int
	// Remember is how long a right password is not compared again (default 5 min, less
	// than 0 never), RememberWrong how long a wrong one is not (default 5 s). Neither
	// outlives a change of the user's password.
	Remember, RememberWrong time.Duration
	// Remembered bounds how many are remembered (default 65,536).
	Remembered int
	// Cost is spent on new passwords and on names that nobody has.
	Cost Cost
	// Changed is called after a change of the files, from any goroutine; it may be nil.
	Changed func()
	// Alarms and Log may be nil.
	Alarms Alarms
	Log    *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

func (o *Options) defaults() {
	o.Poll = cmp.Or(o.Poll, 2*time.Second)
	o.Hashers = cmp.Or(o.Hashers, max(1, runtime.GOMAXPROCS(0)/2))
	o.Waiting = cmp.Or(o.Waiting, 4096)
	o.Remember = cmp.Or(o.Remember, 5*time.Minute)
	o.RememberWrong = cmp.Or(o.RememberWrong, 5*time.Second)
	o.Remembered = cmp.Or(o.Remembered, 1<<16)
	o.Cost = o.Cost.orDefault()
	if o.Changed == nil {
		o.Changed = func() {}
	}
	if o.Alarms == nil {
		o.Alarms = noAlarms{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

type noAlarms struct{}

func (noAlarms) Raise(string, int, say.Said, say.Said) {}
func (noAlarms) Clear(string)                          {}

// Access answers who may come in.
type Access struct {
	o       Options
	logins  logins
	state   atomic.Pointer[state]
	stopped chan struct{}
	tasks   sync.WaitGroup

	mu sync.Mutex // one reload or change of the files at a time
	// mu guards all that follows.
	users, rules watched

	changing sync.Mutex // one change of the users file at a time; guards the file
}

// state is what is in force; it is replaced as a whole.
type state struct {
	users *Users
	rules *Rules
}

// New returns an Access that has read nothing.
func New(o Options) *Access {
	o.defaults()
	a := &Access{o: o, stopped: make(chan struct{})}
	a.logins = logins{
		cost: o.Cost, good: o.Remember, bad: o.RememberWrong, most: o.Remembered, now: o.Now,
		work: make(chan *comparison, o.Waiting), stopping: make(chan struct{}),
		asked: map[print]*comparison{}, known: map[print]remembered{},
	}
	rand.Read(a.logins.key[:])
	a.users = watched{path: o.Users, required: o.UsersRequired}
	a.rules = watched{path: o.Rules, required: o.RulesRequired}
	a.state.Store(&state{users: &Users{}, rules: &Rules{}})
	return a
}

// Start reads the files. At the start a bad one is an error, and one that is missed:
// nobody is to find out later that a node runs without its users.
func (a *Access) Start(context.Context) error {
	next, _, users, rules := a.look(true)
	if err := errors.Join(users, rules); err != nil {
		return err
	}
	a.inForce(&next)
	a.logins.start(a.o.Hashers)
	a.tasks.Go(a.watch)
	return nil
}

// Close ends the goroutines. Who still waits is told that the node shuts down.
func (a *Access) Close() {
	close(a.stopped)
	a.tasks.Wait()
	a.logins.close()
}

// watch looks at the files until Close.
func (a *Access) watch() {
	t := time.NewTicker(a.o.Poll)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			_ = a.reload(false) // told by alarm and log
		case <-a.stopped:
			return
		}
	}
}

// Reload reads the files now. A bad one leaves what is in force.
func (a *Access) Reload() error { return a.reload(true) }

func (a *Access) reload(always bool) error {
	next, changed, err1, err2 := a.look(always)
	a.tell("access-users", usersUnread, err1)
	a.tell("access-rules", rulesUnread, err2)
	if changed {
		a.inForce(&next)
	}
	return errors.Join(err1, err2)
}

func (a *Access) inForce(s *state) {
	a.o.Log.Info("users and access rules are in force", "users", s.users.Len(), "rules", len(s.rules.list), "default", word(s.rules.allow || !s.rules.some))
	for _, text := range doubts(s.rules.list) {
		a.o.Log.Warn("a rule never allows its own topics", "why", text)
	}
	a.mark(s)
	a.o.Changed()
}

// look reads what has changed and puts it in force, each file for itself.
func (a *Access) look(always bool) (next state, changed bool, users, rules error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	next = *a.state.Load()
	users = a.users.look(always, func(b []byte) (err error) {
		u, err := ParseUsers(b)
		if err == nil {
			next.users, changed = u, true
		}
		return err
	})
	rules = a.rules.look(always, func(b []byte) error {
		r, err := ParseRules(b)
		if err == nil {
			next.rules, changed = r, true
		}
		return err
	})
	if changed {
		a.state.Store(&next)
	}
	return next, changed, users, rules
}

// Rights finds what a client may do; nil is everything.
func (a *Access) Rights(id *Identity, l *Login) *Rights {
	return a.state.Load().rules.RightsOf(whoIs(id, l))
}

var (
	usersUnread = say.New("alarm_users_unread", "The users file cannot be read")
	rulesUnread = say.New("alarm_rules_unread", "The rules file cannot be read")
	staysAsRead = say.New("alarm_stays_as_read", "{0} What was read before stays in force.")
)

func (a *Access) tell(id string, title say.Phrase, err error) {
	if err == nil {
		a.o.Alarms.Clear(id)
		return
	}
	a.o.Alarms.Raise(id, 2, title.With(), staysAsRead.With(fault.UserMessage(err)))
}

// watched is a file that is read again when it has changed.
type watched struct {
	path     string
	required bool // it was asked for by name
	size     int64
	time     time.Time
	content  []byte
	seen     bool
	err      error // of the last content
}

// look calls take with the file's content when that has changed; a missing file is
// an empty one, unless it is missed. It returns why the file is not in force.
func (w *watched) look(always bool, take func([]byte) error) error {
	if w.path == "" {
		return nil
	}
	info, err := os.Stat(w.path)
	if err == nil && w.seen && !always && info.Size() == w.size && info.ModTime().Equal(w.time) {
		return w.err
	}
	content, err := os.ReadFile(w.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.Wrap(fault.Unavailable, "access: read", err, "The file %s cannot be read.", w.path)
	}
	if w.seen && bytes.Equal(content, w.content) {
		return w.err
	}
	if len(bytes.TrimSpace(w.content)) > 0 && len(bytes.TrimSpace(content)) == 0 {
		// An editor may write a file anew at this moment. Nobody is locked out, and
		// nobody let in, by half of that.
		return fault.New(fault.Unavailable, "The file %s has gone, or is empty. A line with # alone makes an empty file.", w.path)
	}
	if err := w.missed(content); err != nil {
		return err
	}
	if info != nil {
		w.size, w.time = info.Size(), info.ModTime()
	}
	w.seen, w.content = true, content
	w.err = take(content)
	return w.err
}
