package session

// Backlog is how many messages are kept back for the client, and their bytes.
func (s *Session) Backlog() (messages, bytes int) { return s.queue.count, s.queue.bytes() }
