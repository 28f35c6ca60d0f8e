package share

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/millrace/millrace/internal/msg"
)

// A group over two streams, with members that come, leave and are slow, and a node that is
// killed at any moment: every message is acknowledged by one member, and comes again only
// for a reason.
func TestEveryMessageIsAcknowledgedOnce(t *testing.T) {
	seeds := uint64(1000)
	if testing.Short() {
		seeds = 300
	}
	first := rand.Uint64()
	for n := range seeds {
		if err := newModel(first+n, n%2 == 0).run(); err != nil {
			t.Fatalf("seed %d, kills %v: %v", first+n, n%2 == 0, err)
		}
	}
}

// model is the shell around a group: a log, members on loops of their own, and a journal.
type model struct {
	r       *rand.Rand
	kills   bool
	g       *Group[int]
	logs    [2]int      // messages in each stream
	behind  [2]bool     // the group does not follow the tail
	tail    [2]int      // where that is
	base    [2]int      // while it is behind: messages that it has taken or passed
	rounds  map[int]int // of the members, as the group knows
	members map[int]*session
	last    int    // the newest member
	news    []news // on their way to the group
	stored  []byte // the group's record
	writing []byte

	done      map[Place]bool  // somebody has acknowledged it, or it went with its session
	holders   map[Place][]int // the sessions that got it
	excused   map[Place]int   // how often it may come once more
	forbidden map[Place]bool  // it was done before a kill, and written down
	err       error
}

// session is one member's side.
type session struct {
	lasts, here bool
	round       int
	inbox       []given
	flight      []Place
	stored      []Place
}

type given struct {
	round int
	place Place
}

type news struct {
	who    int
	kind   string
	round  int
	place  Place
	credit int
	keeps  []Place
}

func newModel(seed uint64, kills bool) *model {
	m := &model{r: rand.New(rand.NewPCG(seed, 1)), kills: kills, rounds: map[int]int{}, members: map[int]*session{}}
	m.done, m.holders, m.excused, m.forbidden = map[Place]bool{}, map[Place][]int{}, map[Place]int{}, map[Place]bool{}
	m.g = New[int](m.limits(), []Place{{1, at(0)}, {2, at(0)}})
	m.stored = m.g.Append(nil)
	m.come(true)
	return m
}

func (m *model) limits() Limits { return Limits{Messages: 1 + m.r.IntN(30), Bytes: 4000} }

// at is the place of a stream's nth message: some to an entry.
func at(n int) msg.Position { return msg.Position{Seq: uint64(n/3 + 1), Index: uint32(n % 3)} }

// exact says whether the message is of QoS 2.
func (p Place) exact() bool { return (p.At.Seq+uint64(p.At.Index))%3 == 0 }

func (m *model) run() error {
	for n := range 600 {
		if m.step(); m.err == nil && n%4 == 0 {
			m.err = m.waiting()
		}
	}
	for i := 0; m.err == nil && m.open() > 0; i++ {
		if i > 20_000 {
			return fmt.Errorf("%d are left, %d in the group: %d", m.open(), m.g.Open(), m.g.Waiting())
		}
		if !slices.ContainsFunc(m.ids(), func(id int) bool { return m.members[id].here }) {
			m.come(true)
		}
		for _, id := range m.ids() {
			if s := m.members[id]; !s.here {
				m.back(id)
			}
		}
		m.g.Unblock()
		m.feed()
		m.give()
		m.take()
		m.ack()
		m.hear()
	}
	return m.err
}

func (m *model) open() (n int) {
	for stream, messages := range m.logs {
		for k := range messages {
			if !m.done[Place{uint8(stream + 1), at(k)}] {
				n++
			}
		}
	}
	return n
}

