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

	maxTopics, maxBytes, maxPayload int
	bytes                           int
	messages, evicted               uint64
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

func newTree(maxTopics, maxBytes, maxPayload int) tree {
	return tree{root: &node{}, topics: map[string]*node{}, maxTopics: maxTopics, maxBytes: maxBytes, maxPayload: maxPayload}
}

// add takes a message in; the tree keeps its bytes.
func (t *tree) add(m *msg.Message) {
	t.messages++
	n := t.topics[string(m.Topic)]
	if n == nil {
		n = t.grow(string(m.Topic))
	}
	for up := n; up != nil; up = up.parent {
		up.rate.add(m.Time)
	}
	if string(m.Publisher) != n.last.publisher {
		n.last.publisher = string(m.Publisher)
		n.met(n.last.publisher)
	}
	t.keep(n.last, m)
	t.shrink()
}

// met notes a publisher at the level and above. A level that knows it already is
// below levels that do.
func (n *node) met(publisher string) {
	h := hashOf(publisher)
	for up := n; up != nil && up.publishers.add(h); up = up.parent {
	}
}

// keep makes m the topic's last message.
func (t *tree) keep(l *last, m *msg.Message) {
	t.bytes -= len(l.payload)
	l.set(m, t.maxPayload)
	t.bytes += len(l.payload)
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
