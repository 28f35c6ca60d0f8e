package app

import (
	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/stream"
)

var _ api.Streams = streamsAPI{}

// streamsAPI shows the streams in the API's words.
type streamsAPI struct {
	*stream.Streams
	app *App
}

func (s streamsAPI) Describe() []api.StreamStatus { return s.app.streamStatus() }

func (a *App) streamStatus() []api.StreamStatus {
	return convert(a.streams.Stats(), func(s stream.Stats) api.StreamStatus {
		m, made := a.catalog.Origin(s.Name)
		return api.StreamStatus{
			Origin: streamOrigin(s.BuiltIn, made), Created: m.Created, By: m.By, Before: m.Before,
			Name: s.Name, Filters: s.Filters, BuiltIn: s.BuiltIn, MaxAge: s.MaxAge.Seconds(), MaxBytes: s.MaxBytes, Messages: s.Messages,
			AppendedRate: a.figures.Rate("stream:" + s.Name), BytesRate: a.figures.Rate("stream_bytes:" + s.Name), Bytes: s.Bytes,
			First: s.First.String(), Last: s.Last.String(), FirstTime: s.FirstTime, LastTime: s.LastTime,
			AppendP50: milliseconds(s.AppendP50), AppendP99: milliseconds(s.AppendP99), Refusing: s.Refusing,
			Refused: s.Refused, Damaged: s.Damaged, Pending: s.Pending, Readers: a.streamReaders(s),
		}
	})
}

func streamOrigin(builtIn, made bool) string {
	switch {
	case builtIn:
		return "node"
	case made:
		return "made"
	}
	return "file"
}

// streamReaders are the product's own readers of a stream.
func (a *App) streamReaders(s stream.Stats) (list []api.StreamReader) {
	if s.Name == a.cfg.Historian.Stream {
		h := a.historian.Stats()
		list = append(list, api.StreamReader{Name: "historian", Kind: "historian", Position: h.Committed.String(), Behind: behind(s, h.Committed), Lag: h.Lag.Seconds()})
	}
	return append(list, a.groupReaders(s)...)
}

// behind is how many stored entries a reader that has done all up to p has not done. The
// newest is done with its last message.
func behind(s stream.Stats, p msg.Position) uint64 {
	last, done := s.Last.Seq, p.Seq
	if s.First.Seq > 0 {
		done = max(done, s.First.Seq-1) // what is removed nobody has to do
	}
	switch {
	case p.Compare(s.Last) >= 0:
		return 0
	case done >= last:
		return 1
	}
	return last - done
}
