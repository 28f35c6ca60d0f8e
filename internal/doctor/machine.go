package doctor

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// machine judges the computer that a node runs on, or is to.
func (f *Facts) machine() []Finding {
	m := f.Machine
	if m == nil {
		return nil
	}
	l := &list{side: FromMachine}
	m.config(l)
	m.folder(l)
	m.doors(l)
	for _, c := range m.Certificates {
		f.certificate(l, c)
	}
	m.files(l)
	f.machineClock(l)
	return l.all
}

func (m *Machine) config(l *list) {
	for _, p := range m.Problems {
		l.fail("config", "Mend it; millrace serve --check tries it.", "%s", p)
	}
	for _, w := range m.Warnings {
		l.warn("config", "", "%s", w)
	}
	if len(m.Problems)+len(m.Warnings) == 0 {
		l.ok("config", "the settings and the files that they name are valid")
	}
}

func (m *Machine) folder(l *list) {
	const check = "data folder"
	d := &m.Folder
	switch {
	case d.Path == "": // the configuration could not be read
		l.skipped(check, "the configuration does not tell which")
		return
	case d.Err != "":
		l.fail(check, "It has to belong to the user that runs Millrace, and be writable.", "%s cannot be used: %s", d.Path, d.Err)
	case !d.Exists:
		l.ok(check, "%s is not there yet; the first start makes it", d.Path)
	case m.Runs:
		l.ok(check, "%s is in use by a node that answers%s", d.Path, holder(d))
	case d.Held:
		l.fail(check, "That node starts, ends, or hangs; if it hangs, end that process.", "%s is in use%s, but no node answers on its socket", d.Path, holder(d))
	default:
		l.warn(check, "Start one: millrace serve --data "+d.Path+".", "%s is free: no node runs on it", d.Path)
	}
	if d.Open != "" {
		l.warn(check, "Take these rights away (chmod 700): the socket in it opens the node. A start does so, too.", "others may look into %s (%s)", d.Path, d.Open)
	}
	switch {
	case d.Total == 0:
	case d.Free < d.Reserve:
		l.fail("disk", "Free some space: the node keeps nothing more.", "%s of %s are free; the node wants %s to keep messages", bytes(d.Free), bytes(d.Total), bytes(d.Reserve))
	case d.Free < max(2*d.Reserve, d.Total/20):
		l.warn("disk", "Free some space, or give the streams a max_bytes.", "%s of %s are free", bytes(d.Free), bytes(d.Total))
	default:
		l.ok("disk", "%s of %s are free", bytes(d.Free), bytes(d.Total))
	}
}

func holder(d *Folder) string {
	if d.Holder == "" {
		return ""
	}
	return " (process " + d.Holder + ")"
}

func (m *Machine) doors(l *list) {
	var open []string
	for _, d := range m.Doors {
		switch {
		case d.Taken && m.Runs:
			open = append(open, d.Address)
		case d.Taken:
			l.fail("port", "Stop the program that has it, or choose another address ("+d.Key+").", "%s is in use, and not by this node", d.Address)
		case d.Err != "":
			l.fail("port", "Check the address ("+d.Key+"); ports below 1024 need a right of their own.", "%s cannot be opened: %s", d.Address, d.Err)
		case m.Runs:
			l.warn("port", "The node runs with other settings: by flags or an environment that this command was not given, or from before a change. Then start it again.", "%s (%s) is not in use although a node runs", d.Address, d.Key)
		default:
			open = append(open, d.Address)
		}
	}
	if len(open) > 0 {
		state := "free"
		if m.Runs {
			state = "in use, as they should be"
		}
		l.ok("port", "%s: %s", strings.Join(open, ", "), state)
	}
}

func (f *Facts) certificate(l *list, c Certificate) {
	const check = "certificate"
	left := c.To.Sub(f.Now)
	switch {
	case f.Now.Before(c.From):
		l.fail(check, "This machine's clock is wrong, or that of whoever signed it.", "%s is not valid before %s", c.Path, stamp(c.From))
	case left <= 0:
		l.fail(check, "Renew it; a running node reads new files by itself.", "%s has expired at %s", c.Path, stamp(c.To))
	case left < min(soon, c.To.Sub(c.From)/4):
		l.warn(check, "Renew it; a running node reads new files by itself.", "%s expires at %s, in %s", c.Path, stamp(c.To), span(left))
	default:
		l.ok(check, "%s is valid for %s", c.Path, span(left))
	}
}

// SpareFiles is how many files a node may have open beside its connections.
const SpareFiles = 200

func (m *Machine) files(l *list) {
	limit, whose := m.Files, "this shell's processes"
	if m.OfNode > 0 {
		limit, whose = m.OfNode, "the node"
	}
	switch {
	case limit == 0:
		l.skipped("open files", "the system does not tell")
	case limit > 1<<40:
		l.ok("open files", "%s may have any number open", whose)
	case m.Connections > 0 && limit < uint64(m.Connections)+SpareFiles:
		l.warn("open files", fmt.Sprintf("Raise the limit (ulimit -n, LimitNOFILE=%d in a systemd unit), or lower mqtt.max_connections.", m.Connections+SpareFiles),
			"%s may have %d open; mqtt.max_connections, %d, needs more", whose, limit, m.Connections)
	default:
		l.ok("open files", "%s may have %d open, enough for %d connections", whose, limit, m.Connections)
	}
}

// machineClock has no other clock to compare with: what is on disk cannot come from
// the future, nor the program.
func (f *Facts) machineClock(l *list) {
	const check = "clock"
	const advice = "Set this machine's clock (NTP). Certificates and expiries depend on it."
	c := &f.Machine.Clock
	latest, what := c.Newest, "the data folder's newest file"
	if c.Built.After(latest) {
		latest, what = c.Built, "this program"
	}
	switch {
	case latest.Sub(f.Now) > clockWarn:
		l.fail(check, advice, "it shows %s, and %s is from %s", stamp(f.Now), cmp.Or(what, ""), stamp(latest))
	case c.Known && !c.Synchronised:
		l.warn(check, advice, "it shows %s, and the system says that nothing synchronises it", f.Now.UTC().Format(time.RFC3339))
	case c.Known:
		l.ok(check, "it shows %s and is synchronised", f.Now.UTC().Format(time.RFC3339))
	default:
		l.ok(check, "it shows %s, which is not before what is on disk", f.Now.UTC().Format(time.RFC3339))
	}
}
