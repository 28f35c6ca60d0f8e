package app

import (
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/bus"
)

// losses raises an alarm for each stream or bucket of which stored data was found lost.
type losses struct {
	raise func(id string, priority int, title, detail string)

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
	help := " Check the disk, and restore a back-up if what is gone is needed."
	if x.Stream == journalStream {
		help += " Clients whose sessions outlive their connections may lack subscriptions: have them subscribe again."
	}
	l.raise("storage-loss-"+x.Stream, 1, "Stored data of "+x.Stream+" is lost", strings.Join(texts, " ")+help+" This is told for seven days.")
}
