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
	lostSubs  = say.New("alarm_data_lost_subscriptions", " Clients whose sessions outlive their connections may lack subscriptions: have them subscribe again.")
)

// losses raises an alarm for each stream or bucket of which stored data was found lost.
type losses struct {
	raise func(id string, priority int, title, detail say.Said)

	mu   sync.Mutex // guards told
	told map[string][]string
}

// maxLosses is how many losses of one stream an alarm names.
const maxLosses = 8

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
