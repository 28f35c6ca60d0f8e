package topics

import (
	"slices"
	"strings"

	"github.com/millrace/millrace/internal/msg"
)

// tree holds the levels and the last message of each topic, within its bounds. It
// has no lock and no clock: messages bring the time.
type tree struct {
	root   *node
	topics map[string]*node // those with messages of their own, by topic
	// oldest and newest end the list of last messages, by arrival.
	oldest, newest *last

	maxTopics, maxBytes int
	bytes               int
	messages, evicted   uint64
}

// node is one level.
type node struct {
	name, topic string
	parent      *node
	children    map[string]*node
	sorted      []*node // children by name; nil when that must be made anew
	below       int     // topics at and below
	rate        meter
	publishers  crowd
	last        *last // nil without messages of its own
}

func newTree(maxTopics, maxBytes int) tree {
	return tree{root: &node{}, topics: map[string]*node{}, maxTopics: maxTopics, maxBytes: maxBytes}
}

// add takes in what a digest says of a topic, and returns the topic's level.
func (t *tree) add(l *msg.Line) *node {
	t.messages += l.Count
	n := t.topics[string(l.Newest.Topic)]
	if n == nil {
		n = t.grow(string(l.Newest.Topic))
	}
	for up := n; up != nil; up = up.parent {
		up.rate.add(l.Newest.Time, l.Count)
	}
	n.met(l.Publisher)
	t.keep(n.last, l)
	t.shrink()
	return n
}

// met notes a publisher, by its hash, at the level and above. A level that knows it
// already is below levels that do. 0 is nobody.
func (n *node) met(publisher uint64) {
	for up := n; publisher != 0 && up != nil && up.publishers.add(publisher); up = up.parent {
	}
}

// keep makes the line's newest message the topic's last one, if it is.
func (t *tree) keep(l *last, line *msg.Line) {
	if l.supersededBy(line.Newest.Time) {
		t.bytes -= len(l.payload)
		l.set(line)
		t.bytes += len(l.payload)
	}
	t.unlink(l)
	t.link(l)
}

// shrink forgets the longest silent topics until the bounds hold. The newest
// always stays.
func (t *tree) shrink() {
	for (len(t.topics) > t.maxTopics || t.bytes > t.maxBytes) && t.oldest != t.newest {
		t.forget(t.oldest.node)
		t.evicted++
	}
}

// grow adds the levels of a topic that is new.
func (t *tree) grow(topic string) *node {
	n := t.root
	n.below++
	for at := 0; at <= len(topic); {
		end := levelEnd(topic, at)
		n = n.child(topic[at:end], topic[:end])
		n.below++
		at = end + 1
	}
	n.last = &last{node: n, slot: -1}
	t.topics[topic] = n
	t.link(n.last)
	return n
}

func (n *node) child(name, topic string) *node {
	if c := n.children[name]; c != nil {
		return c
	}
	if n.children == nil {
		n.children = map[string]*node{}
	}
	c := &node{name: name, topic: topic, parent: n}
	n.children[name] = c
	n.sorted = nil
	return c
}

// levelEnd is where the level that begins at ends. Slashes that a topic begins
// with belong to its first level ("/plant/a" is "/plant" and "a"), so that no level
// has the root's empty name.
func levelEnd(topic string, at int) int {
	from := at
	for at == 0 && from < len(topic) && topic[from] == '/' {
		from++
	}
	if i := strings.IndexByte(topic[from:], '/'); i >= 0 {
		return from + i
	}
	return len(topic)
}

// forget removes a topic's message, and the levels that nothing is left below.
func (t *tree) forget(n *node) {
	delete(t.topics, n.topic)
	t.unlink(n.last)
	t.bytes -= len(n.last.payload)
	n.last = nil
	for up := n; up != nil; up = up.parent {
		up.below--
		if up.parent != nil && up.below == 0 {
			delete(up.parent.children, up.name)
			up.parent.sorted = nil
		}
	}
}

// find returns the level, nil when there is none.
func (t *tree) find(topic string) *node {
	n := t.root
	if topic == "" {
		return n
	}
	for at := 0; n != nil && at <= len(topic); {
		end := levelEnd(topic, at)
		n = n.children[topic[at:end]]
		at = end + 1
	}
	return n
}

func (n *node) sortedChildren() []*node {
	if n.sorted == nil {
		for _, c := range n.children {
			n.sorted = append(n.sorted, c)
		}
		sortNodes(n.sorted, func(n *node) string { return n.name })
	}
	return n.sorted
}

func sortNodes(nodes []*node, by func(*node) string) {
	slices.SortFunc(nodes, func(a, b *node) int { return strings.Compare(by(a), by(b)) })
}

// search returns, in no order, the topics at or below parent that contain text.
func (t *tree) search(parent, text string) []*node {
	text = strings.ToLower(text)
	var found []*node
	for topic, n := range t.topics {
		below := parent == "" || topic == parent || strings.HasPrefix(topic, parent) && topic[len(parent)] == '/'
		if below && strings.Contains(strings.ToLower(topic), text) {
			found = append(found, n)
		}
	}
	return found
}

func (t *tree) link(l *last) {
	l.older = t.newest
	if t.newest != nil {
		t.newest.newer = l
	}
	t.newest = l
	if t.oldest == nil {
		t.oldest = l
	}
}

func (t *tree) unlink(l *last) {
	if l.older != nil {
		l.older.newer = l.newer
	} else {
		t.oldest = l.newer
	}
	if l.newer != nil {
		l.newer.older = l.older
	} else {
		t.newest = l.older
	}
	l.older, l.newer = nil, nil
}
