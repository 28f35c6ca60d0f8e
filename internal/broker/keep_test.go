package broker

import (
	"testing"

	"github.com/millrace/millrace/internal/msg"
)

// After a burst of large messages a loop keeps one batch, and none that is large.
func TestABurstLeavesOneBatch(t *testing.T) {
	var under []*msg.Batch
	log := &fakeLog{}
	k := keeping{keeper: log, limit: 64 << 20, committed: func(b *msg.Batch, _ error) { under = append(under, b) }}
	for i := range 100 {
		m := msg.Message{Topic: []byte("a"), Payload: make([]byte, 1000+i%2*500_000)}
		k.add(0, &m, 0)
		k.endTurn()
	}
	for _, b := range under {
		k.returned(b)
	}
	for range keepBatches {
		k.shrink()
	}
	held := 0
	for _, b := range k.pool[:cap(k.pool)] {
		if b != nil {
			held += cap(b.Records)
		}
	}
	if len(k.pool) != 1 || held > keepBatch || k.bytes != 0 {
		t.Errorf("%d batches hold %d bytes, %d are under way", len(k.pool), held, k.bytes)
	}
}
