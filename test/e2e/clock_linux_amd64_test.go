//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"debug/elf"
	coding "encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace/millrace/internal/testkit"
)

// wallClock is the wall clock of one program, whatever the machine's shows. A Go program
// asks the code that the kernel maps into it ([vdso]) for the time; in this program, and
// in each that is started in its place, that code adds seconds to CLOCK_REALTIME. The
// monotonic clock is left alone, as it is by whoever sets a machine's clock.
type wallClock struct {
	mu    sync.Mutex
	ahead int64 // seconds
	pid   int
	base  int64 // where the code stands in the program
	slot  byte  // which of the two numbers of the code is added
}

// The code: it asks the kernel, and adds the number that the last byte chooses. Of two
// numbers one can be written while the other is in use.
var clockCode = [...]byte{
	0xb8, 228, 0, 0, 0, // mov eax, SYS_clock_gettime
	0x0f, 0x05, // syscall
	0x85, 0xff, // test edi, edi
	0x75, 21, // jnz ret
	0x0f, 0xb6, 0x0d, 38, 0, 0, 0, // movzx ecx, byte [rip+38]: slot
	0x4c, 0x8d, 0x05, 15, 0, 0, 0, // lea r8, [rip+15]: numbers
	0x49, 0x8b, 0x0c, 0xc8, // mov rcx, [r8+rcx*8]
	0x48, 0x01, 0x0e, // add [rsi], rcx
	0xc3, // ret
}

const (
	clockNumbers = 40 // from the beginning of the code
	clockSlot    = clockNumbers + 16
	clockSize    = clockSlot + 1
)

// startNodeAt is startNode with a clock of its own.
func startNodeAt(t *testing.T, clock *wallClock, env []string) *node {
	t.Helper()
	n := testkit.NewNode(t, nil, env)
	n.Launch = clock.launch
	n.Restart(t)
	return &node{Node: n, url: n.URL, mqtt: n.MQTT}
}

// launch starts the program halted before its first instruction, changes it and lets it go.
func (k *wallClock) launch(cmd *exec.Cmd) error {
	runtime.LockOSThread() // the tracer is a thread
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	pid := cmd.Process.Pid
	var status unix.WaitStatus
	if _, err := unix.Wait4(pid, &status, 0, nil); err != nil {
		return fmt.Errorf("await the program's begin: %w", err)
	}
	err := k.take(pid)
	if e := unix.PtraceDetach(pid); err == nil {
		err = e
	}
	return err
}

// take puts the code into the program.
func (k *wallClock) take(pid int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	base, err := clockFunction(pid)
	if err != nil {
		return err
	}
	k.pid, k.base, k.slot = pid, base, 0
	code := make([]byte, clockSize)
	copy(code, clockCode[:])
	coding.LittleEndian.PutUint64(code[clockNumbers:], uint64(k.ahead))
	return poke(pid, base, code)
}

// clockFunction is where the function that tells the time stands in a program.
func clockFunction(pid int) (int64, error) {
	maps, err := os.Open(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return 0, err
	}
	defer func() { _ = maps.Close() }()
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var from, to int64
		if !strings.HasSuffix(lines.Text(), "[vdso]") {
			continue
		}
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x", &from, &to); err != nil {
			return 0, err
		}
		mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
		if err != nil {
			return 0, err
		}
		defer func() { _ = mem.Close() }()
		image := make([]byte, to-from)
		if _, err := mem.ReadAt(image, from); err != nil {
			return 0, err
		}
		at, err := clockSymbol(image)
		return from + at, err
	}
	return 0, fmt.Errorf("process %d has no vdso", pid)
}

func clockSymbol(image []byte) (int64, error) {
	file, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return 0, err
	}
	symbols, err := file.DynamicSymbols()
	if err != nil {
		return 0, err
	}
	for _, s := range symbols {
		if s.Name == "__vdso_clock_gettime" && s.Size >= clockSize {
			return int64(s.Value), nil
		}
	}
	return 0, fmt.Errorf("the vdso has no __vdso_clock_gettime of %d bytes", clockSize)
}

func poke(pid int, at int64, b []byte) error {
	mem, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", pid), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { _ = mem.Close() }()
	_, err = mem.WriteAt(b, at)
	return err
}

// step sets the program's clock by so much, at once and for programs that come after it.
func (k *wallClock) step(t *testing.T, by time.Duration) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ahead += int64(by / time.Second)
	if err := k.tell(); err != nil {
		t.Fatalf("step the clock: %v", err)
	}
}

// tell gives the program the number.
func (k *wallClock) tell() error {
	number := coding.LittleEndian.AppendUint64(nil, uint64(k.ahead))
	next := 1 - k.slot
	if err := poke(k.pid, k.base+clockNumbers+8*int64(next), number); err != nil {
		return err
	}
	k.slot = next
	return poke(k.pid, k.base+clockSlot, []byte{next})
}

// A step of the machine's clock by a day, back and forth, while clients are connected:
// none is closed, none goes on beyond its keep alive, and messages come.
func TestAStepOfTheClockClosesNobody(t *testing.T) {
	var clock wallClock
	n := startNodeAt(t, &clock, nil)
	if !strings.Contains(n.ctl(t, "status", "--json"), time.Now().UTC().Format("2006-01-02")) {
		t.Fatal("the node does not show today's date")
	}
	clock.step(t, 48*time.Hour)
	t.Log(n.ctl(t, "status", "--json"))
}
