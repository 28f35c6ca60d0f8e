package session

import (
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// tellLost tells the shell that the record at that place leaves the queue, but not to the
// client.
func (s *Session) tellLost(at int, code fault.Code) {
	if s.tally == nil || s.tally.Lost == nil {
		return
	}
	r, _ := s.flow.queue.read(at)
	s.tally.Lost(s.publisher(), packet.ImageTopic(r.image), r.share, r.at, code)
}

// tellSent notes what Next has sent.
func (s *Session) tellSent(id uint16, since int64) {
	if s.tally != nil {
		s.tally.SentID, s.tally.SentSince = id, since
	}
}
