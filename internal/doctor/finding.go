package doctor

import "fmt"

// State is how a check ended.
type State string

// The states. Fail is what keeps a client out or a node from its work.
const (
	OK      State = "ok"
	Warn    State = "warn"
	Fail    State = "fail"
	Skipped State = "skipped"
)

// Side is from where something was seen.
type Side string

// The sides.
const (
	FromClient  Side = "client"
	FromNode    Side = "node"
	FromMachine Side = "machine"
)

// Finding is one check's result.
type Finding struct {
	Side  Side   `json:"side"`
	Check string `json:"check"`
	State State  `json:"state"`
	// Saw is what was seen, with its measure.
	Saw string `json:"saw"`
	// Advice is what to do; empty when there is nothing to.
	Advice string `json:"advice,omitempty"`
}

// Report is all that was found.
type Report struct {
	Target   string    `json:"target,omitempty"`
	Findings []Finding `json:"findings"`
	Failed   int       `json:"failed"`
	Warnings int       `json:"warnings"`
}

// Examine judges what was seen.
func Examine(f *Facts) Report {
	r := Report{Target: f.Title()}
	for _, list := range [][]Finding{f.client(), f.node(), f.machine()} {
		r.Findings = append(r.Findings, list...)
	}
	for _, x := range r.Findings {
		switch x.State {
		case Fail:
			r.Failed++
		case Warn:
			r.Warnings++
		}
	}
	return r
}

// list gathers findings of one side.
type list struct {
	side Side
	all  []Finding
}

func (l *list) add(check string, state State, advice, saw string, args ...any) {
	l.all = append(l.all, Finding{l.side, check, state, fmt.Sprintf(saw, args...), advice})
}

func (l *list) ok(check, saw string, args ...any)           { l.add(check, OK, "", saw, args...) }
func (l *list) skipped(check, saw string, args ...any)      { l.add(check, Skipped, "", saw, args...) }
func (l *list) warn(check, advice, saw string, args ...any) { l.add(check, Warn, advice, saw, args...) }
func (l *list) fail(check, advice, saw string, args ...any) { l.add(check, Fail, advice, saw, args...) }

// failed says whether any check of the list has.
func (l *list) failed() bool {
	for _, f := range l.all {
		if f.State == Fail {
			return true
		}
	}
	return false
}
