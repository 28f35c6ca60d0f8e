package limit

// Stage is how far the memory guard goes.
type Stage uint8

// The stages; each does what those before it do.
const (
	Calm   Stage = iota
	Shed         // the longest queues are cut
	Refuse       // nobody new comes in, and those who publish much are read no further
)

// String is the stage's word.
func (s Stage) String() string { return [...]string{"calm", "shed", "refuse"}[s] }

// Guard decides by how much memory is in use what is to be done about it. Its zero
// value, with a Limit, is ready for use.
type Guard struct {
	// Limit is the memory that there is, in bytes; 0 is no guard.
	Limit uint64
	stage Stage
	held  int64 // when the stage was called for last, ns
}

// Where the stages begin, in hundredths of the limit. A stage ends when use is
// below its begin by ease, so that it does not come and go.
const (
	shedAt   = 80
	refuseAt = 90
	ease     = 5
)

// Hold is how long a stage lasts at least after memory last called for it, in ns, so
// that one rush is one alarm.
const Hold = int64(10e9)

// Decide takes how many bytes are in use, and the time. It returns the stage, and how many bytes
// of queues are to be cut so that shedding can end.
func (g *Guard) Decide(used uint64, now int64) (s Stage, cut uint64) {
	if g.Limit == 0 {
		return Calm, 0
	}
	if called := g.called(used * 100 / g.Limit); called >= g.stage || now-g.held >= Hold {
		g.stage, g.held = called, now
	}
	if g.stage == Calm {
		return Calm, 0
	}
	enough := g.Limit * (shedAt - ease) / 100
	return g.stage, used - min(used, enough)
}

// called is the stage that so many hundredths of the limit call for.
func (g *Guard) called(part uint64) Stage {
	switch {
	case part >= refuseAt, part >= refuseAt-ease && g.stage == Refuse:
		return Refuse
	case part >= shedAt, part >= shedAt-ease && g.stage > Calm:
		return Shed
	}
	return Calm
}

// Longest shares a cut out among queues of these sizes, the longest first: all are
// cut down to one size, and those below it are left alone. It returns that size.
func Longest(sizes []int, cut int) (keep int) {
	total := 0
	longest := 0
	for _, n := range sizes {
		total += n
		longest = max(longest, n)
	}
	if cut >= total {
		return 0
	}
	low, high := 0, longest // over(high) <= cut
	for low < high {
		middle := (low + high) / 2
		over := 0
		for _, n := range sizes {
			over += max(n-middle, 0)
		}
		if over > cut {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return max(low-1, 0)
}
