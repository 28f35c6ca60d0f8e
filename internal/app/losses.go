package app

import (
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/bus"
	"github.com/millrace/millrace/internal/say"
)

var (
	dataLost  = say.New("alarm_data_lost", "Stored data of {0} is lost")
	lostThere = say.New("alarm_data_lost_there", "{0} Check the disk, and restore a back-up if what is gone is needed.{1} This is told for seven days.")
	lostSubs  = say.New("alarm_data_lost_subscriptions", " If these were its newest entries, clients whose sessions outlive their connections may lack subscriptions: have them subscribe again.")

	sessionsLost = say.New("alarm_sessions_lost", "Sessions have ended because their stored state is lost")
	lostSessions = say.New("alarm_sessions_lost_there", "At the start sessions were ended of which the disk has lost something; named: {0}; not named: {1}. What waited for these clients is not delivered, and their wills are not published. They are told when they connect (Session Present 0), and have to subscribe again. Check the disk. This is told until the next start.")
)

// losses raises an alarm for each stream or bucket of which stored data was found lost.
type losses struct {
	raise func(id string, priority int, title, detail say.Said)

	mu   sync.Mutex // guards told
	told map[string][]string
}

// maxLosses is how many losses of one stream an alarm names.
const maxLosses = 8

// of says whether anything of the stream or bucket is lost.
func (l *losses) of(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.told[name]) > 0
}

// sessions raises an alarm for sessions that have ended because records of them are lost.
func (l *losses) sessions(clients []string, unnamed int) {
	l.raise("sessions-lost", 1, sessionsLost.With(), lostSessions.With(strings.Join(clients, ", "), unnamed))
}

func (l *losses) add(x bus.Loss) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.told == nil {
		l.told = map[string][]string{}
	}
	texts := append(l.told[x.Stream], x.Found.Local().Format(time.DateTime)+": "+x.Text+" ("+x.File+").")
	if l.told[x.Stream] = texts; len(texts) > maxLosses {
		texts = append([]string{"…"}, texts[len(texts)-maxLosses:]...)
	}
	var help say.Said
	if x.Stream == journalStream {
		help = lostSubs.With()
	}
	l.raise("storage-loss-"+x.Stream, 1, dataLost.With(x.Stream), lostThere.With(strings.Join(texts, " "), help))
}
