package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// leastRounds is how often rows of this broker that are compared with each other are
// measured: a single round scatters by more than what they differ by. Peers differ by more.
const leastRounds = 5

// inTurns puts rows that are measured in turns together; only is a part of the names
// that are wanted.
func inTurns(rows []row, only string) (groups [][]row) {
	for _, r := range rows {
		if !strings.Contains(r.name, only) {
			continue
		}
		if n := len(groups); n > 0 && r.turns != "" && groups[n-1][0].turns == r.turns {
			groups[n-1] = append(groups[n-1], r)
			continue
		}
		groups = append(groups, []row{r})
	}
	return groups
}

// rounds are the reports of one row and broker, by round; nil is one that failed.
type rounds []*report

// measureGroup measures each row with each broker once, and then again; it returns a
// line for each row.
func measureGroup(ctx context.Context, s settings, group []row, names []string) ([][]cell, error) {
	n := s.rounds
	if len(group) > 1 {
		n = max(n, leastRounds)
	}
	lines, all := make([][]cell, len(group)), make([][]rounds, len(group))
	for i := range group {
		lines[i], all[i] = make([]cell, len(names)), make([]rounds, len(names))
	}
	for round := range n {
		for i, r := range group {
			for at, name := range names {
				if !r.measures(name) || round >= s.rounds && !slices.Contains(ours, name) {
					continue
				}
				rep, err := measure(ctx, s, r, name)
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				if err != nil {
					lines[i][at].doubt(r.name, name, err.Error())
				}
				all[i][at] = append(all[i][at], rep)
			}
		}
	}
	for i, r := range group {
		for at, name := range names {
			c := &lines[i][at]
			if !r.measures(name) {
				c.text = "–"
				continue
			}
			r.fill(c, name, slices.DeleteFunc(slices.Clone(all[i][at]), func(rep *report) bool { return rep == nil }))
			if i > 0 {
				c.text += all[i][at].against(all[0][at])
			}
		}
	}
	return lines, nil
}

func (r *row) measures(broker string) bool {
	return r.brokers == nil || slices.Contains(r.brokers, broker)
}

// against says how the rates differ from those of another row in the same rounds.
func (a rounds) against(first rounds) string {
	var rate, perCPU []float64
	for i := range min(len(a), len(first)) {
		if a[i] == nil || first[i] == nil || first[i].figure() == 0 || first[i].PerCPUSecond == 0 {
			continue
		}
		rate = append(rate, a[i].figure()/first[i].figure())
		perCPU = append(perCPU, a[i].PerCPUSecond/first[i].PerCPUSecond)
	}
	if len(rate) == 0 {
		return ""
	}
	return fmt.Sprintf(" (%+.0f %% · %+.0f %%)", 100*(median(rate)-1), 100*(median(perCPU)-1))
}

func median(all []float64) float64 {
	slices.Sort(all)
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2
}
