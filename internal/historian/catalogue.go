package historian

import (
	"cmp"
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
	last     int64  // newest point's time; every in-order chunk ends at or before it
	arrived  int64  // the last time given to a point that brought none
	head     uint32 // its newest point in the window, one above the index
	next     link   // the next series of its topic
	topicLen uint16
	freshPts uint16 // points in fresh chunks, about
	fresh    uint8  // fresh in-order chunks at the end
	merged   uint8  // merged ones before them
	late     uint8  // late chunks since they were last merged
	kind     point.Kind
}

// link is one above a series' number, 0 is none.
type link uint32

func (s *series) topic() string  { return s.name[:s.topicLen] }
func (s *series) metric() string { return s.name[s.topicLen+1:] }

func (s *series) value() point.Value { return point.Value{Kind: s.kind, Num: s.num, Str: s.text} }

func (s *series) describe() point.Series {
	return point.Series{Name: s.name, Topic: s.topic(), Metric: s.metric(), Kind: s.kind, Last: s.last, Value: s.value()}
}

// many is how many metrics of a topic are looked up one after another; beyond it
// there is a map.
const many = 16

// wideTopic is the map of a topic with many metrics.
type wideTopic struct {
	by   map[string]link
	last link
}

const pageSize = 1024 // series a page

// catalogue knows every series by number and by (topic, metric). The series of one
// topic are chained in the order of their first sight. Pages never move, so a
// *series stays valid. It has no lock of its own.
type catalogue struct {
	pages    []*[pageSize]series
	count    uint32
	topics   map[string]link // to the first series of each
	wide     map[link]*wideTopic
	sorted   []uint32 // by name, but for
	unsorted []uint32
}

func newCatalogue() *catalogue {
	return &catalogue{topics: map[string]link{}, wide: map[link]*wideTopic{}}
}

func (c *catalogue) at(id uint32) *series { return &c.pages[id/pageSize][id%pageSize] }

// follow returns the series a link leads to.
func (c *catalogue) follow(l link) *series { return c.at(uint32(l - 1)) }

// add appends a series and returns its number. Topics have 65,535 bytes at most.
func (c *catalogue) add(topic, metric string) uint32 {
	id := c.count
	if id%pageSize == 0 {
		c.pages = append(c.pages, new([pageSize]series))
	}
	c.count++
	s := c.at(id)
	s.name, s.topicLen = point.SeriesName(topic, metric), uint16(len(topic))
	if first := c.topics[topic]; first == 0 {
		c.topics[s.topic()] = link(id + 1)
	} else {
		c.join(first, link(id+1))
	}
	c.unsorted = append(c.unsorted, id)
	return id
}

// join chains a further series to its topic.
func (c *catalogue) join(first, l link) {
	if w := c.wide[first]; w != nil {
		c.follow(w.last).next, w.last = l, l
		w.by[c.follow(l).metric()] = l
		return
	}
	n, last := 2, first
	for ; c.follow(last).next != 0; n++ {
		last = c.follow(last).next
	}
	c.follow(last).next = l
	if n <= many {
		return
	}
	w := &wideTopic{by: make(map[string]link, 2*many), last: l}
	for at := first; at != 0; at = c.follow(at).next {
		w.by[c.follow(at).metric()] = at
	}
	c.wide[first] = w
}

// cursor looks up the metrics of one message's topic. Messages of a topic mostly
// bring the same metrics in the same order: next guesses.
type cursor struct{ first, next link }

func (c *catalogue) cursor(topic []byte) cursor {
	first := c.topics[string(topic)]
	return cursor{first, first}
}

// find returns the series of the cursor's topic that has the metric.
func (c *catalogue) find(at *cursor, metric []byte) (uint32, bool) {
	l := at.next
	if l == 0 || c.follow(l).metric() != string(metric) {
		if l = c.seek(at.first, metric); l == 0 {
			return 0, false
		}
	}
	at.next = c.follow(l).next
	return uint32(l - 1), true
}

func (c *catalogue) seek(first link, metric []byte) link {
	if w := c.wide[first]; w != nil {
		return w.by[string(metric)]
	}
	l := first
	for l != 0 && c.follow(l).metric() != string(metric) {
		l = c.follow(l).next
	}
	return l
}

// named finds a series by its name. Where a slash in a metric makes two series
// share a name, the one with the longest topic answers; asked tells them apart.
func (c *catalogue) named(name string) (uint32, bool) {
	for end := len(name); ; {
		slash := strings.LastIndexByte(name[:end], '/')
		if slash < 0 {
			return 0, false
		}
		if l := c.seek(c.topics[name[:slash]], []byte(name[slash+1:])); l != 0 {
			return uint32(l - 1), true
		}
		end = slash
	}
}

// sort brings new series into order.
func (c *catalogue) sort() {
	if len(c.unsorted) == 0 {
		return
	}
	byName := func(a, b uint32) int { // of one name, in the order of their first sight
		return cmp.Or(strings.Compare(c.at(a).name, c.at(b).name), cmp.Compare(a, b))
	}
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
