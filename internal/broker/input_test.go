package broker

import (
	"fmt"
	"testing"

	"github.com/millrace/millrace/internal/broker/limit"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// begun is a client that has sent the first n bytes of a PUBLISH with that many; the rest
// is what it has not.
func begun(t *testing.T, b *Broker, id string, size, n int) (c *raw, rest []byte) {
	c = enter(t, b, packet.V5, id)
	whole := publish("a", string(make([]byte, size)), 1, 1).Append(nil, packet.V5)
	before := b.Stats().InputBytes
	c.write(whole[:n])
	eventually(t, id+" is counted", func() bool { return b.Stats().InputBytes >= before+int64(n) || b.Stats().Closed[fault.MemoryGuard] > 0 })
	return c, whole[n:]
}

// Packets of which parts have come hold no more than they may together; who has sent most
// is the first to go, and the others go on.
func TestUnfinishedPacketsHoldNoMoreThanTheyMay(t *testing.T) {
	b := start(t, Options{Loops: 1, InputBytes: 320_000})
	var others []*raw
	var rests [][]byte
	for i := range 3 {
		c, rest := begun(t, b, fmt.Sprint("small", i), 30_000, 20_000)
		others, rests = append(others, c), append(rests, rest)
	}
	big, _ := begun(t, b, "big", 200_000, 150_000)
	if n := b.Stats().Closed[fault.MemoryGuard]; n != 0 {
		t.Fatalf("%d were closed", n)
	}
	last, rest := begun(t, b, "last", 130_000, 120_000)
	others, rests = append(others, last), append(rests, rest)
	if d := expect[*packet.Disconnect](big); d.Reason != packet.ServerBusy {
		t.Errorf("told %s", packet.ReasonName(d.Reason))
	}
	big.closed()
	for i, c := range others {
		c.write(rests[i])
		expect[*packet.Ack](c)
	}
	if n := b.Stats().Closed[fault.MemoryGuard]; n != 1 {
		t.Errorf("%d were closed", n)
	}
	eventually(t, "nothing is left", func() bool { return b.Stats().InputBytes == 0 })
}

// Who holds most of what was received goes when the memory guard sheds, too.
func TestTheGuardClosesWhoHoldsMostInput(t *testing.T) {
	b := start(t, Options{Loops: 1})
	small, rest := begun(t, b, "small", 30_000, 20_000)
	big, _ := begun(t, b, "big", 200_000, 180_000)
	b.post(pressure{limit.Shed, 100_000})
	big.closed()
	small.write(rest)
	expect[*packet.Ack](small)
	eventually(t, "nothing is left", func() bool { return b.Stats().InputBytes == 0 })
}
