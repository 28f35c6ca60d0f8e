package sim

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Counts are exact. Generated = Published + Dropped + what still waits; Published
// = Acknowledged + Refused + Unacknowledged with QoS 1.
type Counts struct {
	// Generated messages came from the model.
	Generated int64 `json:"generated"`
	// Published messages were handed to a connection, each counted once.
	Published int64 `json:"published"`
	// Acknowledged messages got a PUBACK that accepts them; 0 with QoS 0.
	Acknowledged int64 `json:"acknowledged"`
	// Refused messages got a PUBACK with an error.
	Refused int64 `json:"refused"`
	// Unacknowledged messages were published and never answered.
	Unacknowledged int64 `json:"unacknowledged"`
	// Dropped messages found the backlog full, or were left in it at the end.
	Dropped int64 `json:"dropped"`
	// Points are the values in the acknowledged messages; with QoS 0 in the
	// published ones.
	Points int64 `json:"points"`
}

func (c *Counts) add(o Counts) {
	c.Generated += o.Generated
	c.Published += o.Published
	c.Acknowledged += o.Acknowledged
	c.Refused += o.Refused
	c.Unacknowledged += o.Unacknowledged
	c.Dropped += o.Dropped
	c.Points += o.Points
}

// Report says exactly what a run sent.
type Report struct {
	Counts
	// Resent counts messages sent again, flagged DUP, after a connection was lost.
	Resent int64 `json:"resent"`
	// Reconnects counts connections made beyond the first of each device.
	Reconnects int64 `json:"reconnects"`

	Seed    uint64  `json:"seed"`
	Devices int     `json:"devices"`
	Rate    float64 `json:"rate"`
	QoS     byte    `json:"qos"`
	// Seconds is how long publishing took, Behind how far the generator itself was
	// behind its schedule at worst.
	Seconds float64 `json:"seconds"`
	Behind  float64 `json:"behindSeconds"`
	// First and Last are the time stamps of the first and the last message that
	// counts (acknowledged; published with QoS 0).
	First time.Time `json:"firstTime"`
	Last  time.Time `json:"lastTime"`
	// Digest is the sum, modulo 2^64, of the CRC-32C of topic, a zero byte and
	// payload of every message that counts, in hex: order plays no part.
	Digest string `json:"digest"`
	// Kinds are the counts by kind of machine.
	Kinds []KindReport `json:"kinds"`
	// Topics are the counts by topic.
	Topics []TopicReport `json:"topics,omitempty"`
	// Interrupted says that the run was ended before its duration.
	Interrupted bool `json:"interrupted,omitempty"`
}

// KindReport is one kind of machine.
type KindReport struct {
	Kind    string `json:"kind"`
	Devices int    `json:"devices"`
	Counts
}

// TopicReport is one topic.
type TopicReport struct {
	Topic  string `json:"topic"`
	Device string `json:"device"`
	// Count is how many of its messages count (acknowledged; published with QoS 0).
	Count int64 `json:"count"`
	// LastTime and Last are the time stamp and the payload of the newest of them.
	LastTime time.Time       `json:"lastTime"`
	Last     json.RawMessage `json:"last"`
}

// Progress is a run at one moment.
type Progress struct {
	Counts
	Elapsed   time.Duration
	Connected int
	Devices   int
	// Waiting messages are in the backlog.
	Waiting int64
	// Trouble is the last connection error while somebody is not connected.
	Trouble string
}

// String is one line for people.
func (p Progress) String() string {
	s := fmt.Sprintf("%6.1fs  %d/%d connected  published %d  acknowledged %d  waiting %d  dropped %d",
		p.Elapsed.Seconds(), p.Connected, p.Devices, p.Published, p.Acknowledged, p.Waiting, p.Dropped)
	if p.Trouble != "" {
		s += "  (" + p.Trouble + ")"
	}
	return s
}

// Write writes the report for people.
func (r *Report) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Published %d messages in %.1f s (%.0f/s), seed %d, QoS %d, %d devices.\n",
		r.Published, r.Seconds, float64(r.Published)/max(r.Seconds, 0.001), r.Seed, r.QoS, r.Devices)
	fmt.Fprintf(&b, "acknowledged %d  unacknowledged %d  refused %d  dropped %d  resent %d  reconnects %d\n",
		r.Acknowledged, r.Unacknowledged, r.Refused, r.Dropped, r.Resent, r.Reconnects)
	fmt.Fprintf(&b, "points %d  from %s to %s  digest %s\n\n", r.Points, stamp(r.First), stamp(r.Last), r.Digest)
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "machine\tdevices\tpublished\tacknowledged\tpoints\t")
	for _, k := range r.Kinds {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t\n", k.Kind, k.Devices, k.Published, k.Acknowledged, k.Points)
	}
	t.Flush()
	_, err := io.WriteString(w, b.String())
	return err
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
