package delay

import (
	"bytes"
	"strconv"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

// MaxSeconds is the longest delay: about 49 days. A larger number is a time, in
// seconds since 1970, at most that far ahead.
const MaxSeconds = 4294967

var (
	errForm  = fault.New(fault.BadTopicName, "A delayed message goes to $delayed/SECONDS/TOPIC.")
	errLong  = fault.New(fault.BadTopicName, "A message may be delayed by %d seconds at most.", MaxSeconds)
	errInner = fault.New(fault.Forbidden, "The topic of a delayed message begins with $: such topics are the server's own.")
)

// Parse splits a valid topic name that begins with $delayed/ into the time at which
// the message is due (ns since 1970) and its topic, which points into name.
func Parse(name []byte, now int64) (due int64, inner []byte, err error) {
	digits, inner, ok := bytes.Cut(name[len(topic.Delayed):], []byte("/"))
	if !ok || len(inner) == 0 || len(digits) == 0 || digits[0] == '+' {
		return 0, nil, errForm
	}
	if inner[0] == '$' {
		return 0, nil, errInner
	}
	n, err := strconv.ParseUint(string(digits), 10, 33) // seconds until the year 2242
	if err != nil {
		return 0, nil, errForm
	}
	due = now + int64(n)*int64(time.Second)
	if n > MaxSeconds {
		due = max(int64(n)*int64(time.Second), now)
	}
	if due-now > MaxSeconds*int64(time.Second) {
		return 0, nil, errLong
	}
	return due, inner, nil
}
