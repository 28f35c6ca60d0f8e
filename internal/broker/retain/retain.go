// Package retain holds retained messages: of each topic the last message that was
// published with the RETAIN flag (MQTT 5 section 3.3.1.3).
//
// They are in memory; a store that is tracked says which topics have changed, so that
// somebody can write them down. Any number of goroutines may use a [Store]. A message in
// it is never changed, only replaced, so that a reader may keep what it was shown.
package retain

import (
	"bytes"
	"strings"
	"sync"

	"github.com/millrace/millrace/internal/broker/heap"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// The limits when none are given.
const (
	DefaultMessages = 100_000
	DefaultBytes    = 256 << 20
)

// Store maps topics to retained messages.
type Store struct {
	maxMessages, maxBytes int

	mu       sync.RWMutex
	root     node // mu guards what follows
	messages int
	bytes    int
	mortal   heap.Heap[*node]
	changed  map[string]struct{} // topics; nil while nobody tracks them
}

// node is one level of the topics.
type node struct {
	children map[string]*node
	message  *msg.Message
	slot     int // its place among the store's mortals, when the message expires
}

// New returns an empty store that takes at most that many messages and bytes; 0
// is the default.
func New(messages, bytes int) *Store {
	if messages == 0 {
		messages = DefaultMessages
	}
	if bytes == 0 {
		bytes = DefaultBytes
	}
	return &Store{maxMessages: messages, maxBytes: bytes}
}

// Set copies m in the place of its topic's retained message; an empty payload
// takes that away [MQTT-3.3.1-6]. Beyond the limits the store stays as it was and
// the error is fault.TooMany.
func (s *Store) Set(m *msg.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(m.Payload) == 0 {
		s.remove(m.Topic)
		return nil
	}
	old := s.find(m.Topic)
	messages, total := s.messages+1, s.bytes+size(m)
	if old != nil && old.message != nil {
		messages--
		total -= size(old.message)
	}
	if messages > s.maxMessages || total > s.maxBytes {
		return fault.New(fault.TooMany, "The broker holds as many retained messages as it may (%d, %d bytes).", s.messages, s.bytes)
	}
	if old == nil {
		old = s.make(m.Topic)
	}
	c := m.Clone()
	s.put(old, &c)
	s.messages, s.bytes = messages, total
	s.touch(m.Topic)
	return nil
}

// levelBytes is what one level of a topic is counted as, beside its name.
const levelBytes = 128

// size is what a message is counted as: a topic of very many levels costs memory
// for each.
func size(m *msg.Message) int {
	levels := 1 + bytes.Count(m.Topic, []byte("/"))
	return len(m.Topic) + len(m.Payload) + len(m.Properties) + len(m.Publisher) + levels*levelBytes
}

// Get returns the topic's retained message, nil when there is none.
func (s *Store) Get(topic []byte) *msg.Message {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if n := s.find(topic); n != nil {
		return n.message
	}
	return nil
}

// Len is how many messages there are, and their bytes.
func (s *Store) Len() (messages, bytes int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.messages, s.bytes
}

// Match appends the messages whose topic the valid filter matches to dst, in no
// order. A wildcard in the first level matches no topic that begins with $
// [MQTT-4.7.2-1].
func (s *Store) Match(dst []*msg.Message, filter string) []*msg.Message {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.root.match(dst, filter, true)
}

func (n *node) match(dst []*msg.Message, filter string, first bool) []*msg.Message {
	level, rest, more := strings.Cut(filter, "/")
	switch level {
	case "#":
		if !first {
			dst = n.append(dst) // a/# matches a, too
		}
		for name, child := range n.children {
			if !first || name == "" || name[0] != '$' {
				dst = child.all(dst)
			}
		}
	case "+":
		for name, child := range n.children {
			if !first || name == "" || name[0] != '$' {
				dst = child.enter(dst, rest, more)
			}
		}
	default:
		if child := n.children[level]; child != nil {
			dst = child.enter(dst, rest, more)
		}
	}
	return dst
}

// enter goes on in n, whose own level matched; rest is the filter behind it.
func (n *node) enter(dst []*msg.Message, rest string, more bool) []*msg.Message {
	if more {
		return n.match(dst, rest, false)
	}
	return n.append(dst)
}

func (n *node) append(dst []*msg.Message) []*msg.Message {
	if n.message != nil {
		dst = append(dst, n.message)
	}
	return dst
}

func (n *node) all(dst []*msg.Message) []*msg.Message {
	dst = n.append(dst)
	for _, child := range n.children {
		dst = child.all(dst)
	}
	return dst
}

func (s *Store) find(topic []byte) *node {
	n := &s.root
	for more := true; more && n != nil; {
		var level []byte
		level, topic, more = bytes.Cut(topic, []byte("/"))
		n = n.children[string(level)]
	}
	return n
}

func (s *Store) make(topic []byte) *node {
	n := &s.root
	for more := true; more; {
		var level []byte
		level, topic, more = bytes.Cut(topic, []byte("/"))
		child := n.children[string(level)]
		if child == nil {
			if n.children == nil {
				n.children = map[string]*node{}
			}
			child = &node{}
			n.children[string(level)] = child
		}
		n = child
	}
	return n
}

// remove takes the topic's message away, and the levels that hold nothing more.
func (s *Store) remove(topic []byte) {
	n := s.find(topic)
	if n == nil || n.message == nil {
		return
	}
	s.messages--
	s.bytes -= size(n.message)
	s.put(n, nil)
	s.root.cut(topic)
	s.touch(topic)
}

// cut takes the levels of the topic away that hold nothing.
func (n *node) cut(topic []byte) {
	level, rest, more := bytes.Cut(topic, []byte("/"))
	child := n.children[string(level)]
	if more {
		child.cut(rest)
	}
	if child.message == nil && len(child.children) == 0 {
		delete(n.children, string(level))
	}
}
