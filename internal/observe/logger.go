package observe

import (
	"io"
	"log/slog"
	"strings"
)

// NewLogger returns the node's logger: "json" for collectors, anything else is text
// for people. The level changes while running through level; nil means info.
// Attributes whose names speak of secrets are written as "***", as a last resort:
// nobody should log them in the first place.
func NewLogger(w io.Writer, format string, level *slog.LevelVar) *slog.Logger {
	if level == nil {
		level = &slog.LevelVar{}
	}
	o := &slog.HandlerOptions{Level: level, ReplaceAttr: redact}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// ParseLevel reads debug, info, warn or error.
func ParseLevel(name string) (slog.Level, bool) {
	switch strings.ToLower(name) {
	case "debug":
		return slog.LevelDebug, true
	case "info":
		return slog.LevelInfo, true
	case "warn":
		return slog.LevelWarn, true
	case "error":
		return slog.LevelError, true
	}
	return 0, false
}

// telling are the words that make an attribute's name, or its group's, secret.
var telling = []string{"password", "passwd", "secret", "token", "authorization", "cookie", "apikey", "credential", "privatekey"}

func redact(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.MessageKey || a.Key == slog.LevelKey || a.Key == slog.TimeKey) {
		return a
	}
	if tells(a.Key) {
		return slog.String(a.Key, "***")
	}
	for _, g := range groups {
		if tells(g) {
			return slog.String(a.Key, "***")
		}
	}
	return a
}

// flat leaves out what stands between the words of a name.
var flat = strings.NewReplacer("_", "", "-", "", ".", "")

func tells(name string) bool {
	name = flat.Replace(strings.ToLower(name))
	for _, word := range telling {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}
