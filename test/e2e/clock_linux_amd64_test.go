//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"debug/elf"
	coding "encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace/millrace/internal/mqtt/packet"
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
	if err := k.tell(); err != nil && !errors.Is(err, os.ErrNotExist) { // none runs: the next one will
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

// five is an MQTT 5 client, packet by packet.
type five struct {
	t    *testing.T
	conn net.Conn
	in   []byte
	came bool // its session was there
}

// arrive connects; how may change the CONNECT.
func arrive(t *testing.T, n *node, id string, keepAlive uint16, expiry uint32, how func(*packet.Connect)) *five {
	t.Helper()
	conn, err := n.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c, p := &five{t: t, conn: conn}, &packet.Connect{Version: packet.V5, ClientID: []byte(id), KeepAlive: keepAlive, SessionExpiry: expiry}
	if how != nil {
		how(p)
	}
	c.send(p)
	ack := next[*packet.Connack](c)
	if ack.Reason != 0 {
		t.Fatalf("%s: %+v", id, ack)
	}
	c.came = ack.SessionPresent
	return c
}

func (c *five) send(p packet.Packet) {
	c.t.Helper()
	if _, err := c.conn.Write(p.Append(nil, packet.V5)); err != nil {
		c.t.Fatal(err)
	}
}

// read returns the next packet.
func (c *five) read() (packet.Packet, error) {
	_ = c.conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	for {
		if size, err := packet.Frame(c.in, 0); err != nil {
			return nil, err
		} else if size > 0 && size <= len(c.in) {
			p, err := packet.Decode(bytes.Clone(c.in[:size]), packet.V5)
			c.in = c.in[size:]
			return p, err
		}
		b := make([]byte, 4096)
		n, err := c.conn.Read(b)
		if c.in = append(c.in, b[:n]...); err != nil && n == 0 {
			return nil, err
		}
	}
}

// next returns the next packet, which has to be of that kind.
func next[P packet.Packet](c *five) P {
	c.t.Helper()
	p, err := c.read()
	is, ok := p.(P)
	if !ok {
		c.t.Fatalf("%T %+v came (%v), want %T", p, p, err, is)
	}
	return is
}

func (c *five) subscribe(filter string) {
	c.t.Helper()
	c.send(&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte(filter), QoS: 1}}})
	next[*packet.Suback](c)
}

// publish has a message of QoS 1 acknowledged.
func (c *five) publish(topic, text string, expiry uint32) {
	c.t.Helper()
	c.send(&packet.Publish{Topic: []byte(topic), Payload: []byte(text), QoS: 1, ID: 1, HasExpiry: expiry > 0, Expiry: expiry})
	next[*packet.Ack](c)
}

// gets returns the messages that have come when the client's PINGREQ is answered.
func (c *five) gets() (all []string) {
	c.t.Helper()
	c.send(packet.Pingreq{})
	for {
		p, err := c.read()
		switch p := p.(type) {
		case *packet.Publish:
			all = append(all, string(p.Topic)+"="+string(p.Payload))
			if p.QoS == 1 {
				c.send(&packet.Ack{Kind: packet.TypePuback, ID: p.ID})
			}
		case packet.Pingresp:
			return all
		default:
			c.t.Fatalf("%T %+v came, %v", p, p, err)
		}
	}
}

// awaits returns the messages that have come when they are so many.
func (c *five) awaits(n int) (all []string) {
	c.t.Helper()
	eventually(c.t, "the messages come", func() bool {
		all = append(all, c.gets()...)
		return len(all) >= n
	})
	return all
}

// closed awaits the end of a client that says nothing.
func (c *five) closed() {
	c.t.Helper()
	for {
		if _, err := c.read(); err != nil {
			return
		}
	}
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q came, want %q", what, got, want)
	}
}

// The machine's clock is set by two days while the node runs, forth and far back, and
// again while it is down. What lasts a while goes on evenly: keep alive, session expiry,
// will delay. What stands until a time of day goes by the clock: message expiry, and
// delayed messages.
func TestTheClockIsSet(t *testing.T) {
	const days = 48 * time.Hour
	var clock wallClock
	n := startNodeAt(t, &clock, nil)
	cut := func(id, topic string, delay uint32) {
		arrive(t, n, id, 60, 3600, func(p *packet.Connect) {
			p.HasWill, p.Will = true, packet.Will{Topic: []byte(topic), Payload: []byte("gone"), Delay: delay}
		}).conn.Close()
	}
	idle, watcher, talker := arrive(t, n, "idle", 60, 0, nil), arrive(t, n, "watcher", 60, 0, nil), arrive(t, n, "talker", 60, 0, nil)
	watcher.subscribe("will/#")
	watcher.subscribe("late/#")
	for _, id := range []string{"away", "again"} {
		c := arrive(t, n, id, 60, 3600, nil)
		c.subscribe("a/#")
		c.send(&packet.Disconnect{})
	}
	talker.publish("a/1", "stays", 0)
	talker.publish("a/2", "expires", 3600)
	talker.publish("$delayed/3600/late/1", "by the clock", 0)
	cut("hour", "will/hour", 3600)
	arrive(t, n, "brief", 60, 1, nil).send(&packet.Disconnect{})

	clock.step(t, days)
	silent := arrive(t, n, "silent", 1, 0, nil)
	silent.closed() // one second and a half: all clocks of the node have been looked at
	if idle.gets(); arrive(t, n, "brief", 60, 0, nil).came {
		t.Error("a session of a second is there after one and a half")
	}
	same(t, "watcher, two days ahead", watcher.awaits(1), "late/1=by the clock")
	away := arrive(t, n, "away", 60, 3600, nil)
	if !away.came {
		t.Error("the session has ended by the clock")
	}
	same(t, "away, two days ahead", append(away.awaits(1), away.gets()...), "a/1=stays")

	clock.step(t, -2*days)
	cut("second", "will/second", 1)
	talker.publish("$delayed/1/late/2", "after", 0)
	arrive(t, n, "silent", 1, 0, nil).closed()
	came := watcher.awaits(2)
	slices.Sort(came)
	same(t, "watcher, two days back", came, "late/2=after", "will/second=gone")
	idle.gets()

	n.kill(t)
	clock.step(t, -days)
	n.Restart(t)
	again := arrive(t, n, "again", 60, 3600, nil)
	if !again.came {
		t.Error("the session has ended while the clock was set back")
	}
	same(t, "again", again.awaits(2), "a/1=stays", "a/2=expires")
	n.kill(t)
	clock.step(t, 3*days) // later than its client has left by either clock
	n.Restart(t)
	if arrive(t, n, "hour", 60, 3600, nil).came {
		t.Error("the session has outlived the time for which the node was down, by the clock")
	}
}

// Sessions, messages and QoS 2 survive a clock that is set by seconds, hours and days, back
// and forth, while the node runs, starts and is killed.
func TestSessionsSurviveStepsOfTheClock(t *testing.T) {
	var clock wallClock
	x := newTrial(t, startNodeAt(t, &clock, trialEnv))
	for range testKills(10) {
		for range 1 + x.chance.IntN(3) {
			x.progress()
			by := []time.Duration{time.Second, time.Minute, time.Hour, 24 * time.Hour}[x.chance.IntN(4)] * time.Duration(1+x.chance.IntN(3))
			by *= time.Duration(1 - 2*x.chance.IntN(2))
			clock.step(t, by)
		}
		x.progress()
		x.kill()
	}
	x.end()
}
