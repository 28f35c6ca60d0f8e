package api

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

// console serves the web app's files. Paths that are no file are pages of the app
// and get index.html.
type console struct {
	files fs.FS
	// made holds each file as it goes out, by path: the file system never changes.
	made sync.Map
}

// file is one file, ready to be sent.
type file struct {
	plain []byte
	// packed are the same bytes by content encoding.
	packed    map[string][]byte
	mediaType string
	tag       string
}

func newConsole(files fs.FS) http.Handler {
	if files == nil {
		return reading(http.HandlerFunc(notBuilt))
	}
	if _, err := fs.Stat(files, "index.html"); err != nil {
		return reading(http.HandlerFunc(notBuilt))
	}
	return reading(&console{files: files})
}

// reading refuses what does not only read.
func reading(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "405 method not allowed", http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func notBuilt(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write([]byte(notBuiltPage))
}

const notBuiltPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Millrace</title>
<h1>Millrace runs, without its console</h1>
<p>This binary was built without the web console. <code>make build</code> builds both.</p>
<p>The <a href="/api/docs">REST API</a> works as it is.</p>
</html>
`

// ServeHTTP sends a file, or index.html for a page of the app.
func (c *console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	f := c.file(name)
	if f == nil && path.Ext(name) != "" {
		http.NotFound(w, r)
		return
	}
	if f == nil {
		name, f = "index.html", c.file("index.html")
	}
	c.send(w, r, name, f)
}

func (c *console) send(w http.ResponseWriter, r *http.Request, name string, f *file) {
	h := w.Header()
	h.Set("Content-Type", f.mediaType)
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, "assets/") { // the build puts a hash into these names
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	body, tag := f.plain, f.tag
	for _, encoding := range []string{"br", "gzip"} {
		if packed, ok := f.packed[encoding]; ok && accepts(r, encoding) {
			h.Set("Content-Encoding", encoding)
			body, tag = packed, f.tag+"-"+encoding
			break
		}
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

func accepts(r *http.Request, encoding string) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), encoding) {
			return strings.ReplaceAll(weight, " ", "") != "q=0"
		}
	}
	return false
}

// file returns a file with its packed forms, nil when there is none of the name.
func (c *console) file(name string) *file {
	if f, ok := c.made.Load(name); ok {
		return f.(*file)
	}
	plain, err := fs.ReadFile(c.files, name)
	if err != nil {
		return nil
	}
	sum := sha256.Sum256(plain)
	f := &file{plain: plain, packed: map[string][]byte{}, mediaType: mediaType(name), tag: hex.EncodeToString(sum[:8])}
	c.pack(name, f)
	made, _ := c.made.LoadOrStore(name, f)
	return made.(*file)
}

// pack takes the packed forms that lie beside a file, and makes a gzip where that
// pays.
func (c *console) pack(name string, f *file) {
	for encoding, suffix := range map[string]string{"br": ".br", "gzip": ".gz"} {
		if b, err := fs.ReadFile(c.files, name+suffix); err == nil {
			f.packed[encoding] = b
		}
	}
	if f.packed["gzip"] != nil || len(f.plain) < 1024 || !compresses(f.mediaType) {
		return
	}
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	z.Write(f.plain)
	z.Close()
	f.packed["gzip"] = b.Bytes()
}

func compresses(mediaType string) bool {
	return strings.HasPrefix(mediaType, "text/") || strings.Contains(mediaType, "javascript") ||
		strings.Contains(mediaType, "json") || strings.Contains(mediaType, "svg")
}

// types are those of a web build, the same on every system.
var types = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8", ".json": "application/json", ".webmanifest": "application/manifest+json",
	".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8",
}

func mediaType(name string) string {
	if t := types[path.Ext(name)]; t != "" {
		return t
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}
