package stream

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/bus"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/testkit/smalldisk"
)

// TestAFullDiskRefusesAndThenTakesAgain publishes onto a disk of a few megabytes,
// once with the reserve that keeps the engine from its end, once without.
func TestAFullDiskRefusesAndThenTakesAgain(t *testing.T) {
	smalldisk.AsRoot(t, func(t *testing.T) {
		t.Run("with a reserve", func(t *testing.T) { fillDisk(t, 4<<20) })
		t.Run("into the engine's own failure", func(t *testing.T) { fillDisk(t, 0) })
	})
}

func fillDisk(t *testing.T, reserve int64) {
	disk := smalldisk.Mount(t, 24<<20)
	dir, ballast := filepath.Join(disk, "bus"), filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 12<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := bus.New(bus.Options{Dir: dir, WakeSpace: 6 << 20})
	if err == nil {
		err = b.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	a := alarms{make(chan string, 10), make(chan string, 10)}
	s := running(t, nil, func(o *Options) {
		o.Open = func(ctx context.Context, c LogConfig) (Log, error) { return b.Log(ctx, c) }
		o.Reserve, o.Alarms, o.GuardPulse = reserve, a, 1e6
		if reserve > 0 {
			o.FreeSpace = func() (int64, error) { return bus.FreeSpace(disk) }
		}
	})
	defer s.Close(context.Background())

	kept := publishUntilFull(t, s)
	if got := <-a.raised; !strings.HasPrefix(got, alarmFull) {
		t.Fatalf("alarm %q", got)
	}
	if got := readN(t, s, len(kept)); len(got) < len(kept) {
		t.Fatalf("%d of %d messages can be read while the disk is full", len(got), len(kept))
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	for keep(s, batchOf(reading("end", "", 1))) != nil {
		<-a.cleared // or refused once more, which raises it again
	}
	found := map[string]bool{}
	for _, m := range readUntil(t, s, "end") {
		found[m[:20]] = true
	}
	for m := range kept {
		if !found[m] {
			t.Fatalf("message %s was confirmed and is lost", m)
		}
	}
}

// TestABurstLeavesTheReserveAlone publishes onto a small disk as fast as it goes while
// the guard's own pulse never comes.
func TestABurstLeavesTheReserveAlone(t *testing.T) {
	smalldisk.AsRoot(t, func(t *testing.T) {
		for _, d := range []bus.Durability{bus.Power, bus.Process} {
			for _, size := range []int{8, 300, 20_000} {
				t.Run(fmt.Sprintf("%v, messages of %d bytes", d, size), func(t *testing.T) { burst(t, d, size) })
			}
		}
	})
}

func burst(t *testing.T, d bus.Durability, size int) {
	const reserve = 3 << 20
	disk := smalldisk.Mount(t, 8<<20)
	b, o := onDisk(t, filepath.Join(disk, "bus"), d)
	defer b.Close()
	a := alarms{make(chan string, 10), make(chan string, 10)}
	o.FreeSpace = func() (int64, error) { return bus.FreeSpace(disk) }
	o.Reserve, o.Alarms, o.GuardPulse = reserve, a, time.Hour
	s := running(t, nil, func(x *Options) { *x = o })
	payload := strings.Repeat("x", size)
	var wg sync.WaitGroup
	for p := range 4 {
		wg.Go(func() { burstUntilRefused(t, s, reading("p"+strconv.Itoa(p), payload, 1)) })
	}
	wg.Wait()
	<-a.raised
	s.Close(context.Background())
	free, err := bus.FreeSpace(disk)
	if err != nil || free < reserve {
		t.Fatalf("%d bytes are free, the reserve is %d: %v", free, reserve, err)
	}
	if free > 2*reserve {
		t.Fatalf("refused with %d bytes free, the reserve is %d", free, reserve)
	}
}

// burstUntilRefused hands over batches of up to a hundred messages, thirty at a time.
func burstUntilRefused(t *testing.T, s *Streams, m msg.Message) {
	room := make(chan struct{}, 30)
	var full atomic.Bool
	for n := 1; !full.Load(); n = n*7%100 + 1 {
		b := new(msg.Batch)
		for range n {
			b.Add(&m, 0)
		}
		room <- struct{}{}
		s.Keep(0, b, func(_ *msg.Batch, err error) {
			if err != nil && fault.CodeOf(err) != fault.StorageFull {
				t.Error(err)
			}
			if err != nil {
				full.Store(true)
			}
			<-room
		})
	}
	for range cap(room) {
		room <- struct{}{}
	}
}

// publishUntilFull publishes from several goroutines until each is refused and
// returns the beginnings of the messages that were confirmed.
func publishUntilFull(t *testing.T, s *Streams) map[string]bool {
	var mu sync.Mutex
	kept := map[string]bool{}
	var wg sync.WaitGroup
	for p := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				payload := fmt.Sprintf("%016d", i) + strings.Repeat("x", 2000+i%3000)
				err := keep(s, batchOf(reading("p"+strconv.Itoa(p), payload, 1)))
				if err != nil {
					if fault.CodeOf(err) != fault.StorageFull {
						t.Error(err)
					}
					return
				}
				mu.Lock()
				kept[("p" + strconv.Itoa(p) + " " + payload)[:20]] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return kept
}

func readN(t *testing.T, s *Streams, n int) []string { return read(t, s, msg.Position{}, n) }

// TestAKilledNodeStartsOnADiskWithoutAByteFree kills the room with its log in the
// midst of writing, lets somebody else fill the disk, starts and makes space again.
func TestAKilledNodeStartsOnADiskWithoutAByteFree(t *testing.T) {
	smalldisk.AsRoot(t, killedOnAFullDisk)
}

func killedOnAFullDisk(t *testing.T) {
	disk := smalldisk.Mount(t, 64<<20)
	dir, ballast := filepath.Join(disk, "bus"), filepath.Join(disk, "ballast")
	confirmed := map[string]bool{}
	for round := range 2 { // with either durability
		runAndKill(t, dir, round, 30, confirmed)
	}
	fillToTheLastByte(t, ballast)
	b, o := onDisk(t, dir, bus.Power)
	defer b.Close()
	a := alarms{make(chan string, 10), make(chan string, 10)}
	o.FreeSpace = func() (int64, error) { return bus.FreeSpace(disk) }
	o.Reserve, o.Alarms, o.GuardPulse = 4<<20, a, time.Millisecond
	s := running(t, nil, func(x *Options) { *x = o })
	defer s.Close(context.Background())

	if got := <-a.raised; !strings.HasPrefix(got, alarmFull) {
		t.Fatalf("alarm %q", got)
	}
	end := func() error { return keep(s, batchOf(reading("end", "", 1))) }
	if err := end(); fault.CodeOf(err) != fault.StorageFull {
		t.Fatalf("on a full disk: %v", err)
	}
	if got := readN(t, s, len(confirmed)); len(got) < len(confirmed) {
		t.Fatalf("%d of %d messages can be read while the disk is full", len(got), len(confirmed))
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	<-a.cleared
	if err := end(); err != nil {
		t.Fatalf("with space again: %v", err)
	}
	checkCrashed(t, s, confirmed)
	if b.Restarts() != 0 {
		t.Fatalf("the engine was restarted %d times: something was written on the full disk", b.Restarts())
	}
}

// fillToTheLastByte writes a file until the disk has no byte left.
func fillToTheLastByte(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 1<<16); len(block) > 0; {
		if n, err := f.Write(block); n == 0 && err != nil {
			block = block[:len(block)/2]
		}
	}
	if free, err := bus.FreeSpace(filepath.Dir(name)); err != nil || free != 0 {
		t.Fatalf("%d bytes free, %v", free, err)
	}
}
