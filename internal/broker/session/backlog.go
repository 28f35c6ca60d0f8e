package session

// Backlog is how many messages are kept back for the client, and their bytes.
func (s *Session) Backlog() (messages, bytes int) {
	if s.flow == nil {
		return 0, 0
	}
	return s.flow.queue.count, s.flow.queue.bytes()
}
