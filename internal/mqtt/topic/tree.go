package topic

import (
	"bytes"
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
)

// Tree maps topic filters to sets of values and finds all values whose filter
// matches a name. Its zero value is empty and ready.
//
// Reads take no lock and see every change that ended before they began; of a
// change made meanwhile they see all or nothing. Changes exclude each other.
type Tree[V comparable] struct {
	root       node[V]
	generation atomic.Uint64
	pairs      atomic.Int64
	filters    atomic.Int64
	mu         sync.Mutex // held by whoever changes the tree
}

// node is one level of the filters. Readers follow its atomic pointers; only the
// holder of Tree.mu stores them.
type node[V comparable] struct {
	level    string
	hash     uint64
	children atomic.Pointer[table[V]] // the literal levels below
	single   atomic.Pointer[node[V]]  // the level + below
	here     set[V]                   // values of the filter that ends here
	multi    set[V]                   // values of the filter that goes on with a last #
}

var seed = maphash.MakeSeed()

// Add puts v into the set of a valid filter. It returns false when v was there.
func (t *Tree[V]) Add(filter string, v V) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	values := t.root.make(filter)
	first := values.empty()
	if !values.add(v) {
		return false
	}
	if first {
		t.filters.Add(1)
	}
	t.pairs.Add(1)
	t.generation.Add(1)
	return true
}

// Remove takes v out of the filter's set and forgets levels that hold nothing
// more. It returns false when v was not there.
func (t *Tree[V]) Remove(filter string, v V) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	found, last := t.root.remove(filter, v)
	if !found {
		return false
	}
	if last {
		t.filters.Add(-1)
	}
	t.pairs.Add(-1)
	t.generation.Add(1)
	return true
}

// Len returns how many pairs of filter and value the tree holds.
func (t *Tree[V]) Len() int { return int(t.pairs.Load()) }

// Filters returns how many distinct filters the tree holds.
func (t *Tree[V]) Filters() int { return int(t.filters.Load()) }

// Generation grows with every change, so that a cache of matches can tell that it
// is out of date: read it before matching.
func (t *Tree[V]) Generation() uint64 { return t.generation.Load() }

// Match calls f with every value whose filter matches name, once for each such
// filter: a value with two overlapping filters comes twice. A wildcard in the
// first level never matches a name that begins with $ [MQTT-4.7.2-1].
func (t *Tree[V]) Match(name []byte, f func(V)) {
	n := &t.root
	if len(name) == 0 || name[0] != '$' {
		n.match(name, f)
		return
	}
	level, rest, more := cut(name)
	if child := n.child(level); child != nil {
		child.enter(rest, more, f)
	}
}

// match goes on with name in the levels below n.
func (n *node[V]) match(name []byte, f func(V)) {
	n.multi.each(f)
	level, rest, more := cut(name)
	if child := n.child(level); child != nil {
		child.enter(rest, more, f)
	}
	if child := n.single.Load(); child != nil {
		child.enter(rest, more, f)
	}
}

// enter goes on in n, whose own level matched; rest is what follows, if more.
func (n *node[V]) enter(rest []byte, more bool, f func(V)) {
	if more {
		n.match(rest, f)
		return
	}
	n.here.each(f)
	n.multi.each(f) // a filter a/# matches the name a, too
}

func (n *node[V]) child(level []byte) *node[V] {
	t := n.children.Load()
	if t == nil {
		return nil
	}
	return t.find(maphash.Bytes(seed, level), level)
}

// make returns the set of the filter below n and creates what lacks on the way.
func (n *node[V]) make(filter string) *set[V] {
	for {
		level, rest, more := strings.Cut(filter, "/")
		if level == "#" && !more {
			return &n.multi
		}
		n = n.step(level)
		if !more {
			return &n.here
		}
		filter = rest
	}
}

func (n *node[V]) step(level string) *node[V] {
	if level == "+" {
		if n.single.Load() == nil {
			n.single.Store(&node[V]{level: level})
		}
		return n.single.Load()
	}
	hash := maphash.String(seed, level)
	t := n.children.Load()
	if t != nil {
		if child := t.find(hash, []byte(level)); child != nil {
			return child
		}
	}
	child := &node[V]{level: strings.Clone(level), hash: hash}
	if t == nil || !t.insert(child) {
		n.children.Store(grown(t, child))
	}
	return child
}

// remove takes v out of the filter's set; last says that nothing is left in it.
func (n *node[V]) remove(filter string, v V) (found, last bool) {
	level, rest, more := strings.Cut(filter, "/")
	if level == "#" && !more {
		return n.multi.remove(v), n.multi.empty()
	}
	child := n.single.Load()
	if level != "+" {
		child = n.child([]byte(level))
	}
	if child == nil {
		return false, false
	}
	if more {
		found, last = child.remove(rest, v)
	} else {
		found, last = child.here.remove(v), child.here.empty()
	}
	if found {
		n.prune(child, level == "+")
	}
	return found, last
}

// prune unlinks a child that nothing hangs on any more.
func (n *node[V]) prune(child *node[V], single bool) {
	if !child.here.empty() || !child.multi.empty() || child.single.Load() != nil || child.children.Load() != nil {
		return
	}
	if single {
		n.single.Store(nil)
		return
	}
	if n.children.Load().delete(child) {
		n.children.Store(nil)
	}
}

// Each calls f with every filter and value, in no order. It holds changes off
// until it returns.
func (t *Tree[V]) Each(f func(filter string, v V)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.root.walk("", f)
}

func (n *node[V]) walk(path string, f func(string, V)) {
	n.multi.each(func(v V) { f(path+"#", v) })
	visit := func(c *node[V]) {
		here := path + c.level
		c.here.each(func(v V) { f(here, v) })
		c.walk(here+"/", f)
	}
	if c := n.single.Load(); c != nil {
		visit(c)
	}
	n.children.Load().each(visit)
}

// cut splits off the first level; more is false when it was the last.
func cut(name []byte) (level, rest []byte, more bool) {
	i := bytes.IndexByte(name, '/')
	if i < 0 {
		return name, nil, false
	}
	return name[:i], name[i+1:], true
}
