package backup

import (
	"context"
	"io"
	"slices"
)

// base is what the folder has of the stream already, as far as that can be built on.
func (t *taking) base(ctx context.Context, s StreamState) ([]Segment, error) {
	var known *Stream
	for _, g := range []*Generation{t.broken, t.last} {
		if g == nil || known != nil {
			continue
		}
		for i := range g.Streams {
			if x := &g.Streams[i]; x.Name == s.Name && x.Created.Equal(s.Created) {
				known = x
			}
		}
	}
	if known == nil || len(known.Segments) == 0 {
		return nil, nil
	}
	if s.Newest && known.stored() > 2*s.Entries+slackEntries {
		return nil, nil
	}
	if same, err := t.goesOn(ctx, s, known); !same || err != nil {
		return nil, err
	}
	return merged(live(known.Segments, s.First)), nil
}

// goesOn tells whether the stream is the one whose segments are known, and not one that
// lost its end and has other entries there now.
func (t *taking) goesOn(ctx context.Context, s StreamState, known *Stream) (bool, error) {
	for _, seg := range known.Segments {
		if !t.has(seg.Object) {
			return false, nil
		}
	}
	last := known.Segments[len(known.Segments)-1]
	if last.To > s.Last {
		return false, nil
	}
	same := true
	err := t.src.Store.CopyOut(ctx, s.Name, last.To, last.To, func(x *Entry) error {
		same = x.Seq != last.To || x.Time == last.LastTime
		return nil
	})
	return same, err
}

// live leaves out the segments of which nothing is left.
func live(segments []Segment, first uint64) []Segment {
	i := slices.IndexFunc(segments, func(s Segment) bool { return s.To >= first })
	if i < 0 {
		return nil
	}
	return slices.Clone(segments[i:])
}

// merged leaves out a long run of small segments at the end, to be written again as one.
func merged(segments []Segment) []Segment {
	n := len(segments)
	for n > 0 && segments[n-1].Size < smallSegment {
		n--
	}
	if len(segments)-n >= mergeRun {
		return segments[:n]
	}
	return segments
}

// stream copies what is new of one stream.
func (t *taking) stream(ctx context.Context, s StreamState) error {
	segments, err := t.base(ctx, s)
	if err != nil {
		return err
	}
	t.g.Streams = append(t.g.Streams, Stream{Name: s.Name, Config: s.Config, Created: s.Created, Newest: s.Newest,
		First: s.First, Last: s.Last, Entries: s.Entries, Segments: segments})
	c := &cutter{taking: t, stream: &t.g.Streams[len(t.g.Streams)-1]}
	defer c.abandon()
	from, to := s.First, s.Last
	if n := len(segments); n > 0 {
		from = max(from, segments[n-1].To+1)
	}
	if s.Newest {
		to = 0 // a value that is replaced meanwhile is found where it is now
	}
	t.tell(s.Name)
	if from <= s.Last {
		if err := t.src.Store.CopyOut(ctx, s.Name, from, to, c.add); err != nil {
			return err
		}
	}
	return c.cut()
}

// cutter writes a stream's entries as segments.
type cutter struct {
	*taking
	stream  *Stream
	out     *writer
	segment Segment
	record  []byte
}

func (c *cutter) add(x *Entry) (err error) {
	if c.out == nil {
		if c.out, err = c.create(); err != nil {
			return err
		}
		if _, err = io.WriteString(c.out, segmentMagic); err != nil {
			return err
		}
		c.segment = Segment{From: x.Seq}
	}
	c.record = appendEntry(c.record[:0], x)
	if _, err := c.out.Write(c.record); err != nil {
		return err
	}
	c.segment.To, c.segment.LastTime = x.Seq, x.Time
	c.segment.Entries++
	c.entries++
	c.stream.Last = max(c.stream.Last, x.Seq)
	if c.out.size < segmentBytes {
		return nil
	}
	if err := c.cut(); err != nil {
		return err
	}
	return c.writeManifest(c.unfinished(), &c.g) // for a back-up that comes after a crash
}

// cut ends the segment.
func (c *cutter) cut() (err error) {
	if c.out == nil {
		return nil
	}
	c.written, c.read = c.written+c.out.size, c.read+c.out.size
	c.segment.Object, err = c.out.keep()
	c.out = nil
	if err != nil {
		return err
	}
	c.stream.Segments = append(c.stream.Segments, c.segment)
	c.tell(c.stream.Name)
	return nil
}

func (c *cutter) abandon() {
	if c.out != nil {
		c.out.drop()
	}
}
