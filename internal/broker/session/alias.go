package session

import (
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// resolve learns the topic alias of a PUBLISH, or puts the topic in its place
// [MQTT-3.3.2-7]. Aliases live as long as the connection.
func (s *Session) resolve(p *packet.Publish) error {
	switch {
	case p.Alias == 0:
		return nil
	case p.Alias > s.limits.TopicAliases: // [MQTT-3.3.2-9]
		return errAlias
	case s.aliases == nil:
		all := make([][]byte, s.limits.TopicAliases)
		s.aliases = &all
	}
	topic := &(*s.aliases)[p.Alias-1]
	switch {
	case len(p.Topic) == 0 && len(*topic) == 0:
		return errUnknownAlias
	case len(p.Topic) == 0:
		p.Topic = *topic
	case string(*topic) != string(p.Topic):
		*topic = append((*topic)[:0], p.Topic...)
	}
	return nil
}

// numbering gives the first topics that a client is sent an alias each, and keeps
// them: there is no use in moving an alias from topic to topic. nil gives none.
type numbering struct {
	most   int
	topics map[string]uint16
}

// newNumbering is for a client that takes that many aliases.
func newNumbering(most uint16) *numbering {
	if most == 0 {
		return nil
	}
	return &numbering{most: int(most)}
}

// aliasCost is how many bytes an alias takes: shorter topics do without.
const aliasCost = 3

// of returns the topic's alias, giving it one when one is free, and whether the
// client knows it already; 0 is none.
func (n *numbering) of(topic []byte) (alias uint16, known bool) {
	if alias, known = n.topics[string(topic)]; known || len(n.topics) == n.most || len(topic) <= aliasCost {
		return alias, known
	}
	if n.topics == nil {
		n.topics = map[string]uint16{}
	}
	alias = uint16(len(n.topics) + 1)
	n.topics[string(topic)] = alias
	return alias, false
}

// send appends an image: all that goes to a client passes here, so that an alias is
// told before it is used.
func (s *Session) send(dst, image []byte) []byte {
	if s.numbering == nil || !s.mayGrow(image) {
		return append(dst, image...)
	}
	alias, known := s.numbering.of(packet.ImageTopic(image))
	if alias == 0 {
		return append(dst, image...)
	}
	return packet.AppendAliased(dst, image, alias, known)
}

// mayGrow says whether there is room for an alias beside the topic
// [MQTT-3.1.2-24].
func (s *Session) mayGrow(image []byte) bool {
	size := len(image) + packet.AliasRoom
	return size <= packet.MaxRemaining && (s.maxPacket == 0 || size <= int(s.maxPacket))
}
