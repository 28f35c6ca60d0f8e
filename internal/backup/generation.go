package backup

import (
	"encoding/json"
	"time"
)

// formatVersion is that of manifests and segments.
const formatVersion = 1

// Generation is what one back-up holds: the content of its manifest.
type Generation struct {
	Format  int       `json:"format"`
	Name    string    `json:"name"`
	Node    string    `json:"node"`
	Version string    `json:"version"` // of the program
	Began   time.Time `json:"began"`
	Ended   time.Time `json:"ended"`
	Streams []Stream  `json:"streams"`
	// Points are the historian's files, named below its folder.
	Points []File `json:"points"`
	// Files are others of the data folder, named below it, and those that the
	// configuration names elsewhere.
	Files []File `json:"files"`
	// LeftOut are files that the configuration names and the back-up does not hold.
	LeftOut []string `json:"leftOut,omitempty"`
}

// Stream is a log or a bucket: what it was, and where its entries are.
type Stream struct {
	Name     string          `json:"name"`
	Config   json.RawMessage `json:"config"`
	Created  time.Time       `json:"created"`
	Newest   bool            `json:"newest,omitempty"` // only the newest entry of a subject counts
	First    uint64          `json:"first"`
	Last     uint64          `json:"last"`
	Entries  uint64          `json:"entries"`
	Segments []Segment       `json:"segments"`
}

// Segment is an object with the entries of a stream from one sequence to another.
type Segment struct {
	Object
	From     uint64 `json:"from"`
	To       uint64 `json:"to"`
	Entries  uint64 `json:"entries"`
	LastTime int64  `json:"lastTime"` // when the entry at To was stored, ns since 1970
}

// Object is what is kept in the folder.
type Object struct {
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// File is a copied file.
type File struct {
	Object
	Path string `json:"path"` // with / between its parts
	// Original is where it was when that is outside of the data folder.
	Original string    `json:"original,omitempty"`
	Modified time.Time `json:"modified"`
}

// objects calls f for every object of the generation with a name for people.
func (g *Generation) objects(f func(o Object, what string)) {
	for _, s := range g.Streams {
		for _, seg := range s.Segments {
			f(seg.Object, seg.what(s.Name))
		}
	}
	for _, p := range g.Points {
		f(p.Object, "the historian's file "+p.Path)
	}
	for _, p := range g.Files {
		f(p.Object, "the file "+p.Path)
	}
}

// Size is what the generation holds, shared with others or not, in bytes.
func (g *Generation) Size() (n int64) {
	g.objects(func(o Object, _ string) { n += o.Size })
	return n
}

// stored counts the entries of all segments.
func (s *Stream) stored() (n uint64) {
	for _, seg := range s.Segments {
		n += seg.Entries
	}
	return n
}
