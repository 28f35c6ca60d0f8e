package app

import (
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/bus"
	"github.com/millrace/millrace/internal/say"
)

func TestLossesOfOneStreamAreOneAlarm(t *testing.T) {
	alarms := map[string]string{}
	l := losses{raise: func(id string, _ int, _, detail say.Said) { alarms[id] = detail.String() }}
	for range 20 {
		l.add(bus.Loss{Stream: "telemetry", File: "1.blk", Text: "5 was damaged"})
	}
	l.add(bus.Loss{Stream: "people", File: "2.blk", Text: "the newest are gone"})
	if d := alarms["storage-loss-telemetry"]; strings.Count(d, "1.blk") != maxLosses || !strings.HasPrefix(d, "…") {
		t.Errorf("%q", d)
	}
	l.add(bus.Loss{Stream: journalStream, File: "3.blk", Text: "4 was damaged"})
	if d := alarms["storage-loss-journal"]; !strings.Contains(d, "subscribe again") {
		t.Errorf("%q", d)
	}
	if d := alarms["storage-loss-people"]; strings.Count(d, "2.blk") != 1 || len(alarms) != 3 {
		t.Errorf("%v", alarms)
	}
}
