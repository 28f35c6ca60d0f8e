package stream

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// TestQueueScripts plays testdata/queue/*.txt: a line that begins with > is a step,
// the lines behind it are what came of it. Steps:
//
//	batch NAME COUNT SIZE   hand over COUNT messages of SIZE bytes
//	refuse NAME             hand over one message while the storage is full
//	ok|lost|full ENTRY      the log's answer to an entry, named run.number
//	after DURATION          let time pass
//
// After each step everything due is sent and called back.
func TestQueueScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/queue/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(want))
			if *rewrite {
				err = os.WriteFile(file, []byte(got), 0o600)
			}
			if err != nil || !*rewrite && got != string(want) {
				t.Fatalf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// desk is a queue with the names that a script gives to things.
type desk struct {
	*queue
	now     int64
	batches map[*msg.Batch]string
	sent    map[string]*shipment
	out     strings.Builder
}

func play(t *testing.T, script string) string {
	run := uint64(0)
	d := desk{now: 1e12, batches: map[*msg.Batch]string{}, sent: map[string]*shipment{}}
	d.queue = newQueue(func() uint64 { run++; return run })
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, ">"):
			fmt.Fprintln(&d.out, line)
			if err := d.step(strings.Fields(line[1:])); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			d.settleAll()
		case line == "" || strings.HasPrefix(line, "#"):
			fmt.Fprintln(&d.out, line)
		}
	}
	return d.out.String()
}

func (d *desk) step(w []string) error {
	switch w[0] {
	case "batch":
		var count, size int
		if _, err := fmt.Sscan(w[2]+" "+w[3], &count, &size); err != nil {
			return err
		}
		d.hand(w[1], count, size, nil)
	case "refuse":
		d.hand(w[1], 1, 1, fault.New(fault.StorageFull, "full"))
	case "after":
		pause, err := time.ParseDuration(w[1])
		d.now += int64(pause)
		return err
	default:
		s := d.sent[w[1]]
		if s == nil {
			return errors.New("not under way")
		}
		delete(d.sent, w[1])
		d.answer(d.now, s, 1, map[string]error{"lost": errors.New("lost"), "full": fault.New(fault.StorageFull, "full")}[w[0]])
	}
	return nil
}

func (d *desk) hand(name string, count, size int, refuse error) {
	b := new(msg.Batch)
	for range count {
		m := reading("a", strings.Repeat("x", size), 1)
		b.Add(&m, 0)
	}
	d.batches[b] = name
	d.arrive(d.now, &job{batch: b}, refuse)
}

// settleAll calls back and sends what is due, and writes it down.
func (d *desk) settleAll() {
	for _, j := range d.done(nil) {
		word := "kept"
		if j.err != nil {
			word = fault.CodeOf(j.err).String()
		}
		fmt.Fprintf(&d.out, "  %s: %s\n", d.batches[j.batch], word)
	}
	for {
		s, wait := d.next(d.now)
		if s == nil {
			if wait > 0 {
				fmt.Fprintf(&d.out, "  wait %v\n", time.Duration(wait))
			}
			return
		}
		name := fmt.Sprintf("%d.%d", s.run, s.number)
		d.sent[name] = s
		fmt.Fprintf(&d.out, "  send %s: %d messages%s\n", name, s.messages, map[bool]string{true: ", again"}[s.repeat])
	}
}
