package topic

import (
	"bytes"

	"github.com/millrace/millrace/internal/fault"
)

var sharePrefix = []byte("$share/")

var (
	errShareName   = fault.New(fault.BadTopicFilter, "A shared subscription is $share/NAME/FILTER and NAME has no wildcard [MQTT-4.8.2-1] [MQTT-4.8.2-2].")
	errShareFilter = fault.New(fault.BadTopicFilter, "A shared subscription needs a topic filter behind its name [MQTT-4.8.2-2].")
)

// ParseShare splits $share/NAME/FILTER into its two parts. For any other filter
// group is nil and rest is filter itself. Both parts point into filter; rest has
// still to pass [ValidFilter].
func ParseShare(filter []byte) (group, rest []byte, err error) {
	if !bytes.HasPrefix(filter, sharePrefix) {
		return nil, filter, nil
	}
	tail := filter[len(sharePrefix):]
	slash := bytes.IndexByte(tail, '/')
	if slash <= 0 || bytes.ContainsAny(tail[:slash], "+#") {
		return nil, nil, errShareName
	}
	if slash == len(tail)-1 {
		return nil, nil, errShareFilter
	}
	return tail[:slash], tail[slash+1:], nil
}
