package historian

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/millrace/millrace/internal/point"
)

// series is what memory holds of one series.
type series struct {
	name     string // topic, slash, metric
	text     string // of the newest value
	num      float64
	last     int64 // newest point's time; every in-order chunk ends at or before it
	arrived  int64 // the last time given to a point that brought none
	head     uint32
	topicLen uint32
	freshPts uint16 // points in fresh chunks, about
	fresh    uint8  // fresh in-order chunks at the end
	merged   uint8  // merged ones before them
	late     uint8  // late chunks since they were last merged
	kind     point.Kind
}

func (s *series) topic() string  { return s.name[:s.topicLen] }
func (s *series) metric() string { return s.name[s.topicLen+1:] }

func (s *series) value() point.Value { return point.Value{Kind: s.kind, Num: s.num, Str: s.text} }

func (s *series) describe() point.Series {
	return point.Series{Name: s.name, Topic: s.topic(), Metric: s.metric(), Kind: s.kind, Last: s.last, Value: s.value()}
}

// topicSeries are the series of one topic in order of their first sight. Messages
// of a topic mostly bring the same metrics in the same order: next guesses.
type topicSeries struct {
	ids  []uint32
	next int
	by   map[string]uint32 // by metric, once there are many
}

const (
	pageSize = 1024 // series a page
	many     = 16   // metrics of a topic from which on a map pays
)

// catalogue knows every series by number and by (topic, metric). Pages never move,
// so a *series stays valid. It has no lock of its own.
type catalogue struct {
	pages    []*[pageSize]series
	count    uint32
	topics   map[string]*topicSeries
	sorted   []uint32 // by name, but for
	unsorted []uint32
}

func newCatalogue() *catalogue { return &catalogue{topics: map[string]*topicSeries{}} }

func (c *catalogue) at(id uint32) *series { return &c.pages[id/pageSize][id%pageSize] }

// add appends a series and returns its number. Its name's strings are its own.
func (c *catalogue) add(topic, metric string) uint32 {
	id := c.count
	if id%pageSize == 0 {
		c.pages = append(c.pages, new([pageSize]series))
	}
	c.count++
	s := c.at(id)
	s.name, s.topicLen = point.SeriesName(topic, metric), uint32(len(topic))
	t := c.topics[topic]
	if t == nil {
		t = &topicSeries{}
		c.topics[s.topic()] = t
	}
	c.join(t, id, s)
	c.unsorted = append(c.unsorted, id)
	return id
}

func (c *catalogue) join(t *topicSeries, id uint32, s *series) {
	t.ids = append(t.ids, id)
	if len(t.ids) == many {
		t.by = make(map[string]uint32, 2*many)
		for _, other := range t.ids {
			t.by[c.at(other).metric()] = other
		}
	} else if t.by != nil {
		t.by[s.metric()] = id
	}
}

// find returns the series of t that has the metric.
func (c *catalogue) find(t *topicSeries, metric []byte) (uint32, bool) {
	if t.next < len(t.ids) {
		if id := t.ids[t.next]; c.at(id).metric() == string(metric) {
			t.next++
			return id, true
		}
	}
	if t.by != nil {
		id, ok := t.by[string(metric)]
		return id, ok
	}
	for i, id := range t.ids {
		if c.at(id).metric() == string(metric) {
			t.next = i + 1
			return id, true
		}
	}
	return 0, false
}

// named finds a series by its name. Where a slash in a metric makes two series
// share a name, the one with the longest topic answers.
func (c *catalogue) named(name string) (uint32, bool) {
	for end := len(name); ; {
		slash := strings.LastIndexByte(name[:end], '/')
		if slash < 0 {
			return 0, false
		}
		if t := c.topics[name[:slash]]; t != nil {
			if id, ok := c.seek(t, name[slash+1:]); ok {
				return id, true
			}
		}
		end = slash
	}
}

// seek is find for readers: it leaves the guess alone.
func (c *catalogue) seek(t *topicSeries, metric string) (uint32, bool) {
	if t.by != nil {
		id, ok := t.by[metric]
		return id, ok
	}
	for _, id := range t.ids {
		if c.at(id).metric() == metric {
			return id, true
		}
	}
	return 0, false
}

// sort brings new series into order.
func (c *catalogue) sort() {
	if len(c.unsorted) == 0 {
		return
	}
	byName := func(a, b uint32) int { return strings.Compare(c.at(a).name, c.at(b).name) }
	slices.SortFunc(c.unsorted, byName)
	merged := make([]uint32, 0, c.count)
	a, b := c.sorted, c.unsorted
	for len(a) > 0 && len(b) > 0 {
		if byName(a[0], b[0]) <= 0 {
			merged, a = append(merged, a[0]), a[1:]
		} else {
			merged, b = append(merged, b[0]), b[1:]
		}
	}
	c.sorted, c.unsorted = append(append(merged, a...), b...), nil
}

// list returns the page's series and how many match in all; sort comes first.
func (c *catalogue) list(p point.Page) ([]point.Series, int) {
	name := func(i int) string { return c.at(c.sorted[i]).name }
	from := lowest(len(c.sorted), func(i int) bool { return name(i) >= p.Prefix })
	to := from + lowest(len(c.sorted)-from, func(i int) bool { return !strings.HasPrefix(name(from+i), p.Prefix) })
	limit := p.Limit
	if limit <= 0 {
		limit = defaultPage
	}
	offset := max(p.Offset, 0)
	if p.Search == "" {
		first := min(from+min(offset, to-from), to)
		return c.describe(c.sorted[first:min(to, first+min(limit, to-first))]), to - from
	}
	return c.search(c.sorted[from:to], p.Search, offset, limit)
}

func (c *catalogue) search(ids []uint32, word string, offset, limit int) ([]point.Series, int) {
	word = strings.ToLower(word)
	var hits []uint32
	total := 0
	for _, id := range ids {
		if !containsFold(c.at(id).name, word) {
			continue
		}
		if total >= offset && len(hits) < limit {
			hits = append(hits, id)
		}
		total++
	}
	return c.describe(hits), total
}

func (c *catalogue) describe(ids []uint32) []point.Series {
	out := make([]point.Series, len(ids))
	for i, id := range ids {
		out[i] = c.at(id).describe()
	}
	return out
}

// lowest is the smallest i below n with f(i), else n.
func lowest(n int, f func(int) bool) int {
	lo, hi := 0, n
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); f(mid) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// containsFold says whether s holds the lower-case word, letter case ignored.
func containsFold(s, word string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return strings.Contains(strings.ToLower(s), word)
		}
	}
	for i := 0; i+len(word) <= len(s); i++ {
		j := 0
		for j < len(word) && lower(s[i+j]) == word[j] {
			j++
		}
		if j == len(word) {
			return true
		}
	}
	return false
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}
