package stream

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/bus"
	"github.com/millrace/millrace/internal/msg"
)

// The room with its real log, in a process that is killed.
const (
	crashDir        = "STREAM_CRASH_DIR"
	crashRound      = "STREAM_CRASH_ROUND"
	crashRounds     = 6
	crashPublishers = 4
)

// onDisk returns a bus and the options of streams over it.
func onDisk(t testing.TB, dir string, d bus.Durability) (*bus.Bus, Options) {
	b, err := bus.New(bus.Options{Dir: dir, Durability: d})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return b, Options{
		Streams: []Config{{Name: "telemetry", Filters: []string{"#"}}},
		Open:    func(ctx context.Context, c LogConfig) (Log, error) { return b.Log(ctx, c) },
	}
}

// crashChild keeps numbered messages and tells on standard output which of them are
// confirmed, as "publisher number", until the process is killed.
func crashChild(dir string) {
	round, _ := strconv.Atoi(os.Getenv(crashRound))
	d := bus.Power
	if round%2 == 1 {
		d = bus.Process
	}
	t := &testing.B{}
	_, o := onDisk(t, dir, d)
	s, err := New(o)
	if err == nil {
		err = s.Start(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for p := range crashPublishers {
		go crashPublish(s, p, round)
	}
	select {}
}

// crashPublish hands over batches of one to a hundred messages, three in flight.
func crashPublish(s *Streams, p, round int) {
	topic := fmt.Sprint("p", p)
	room := make(chan struct{}, 3)
	n := round * 1e7
	for size := 1; ; size = size*7%100 + 1 {
		room <- struct{}{}
		b := new(msg.Batch)
		for range size {
			m := reading(topic, strconv.Itoa(n), time.Now().UnixNano())
			b.Add(&m, uint64(n))
			n++
		}
		s.Keep(0, b, func(b *msg.Batch, err error) {
			if err == nil {
				fmt.Printf("%d %d %d\n", p, b.Tokens[0], len(b.Tokens))
			}
			<-room
		})
	}
}

func TestWhatWasConfirmedSurvivesKills(t *testing.T) {
	r := seed(t)
	dir := filepath.Join(t.TempDir(), "bus")
	confirmed := map[string]bool{}
	for round := range crashRounds {
		lives := 20 + r.IntN(400) // confirmations before it is killed
		runAndKill(t, dir, round, lives, confirmed)
	}
	b, o := onDisk(t, dir, bus.Power)
	defer b.Close()
	s := running(t, nil, func(x *Options) { *x = o })
	defer s.Close(context.Background())
	if err := keep(s, batchOf(reading("end", "", 1))); err != nil {
		t.Fatal(err)
	}
	checkCrashed(t, s, confirmed)
}

// runAndKill runs a child until it has confirmed that often, kills it at once and
// takes in what it had confirmed.
func runAndKill(t *testing.T, dir string, round, lives int, confirmed map[string]bool) {
	c := exec.Command(os.Args[0], "-test.run=^$")
	c.Env = append(os.Environ(), crashDir+"="+dir, crashRound+"="+strconv.Itoa(round))
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(out)
	for i := 0; ; i++ {
		var p, first, n int
		if _, err := fmt.Fscanln(in, &p, &first, &n); err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) || i < lives {
				t.Fatalf("round %d after %d confirmations: %v", round, i, err)
			}
			break
		}
		for k := range n {
			confirmed[fmt.Sprintf("p%d %d", p, first+k)] = true
		}
		if i == lives {
			_ = c.Process.Kill()
		}
	}
	_ = c.Wait()
}

func checkCrashed(t *testing.T, s *Streams, confirmed map[string]bool) {
	t.Helper()
	total, stored := len(confirmed), 0
	last := map[byte]int{}
	for _, m := range readUntil(t, s, "end") {
		n, _ := strconv.Atoi(m[3:])
		if before, ok := last[m[1]]; ok && n <= before {
			t.Fatalf("publisher %c: %d after %d", m[1], n, before)
		}
		last[m[1]] = n
		stored++
		delete(confirmed, m)
	}
	t.Logf("%d messages confirmed, %d stored", total, stored)
	if len(confirmed) > 0 {
		t.Fatalf("%d of %d confirmed messages are lost", len(confirmed), total)
	}
}
