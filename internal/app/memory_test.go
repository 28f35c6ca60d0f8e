package app

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTheLeastOfWhatTheSystemSaysIsTheLimit(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  uint64
	}{
		"nothing":         {nil, 0},
		"machine":         {map[string]string{"proc/meminfo": "MemTotal:  2048 kB\nMemFree: 1 kB\n"}, 2 << 20},
		"group":           {map[string]string{"proc/meminfo": "MemTotal: 2048 kB", "proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "1000000\n"}, 1_000_000},
		"group above":     {map[string]string{"proc/self/cgroup": "0::/a/b", "sys/fs/cgroup/a/b/memory.max": "max", "sys/fs/cgroup/a/memory.max": "5000"}, 5000},
		"container":       {map[string]string{"proc/self/cgroup": "0::/", "sys/fs/cgroup/memory.max": "7000"}, 7000},
		"groups of old":   {map[string]string{"sys/fs/cgroup/memory/memory.limit_in_bytes": "9000"}, 9000},
		"group unlimited": {map[string]string{"proc/meminfo": "MemTotal: 1 kB", "proc/self/cgroup": "0::/", "sys/fs/cgroup/memory.max": "max"}, 1024},
	} {
		root := t.TempDir()
		for file, text := range c.files {
			path := filepath.Join(root, file)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got := memoryLimit(root); got != c.want-c.want/10 {
			t.Errorf("%s: %d, want %d", name, got, c.want-c.want/10)
		}
	}
}
