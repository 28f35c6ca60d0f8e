package session

// Aliased is the topic that an alias stands for towards the client; nil when it has
// not been given.
func (s *Session) Aliased(alias uint16) []byte {
	if s.numbering == nil {
		return nil
	}
	for topic, given := range s.numbering.topics {
		if given == alias {
			return []byte(topic)
		}
	}
	return nil
}
