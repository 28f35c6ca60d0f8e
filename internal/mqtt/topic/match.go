package topic

import "strings"

// Match reports whether a valid filter matches a valid name. A wildcard in the
// first level never matches a name that begins with $ [MQTT-4.7.2-1].
func Match(filter, name string) bool {
	if strings.HasPrefix(name, "$") && (strings.HasPrefix(filter, "+") || strings.HasPrefix(filter, "#")) {
		return false
	}
	return matchLevels(filter, name)
}

func matchLevels(filter, name string) bool {
	for {
		want, restFilter, moreFilter := strings.Cut(filter, "/")
		if want == "#" && !moreFilter {
			return true
		}
		have, restName, moreName := strings.Cut(name, "/")
		if want != "+" && want != have {
			return false
		}
		if !moreName {
			return !moreFilter || restFilter == "#"
		}
		if !moreFilter {
			return false
		}
		filter, name = restFilter, restName
	}
}
