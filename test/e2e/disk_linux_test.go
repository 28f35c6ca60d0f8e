//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/eclipse/paho.golang/paho"

	"github.com/millrace/millrace/internal/testkit/smalldisk"
)

// A small disk fills up: publishes that the log would have to keep are refused, an
// alarm says why, and all is well again by itself once there is space.
func TestAFullDiskRefusesAlarmsAndRecovers(t *testing.T) {
	smalldisk.AsRoot(t, fillTheDisk)
}

func fillTheDisk(t *testing.T) {
	disk := smalldisk.Mount(t, 96<<20)
	n := startNode(t, filepath.Join(disk, "data"), []string{"MILLRACE_STORAGE__RESERVE=16MiB"})
	c := newCaller(t, n, "viewer")
	client := connect(t, n, "writer", nil)
	kept, refused := map[float64]bool{}, 0
	next := 0.0
	publish := func() byte {
		next++
		answer, err := client.Publish(t.Context(), &paho.Publish{Topic: "disk/level", QoS: 1, Payload: fmt.Append(nil, next)})
		if answer == nil {
			t.Fatalf("no PUBACK: %v", err)
		}
		if answer.ReasonCode < 0x80 {
			kept[next] = true
		} else {
			refused++
		}
		return answer.ReasonCode
	}
	if reason := publish(); reason >= 0x80 {
		t.Fatalf("refused with 0x%02x while there is space", reason)
	}

	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast)
	eventually(t, "publishes are refused with 0x97", func() bool { return publish() == 0x97 })
	eventually(t, "an alarm is raised", func() bool { return len(alarms(c)) > 0 })

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	eventually(t, "publishes are taken again", func() bool { return publish() < 0x80 })
	eventually(t, "the alarm is gone", func() bool { return len(alarms(c)) == 0 })
	eventually(t, "all that was kept is stored", func() bool { return len(c.raw("disk/level/value").Values) >= len(kept) })
	stored := c.raw("disk/level/value").Values
	for _, v := range stored {
		if !kept[v.(float64)] {
			t.Errorf("%v was refused and is stored", v)
		}
	}
	if len(stored) != len(kept) || refused == 0 {
		t.Errorf("%d kept, %d stored, %d refused", len(kept), len(stored), refused)
	}
}

// fill writes until the disk has no room left.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 1<<16)
	for {
		if _, err := f.Write(block); err != nil {
			return
		}
	}
}
