package bench

import "github.com/millrace/millrace/internal/mqtt/packet"

// held are the packet identifiers of QoS 2 messages that a peer has received and not
// yet released, as bits. The zero value is empty.
type held []uint64

// take notes an identifier; false says that its message came before and is not
// released: MQTT owes nobody a second look at it [MQTT-4.3.3-10].
func (h *held) take(id uint16) bool {
	word, bit := int(id/64), uint64(1)<<(id%64)
	for word >= len(*h) {
		*h = append(*h, 0)
	}
	fresh := (*h)[word]&bit == 0
	(*h)[word] |= bit
	return fresh
}

// release forgets an identifier.
func (h held) release(id uint16) {
	if word := int(id / 64); word < len(h) {
		h[word] &^= 1 << (id % 64)
	}
}

// answer sends one of the packets that acknowledge.
func (p *peer) answer(t packet.Type, id uint16) {
	p.out = packet.AppendAck(p.out, t, id, packet.Success, p.version)
	p.touch()
}

// pubrec goes on with a message of ours, or ends one that was refused.
func (p *peer) pubrec(b []byte, now int64) error {
	a := &p.loop.ack
	if err := a.Decode(b, p.version); err != nil {
		return err
	}
	if a.Reason >= packet.UnspecifiedError {
		p.role.acked(a.ID, a.Reason, now)
		return nil
	}
	if b, ok := p.role.(*publisher); ok {
		b.recorded(a.ID)
	}
	p.answer(packet.TypePubrel, a.ID)
	return nil
}

// pubrel ends a message that was received.
func (p *peer) pubrel(b []byte) error {
	a := &p.loop.ack
	if err := a.Decode(b, p.version); err != nil {
		return err
	}
	p.held.release(a.ID)
	p.answer(packet.TypePubcomp, a.ID)
	return nil
}