func (m *model) ids() (ids []int) {
	for id := range m.members {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func (m *model) step() {
	switch k := m.r.IntN(200); {
	case k < 3:
		m.come(m.r.IntN(2) == 0)
	case k < 8:
		m.leave()
	case k < 12:
		m.comeBack()
	case k < 13:
		m.unsubscribe()
	case k < 40:
		m.logs[m.r.IntN(2)]++
	case k < 80:
		m.feed()
	case k < 110:
		m.give()
	case k < 135:
		m.take()
	case k < 155:
		m.ack()
	case k < 185:
		m.hear()
	case k < 187:
		m.g.Unblock()
	case k < 192:
		m.write()
	case k < 197:
		m.commit()
	case k < 198 && m.kills:
		m.kill()
	case k < 199:
		m.bound()
	}
}

// bound has the group give up what no member has before some place, or what is older than
// some message; nothing else.
func (m *model) bound() {
	i := m.r.IntN(2)
	stream, bound := uint8(i+1), m.r.IntN(m.logs[i]+1)
	lost, known, old := map[Place]bool{}, 0, m.r.IntN(2) == 0
	for k := range bound {
		p := Place{stream, at(k)}
		it := m.g.stream(stream).find(p.At)
		if m.g.Done(p) || it != nil && it.member != nil || old && (it == nil || !it.there) {
			continue
		}
		if lost[p] = true; it != nil {
			known++
		}
	}
	got := 0
	if old {
		got = m.g.Expire(stream, int64(bound)-1)
	} else if m.behind[i] { // else it has taken what there is
		got, _ = m.g.Forgo(Place{stream, at(bound)})
		m.base[i] = max(m.base[i], bound)
	} else {
		return
	}
	if got != known {
		m.err = fmt.Errorf("gave up %d, and knew %d", got, known)
	}
	for p := range lost {
		if !m.g.Done(p) {
			m.err = fmt.Errorf("%v was not given up", p)
		}
		m.done[p] = true
	}
}

// waiting holds the count of what waits against the messages.
func (m *model) waiting() error {
	for i := range m.logs {
		stream := uint8(i + 1)
		want, end := 0, m.tail[i]
		n, _ := m.g.Held(stream)
		if m.behind[i] {
			end = m.logs[i]
			n += end - m.base[i]
		}
		for k := range end {
			if it := m.g.stream(stream).find(at(k)); !m.g.Done(Place{stream, at(k)}) && (it == nil || it.member == nil) {
				want++
			}
		}
		if n != want {
			return fmt.Errorf("stream %d: %d wait, and are counted as %d (behind %v)", stream, want, n, m.behind[i])
		}
	}
	return nil
}

func (m *model) come(lasts bool) {
	m.last++
	s := &session{lasts: lasts, here: true, round: 1}
	m.members[m.last] = s
	m.tell(news{who: m.last, kind: "here", round: 1, credit: 1 + m.r.IntN(5)})
}

func (m *model) tell(n news) { m.news = append(m.news, n) }

func (m *model) pick(suits func(*session) bool) (int, *session) {
	var ids []int
	for _, id := range m.ids() {
		if suits(m.members[id]) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return 0, nil
	}
	id := ids[m.r.IntN(len(ids))]
	return id, m.members[id]
}

// leave is a connection that ends, and the session with it unless it lasts. Of one that
// lasts others get what is of QoS 1 at once, or not, as the shell likes.
func (m *model) leave() {
	id, s := m.pick(func(s *session) bool { return s.here })
	if s == nil {
		return
	}
	s.here = false
	s.round++
	keepsAll := s.lasts && m.r.IntN(2) == 0
	var keeps []Place
	for _, p := range s.flight {
		if p.exact() || keepsAll {
			keeps = append(keeps, p)
		} else {
			m.excused[p]++
		}
	}
	s.flight = keeps
	if s.lasts && m.r.IntN(5) > 0 {
		m.tell(news{who: id, kind: "away", keeps: keeps})
		return
	}
	s.flight = nil
	var exact []Place
	for _, p := range keeps {
		if p.exact() { // [MQTT-4.8.2-5]
			exact, m.done[p] = append(exact, p), true
		} else {
			m.excused[p]++
		}
	}
	m.tell(news{who: id, kind: "gone", keeps: exact})
	delete(m.members, id)
}

func (m *model) comeBack() {
	if id, s := m.pick(func(s *session) bool { return !s.here }); s != nil {
		m.back(id)
	}
}

func (m *model) back(id int) {
	s := m.members[id]
	s.here = true
	s.round++
	m.tell(news{who: id, kind: "here", round: s.round, credit: 1 + m.r.IntN(5)})
}

// unsubscribe leaves what was sent to the session.
func (m *model) unsubscribe() {
	id, s := m.pick(func(s *session) bool { return s.here })
	if s == nil {
		return
	}
	m.tell(news{who: id, kind: "gone", keeps: s.flight})
	for _, p := range s.flight {
		m.done[p] = true
	}
	delete(m.members, id)
}

// feed gives the group what comes next in a stream: from the tail, or from further back.
func (m *model) feed() {
	i := m.r.IntN(2)
	stream := uint8(i + 1)
	if !m.behind[i] {
		if m.tail[i] < m.logs[i] {
			p := Place{stream, at(m.tail[i])}
			if m.behind[i] = !m.offer(p, m.tail[i]); m.behind[i] {
				m.base[i] = m.tail[i]
			}
			m.tail[i]++
		}
		return
	}
	if !m.g.Room() {
		return
	}
	from := m.g.From(stream)
	for k := range m.logs[i] {
		if at(k).Compare(from) >= 0 && !m.offer(Place{stream, at(k)}, k) {
			return
		}
	}
	m.behind[i], m.tail[i] = false, m.logs[i]
}

func (m *model) offer(p Place, k int) bool {
	if !m.g.Takes(p) {
		return true
	}
	if !m.g.Room() {
		return false
	}
	if p.At.Compare(m.g.Reached(p.Stream)) >= 0 {
		m.base[p.Stream-1]++
	}
	m.g.Take(p, &msg.Message{Topic: []byte("t"), Payload: make([]byte, 20), Time: int64(k)})
	return true
}

func (m *model) give() {
	for m.r.IntN(4) > 0 {
		who, p, _, ok := m.g.Next(func(free []*Member[int], _ *msg.Message) *Member[int] { return free[m.r.IntN(len(free))] })
		if !ok {
			return
		}
		if s := m.members[who]; s != nil {
			s.inbox = append(s.inbox, given{m.rounds[who], p})
		}
	}
}

// take is a member's loop that takes what it was given.
func (m *model) take() {
	id, s := m.pick(func(s *session) bool { return len(s.inbox) > 0 })
	if s == nil {
		return
	}
	k := s.inbox[0]
	s.inbox = s.inbox[1:]
	if !s.here || k.round != s.round {
		return // the group has heard that it left, or will
	}
	if m.r.IntN(10) == 0 {
		m.tell(news{who: id, kind: "return", place: k.place})
		return
	}
	s.flight = append(s.flight, k.place)
	if k.place.exact() || m.r.IntN(3) == 0 {
		s.stored = slices.Clone(s.flight) // QoS 2: before it is sent
	}
	m.received(id, k.place)
}

// received looks whether a message may come to that session.
func (m *model) received(id int, p Place) {
	if m.forbidden[p] {
		m.err = fmt.Errorf("%v came to %d, and was done before a kill", p, id)
	}
	before := m.holders[p]
	m.holders[p] = append(before, id)
	switch {
	case len(before) == 0:
	case m.excused[p] > 0:
		m.excused[p]--
	default:
		m.err = fmt.Errorf("%v came to %d, and before to %v", p, id, before)
	}
}

func (m *model) ack() {
	id, s := m.pick(func(s *session) bool { return s.here && len(s.flight) > 0 })
	if s == nil {
		return
	}
	p := s.flight[0]
	s.flight = s.flight[1:]
	if m.r.IntN(3) == 0 {
		s.stored = slices.Clone(s.flight)
	}
	m.done[p] = true
	m.tell(news{who: id, kind: "ack", place: p})
}

// hear has the group hear the next news.
func (m *model) hear() {
	if len(m.news) == 0 {
		return
	}
	n := m.news[0]
	m.news = m.news[1:]
	switch n.kind {
	case "here":
		m.rounds[n.who] = n.round
		m.g.Here(n.who, n.credit)
	case "away":
		m.g.Away(n.who, n.keeps)
	case "gone":
		m.g.Gone(n.who, n.keeps)
	case "ack":
		m.g.Ack(n.who, n.place)
	case "return":
		m.g.Return(n.who, n.place)
	}
	shed := m.r.IntN(20) == 0 && m.g.Waiting() > 0
	for i := range m.behind {
		if !m.behind[i] && (shed || m.g.Lacks(uint8(i+1))) {
			m.behind[i], m.base[i] = true, m.tail[i]
		}
	}
	if shed {
		m.g.Shed(func(stream uint8, _ int) { m.base[stream-1]-- })
	}
}

func (m *model) write() {
	if m.writing == nil && m.g.Changed() {
		m.writing = m.g.Append(nil)
	}
}

func (m *model) commit() {
	if m.writing != nil {
		m.stored, m.writing = m.writing, nil
	}
}

// kill ends the node: of the members those are left whose sessions last.
func (m *model) kill() {
	if m.writing != nil && m.r.IntN(2) == 0 {
		m.stored = m.writing
	}
	m.writing, m.news = nil, nil
	g, err := Read[int](m.limits(), m.stored)
	if err != nil {
		panic(err)
	}
	m.g = g
	for id, s := range m.members {
		if s.lasts {
			g.Away(id, nil)
			s.flight, s.inbox, s.here = nil, nil, false
			s.round++
		} else {
			delete(m.members, id)
		}
	}
	m.behind, m.base = [2]bool{true, true}, [2]int{}
	for stream, messages := range m.logs {
		for k := range messages {
			p := Place{uint8(stream + 1), at(k)}
			if p.At.Compare(g.Reached(p.Stream)) < 0 {
				m.base[stream]++
			}
			if g.Done(p) {
				m.forbidden[p] = true
			} else {
				m.excused[p]++
			}
		}
	}
	for _, id := range m.ids() {
		s := m.members[id]
		for _, p := range s.stored {
			switch {
			case g.Keep(id, p) || g.Claim(id, p):
				m.excused[p]--
				s.flight = append(s.flight, p)
			case p.exact() && !g.Done(p):
				m.err = fmt.Errorf("%v was begun with %d, and others are to get it", p, id)
			}
		}
		s.stored = nil
	}
	if len(m.members) == 0 {
		m.come(true)
	}
}
