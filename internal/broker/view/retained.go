package view

import (
	"strings"

	"github.com/millrace/millrace/internal/broker/retain"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// RetainedQuery asks for retained messages. Empty fields match everything.
type RetainedQuery struct {
	Prefix string // what topics begin with
	Search string // what topics contain, letter case ignored
	Filter string // a topic filter that matches
	// Publisher is the client identifier of who published them; * stands for any text.
	Publisher string
	// Sort is topic, size, at, expiresAt or publisher.
	Sort          string
	Desc          bool
	Offset, Limit int
}

// retainedRow is a retained message as lists sort it.
type retainedRow struct {
	*msg.Message
	topic string
}

// expires is when it ends, ns since 1970; 0 is never.
func (r *retainedRow) expires() int64 { return retain.Expiry(r.Message) }

func (q *RetainedQuery) matches(r *retainedRow, now int64) bool {
	return strings.HasPrefix(r.topic, q.Prefix) &&
		(!r.Expires() || r.expires() > now) &&
		(q.Search == "" || contains(r.topic, q.Search)) &&
		(q.Filter == "" || topic.Match(q.Filter, r.topic)) &&
		(q.Publisher == "" || alike(q.Publisher, string(r.Publisher)))
}

// alike says whether the name is what the pattern says, in which * stands for any text.
func alike(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	last := len(parts) - 1
	if last == 0 {
		return name == pattern
	}
	rest, ok := strings.CutPrefix(name, parts[0])
	for _, part := range parts[1:last] {
		if !ok {
			return false
		}
		_, rest, ok = strings.Cut(rest, part)
	}
	return ok && strings.HasSuffix(rest, parts[last])
}

func (q *RetainedQuery) order() func(x, y *retainedRow) int {
	switch q.Sort {
	case "size":
		return by(func(r *retainedRow) int { return len(r.Payload) })
	case "at":
		return by(func(r *retainedRow) int64 { return r.Time })
	case "expiresAt":
		return by((*retainedRow).expires)
	case "publisher":
		return func(x, y *retainedRow) int { return strings.Compare(string(x.Publisher), string(y.Publisher)) }
	}
	return func(x, y *retainedRow) int { return 0 }
}

// Page sorts those of the messages that are asked for and have not ended, and cuts the page
// out; it says how many there are in all.
func (q *RetainedQuery) Page(each func(func(*msg.Message)), now int64) (page []*msg.Message, count int) {
	var found []*retainedRow
	each(func(m *msg.Message) {
		if r := (&retainedRow{m, string(m.Topic)}); q.matches(r, now) {
			found = append(found, r)
		}
	})
	rest := func(x, y *retainedRow) int { return strings.Compare(x.topic, y.topic) }
	cut, count := paged(found, q.order(), q.Desc, rest, q.Offset, q.Limit)
	for _, r := range cut {
		page = append(page, r.Message)
	}
	return page, count
}
