package config

import "strings"

// doubts holds the keys whose strongest value cannot be relied on, list items and
// keys inside lists among them: "streams[0].name". Checks between keys leave them
// out, so that one mistake does not read as two.
type doubts map[string]bool

// note takes over what a source says; sources come from the weakest to the strongest.
func (b doubts) note(d *decoder) {
	given := map[string]bool{}
	for _, v := range d.values {
		given[v.field.key] = true
		b.settle(v.field.key)
	}
	for _, key := range d.wrong {
		b[key] = true
		b.below(key, given)
	}
}

// settle drops the doubts about a key that a stronger source gives.
func (b doubts) settle(key string) {
	for k := range b {
		if k == key || strings.HasPrefix(k, key+"[") {
			delete(b, k)
		}
	}
}

// below doubts the keys of a group that is wrong, but for those that the same source
// gives; the empty key is the whole source.
func (b doubts) below(key string, given map[string]bool) {
	for _, f := range root.leaves() {
		if !given[f.key] && (key == "" || strings.HasPrefix(f.key, key+".")) {
			b[f.key] = true
		}
	}
}
