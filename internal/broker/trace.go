package broker

import (
	"context"
	"log/slog"
	"net"
	"strconv"

	"github.com/millrace/millrace/internal/say"
)

// about are the attributes that every log line about a connection begins with, so
// that its lines can be joined: conn is its number since the start, in base 36.
func about(c *client, more ...any) []any {
	return append([]any{"conn", strconv.FormatUint(c.connID(), 36), "client", c.name, "remote", addressText(c.remote()), "listener", c.door.name}, more...)
}

// text is an address as people write it, in JSON logs too.
func addressText(a net.Addr) string {
	if a == nil {
		return ""
	}
	return a.String()
}

// debug logs about a connection when somebody wants to know.
func (w *worker) debug(c *client, line string, more ...any) {
	if w.log.Enabled(context.Background(), slog.LevelDebug) {
		w.log.Debug(line, about(c, more...)...)
	}
}

// lasted is how long the connection has been open, in milliseconds.
func (w *worker) lasted(c *client) int64 { return (w.loop.Now() - c.since) / 1e6 }

// mostShown is how many bytes of a client identifier get into the log.
const mostShown = 64

// shown is a client identifier as the log has it: cut when it is long.
func shown[T string | []byte](id T) string { return say.Cut(id, mostShown) }
