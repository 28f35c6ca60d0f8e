package app

import (
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/broker/limit"
	"github.com/millrace/millrace/internal/say"
)

// memory are the broker's options of the memory guard.
func (a *App) memory() broker.MemoryOptions {
	m := uint64(a.cfg.MQTT.Memory.Limit)
	if m == 0 {
		m = memoryLimit("/")
	}
	if m > 0 && debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(int64(min(m/4*3, math.MaxInt64))) // below the guard's first stage, so that no garbage is taken for use
	}
	return broker.MemoryOptions{Limit: m, Changed: a.memoryStage}
}

const memoryAlarm = "memory"

var (
	memoryShort = say.New("alarm_memory_short", "Memory is running out")
	queuesCut   = say.New("alarm_memory_queues_cut", "{0} of {1} are in use. The longest queues of clients are cut. Look for slow clients, or give the node more memory.")
	memoryOut   = say.New("alarm_memory_out", "Memory is nearly used up")
	clientsOut  = say.New("alarm_memory_clients_refused", "{0} of {1} are in use. New clients are refused, and those who publish much are slowed. Look for slow clients, or give the node more memory.")
)

func (a *App) memoryStage(s limit.Stage, used, most uint64) {
	switch s {
	case limit.Shed:
		a.alarms.Raise(memoryAlarm, 2, memoryShort.With(), queuesCut.With(say.Size(used), say.Size(most)))
	case limit.Refuse:
		a.alarms.Raise(memoryAlarm, 1, memoryOut.With(), clientsOut.With(say.Size(used), say.Size(most)))
	default:
		a.alarms.Clear(memoryAlarm)
	}
}

// memoryLimit is what the process may use as far as the system says, the files of
// which lie below root, less a tenth: the system counts more than the process
// knows of. 0 when it says nothing.
func memoryLimit(root string) uint64 {
	if m := debug.SetMemoryLimit(-1); m != math.MaxInt64 {
		return uint64(m)
	}
	all := []uint64{physical(filepath.Join(root, "proc/meminfo")), number(filepath.Join(root, "sys/fs/cgroup/memory/memory.limit_in_bytes"))}
	for _, line := range strings.Split(read(filepath.Join(root, "proc/self/cgroup")), "\n") {
		if group, ok := strings.CutPrefix(line, "0::"); ok {
			for ; ; group = filepath.Dir(group) {
				all = append(all, number(filepath.Join(root, "sys/fs/cgroup", group, "memory.max")))
				if group == "/" || group == "." {
					break
				}
			}
		}
	}
	least := uint64(0)
	for _, n := range all {
		if n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	return least - least/10
}

func read(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return "" // another system has no such file
	}
	return strings.TrimSpace(string(b))
}

func number(file string) uint64 {
	n, err := strconv.ParseUint(read(file), 10, 64)
	if err != nil {
		return 0 // "max"
	}
	return n
}

// physical is the machine's memory by /proc/meminfo.
func physical(file string) uint64 {
	for _, line := range strings.Split(read(file), "\n") {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "MemTotal:" {
			n, _ := strconv.ParseUint(f[1], 10, 64)
			return n << 10
		}
	}
	return 0
}
