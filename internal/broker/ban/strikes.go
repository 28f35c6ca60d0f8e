package ban

// Strikes counts what happens to a name again and again: so many times within a
// window that begins with the first. It remembers a bounded number of names; its
// owner alone touches it.
type Strikes struct {
	// Most is how many strikes within Window, in ns, are still let pass; 0 lets all
	// pass.
	Most   int
	Window int64

	names map[string]strikes
	limit int
	swept int64
	// Untracked counts strikes against names that there was no room for.
	Untracked uint64
}

type strikes struct {
	since int64
	count int
}

// NewStrikes returns counts of at most limit names.
func NewStrikes(most int, window int64, limit int) *Strikes {
	return &Strikes{Most: most, Window: window, names: map[string]strikes{}, limit: limit}
}

// Hit counts a strike against the name and says whether that was one too many;
// then the name begins anew.
func (s *Strikes) Hit(name string, now int64) (out bool) {
	if s.Most <= 0 {
		return false
	}
	k, known := s.names[name]
	if !known && len(s.names) >= s.limit && !s.sweep(now) {
		s.Untracked++
		return false
	}
	if !known || now-k.since >= s.Window {
		k = strikes{since: now}
	}
	if k.count++; k.count > s.Most {
		delete(s.names, name)
		return true
	}
	s.names[name] = k
	return false
}

// Len is how many names are remembered.
func (s *Strikes) Len() int { return len(s.names) }

// sweepEvery bounds how often a full table is looked through.
const sweepEvery = int64(1e9)

func (s *Strikes) sweep(now int64) bool {
	if now-s.swept < sweepEvery {
		return false
	}
	s.swept = now
	for name, k := range s.names {
		if now-k.since >= s.Window {
			delete(s.names, name)
		}
	}
	return len(s.names) < s.limit
}
