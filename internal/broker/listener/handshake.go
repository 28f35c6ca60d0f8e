package listener

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/broker/proxy"
	"github.com/millrace/millrace/internal/broker/secure"
	"github.com/millrace/millrace/internal/fault"
)

// patience is how long a handshake may take when others wait for its place.
const patience = 2 * time.Second

// cores is how many handshakes may use the processor at one time, on all
// listeners: the loops need the rest.
var cores = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))

// handshakes are those under way, oldest first.
type handshakes struct {
	most   int
	mu     sync.Mutex
	room   *sync.Cond // of mu: there is a place again, or the end has come
	under  []*handshake
	closed bool
}

type handshake struct {
	nc    net.Conn
	since time.Time
	cut   bool // guarded by handshakes.mu: ended from here
}

func newHandshakes(most int) *handshakes {
	h := &handshakes{most: most}
	h.room = sync.NewCond(&h.mu)
	return h
}

// enter waits for a place, and cuts off whoever has had theirs for too long. It
// returns nil when the listener has been closed.
func (h *handshakes) enter(nc net.Conn) *handshake {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.under) >= h.most && !h.closed {
		h.awaitLocked()
	}
	if h.closed {
		return nil
	}
	s := &handshake{nc: nc, since: time.Now()}
	h.under = append(h.under, s)
	return s
}

// awaitLocked waits for a place for as long as the oldest may yet take.
func (h *handshakes) awaitLocked() {
	left := time.Until(h.under[0].since.Add(patience))
	if left <= 0 {
		h.under[0].cutLocked()
		left = patience
	}
	t := time.AfterFunc(left, func() {
		h.mu.Lock() // not before Wait has begun
		defer h.mu.Unlock()
		h.room.Broadcast()
	})
	h.room.Wait()
	t.Stop()
}

func (s *handshake) cutLocked() {
	s.cut = true
	_ = s.nc.Close()
}

// leave gives the place back; cut says that the handshake was ended from here.
func (h *handshakes) leave(s *handshake) (cut bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if i := slices.Index(h.under, s); i >= 0 {
		h.under = slices.Delete(h.under, i, i+1)
	}
	h.room.Broadcast()
	return s.cut
}

// begin lets handshakes in again.
func (h *handshakes) begin() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = false
}

// end cuts off what is under way and lets nobody in any more.
func (h *handshakes) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for _, s := range h.under {
		s.cutLocked()
	}
	h.room.Broadcast()
}

// shakesHands says whether something comes before a connection can be handed on.
func (l *Listener) shakesHands() bool { return l.store != nil || l.o.ProxyProtocol }

// trusted says whether that source may speak for others.
func (l *Listener) trusted(source netip.Addr) bool {
	return slices.ContainsFunc(l.o.Proxies, func(p netip.Prefix) bool { return p.Contains(source) })
}

// begin gives the handshake a goroutine, which ends with it.
func (l *Listener) begin(nc net.Conn, remote netip.AddrPort) {
	s := l.shakes.enter(nc)
	if s == nil {
		_ = nc.Close()
		return
	}
	l.tasks.Go(func() {
		a := Arrival{Conn: nc, Remote: remote}
		err := l.shake(nc, &a, s.since)
		if err != nil {
			l.failed(nc, &a, err) // within its place, since it may take a moment
		}
		if !l.shakes.leave(s) && err == nil {
			l.hand(nc, a)
		}
	})
}

// shake takes what comes before MQTT.
func (l *Listener) shake(nc net.Conn, a *Arrival, since time.Time) error {
	if err := nc.SetDeadline(since.Add(l.o.HandshakeTimeout)); err != nil {
		return err
	}
	heard := &hearing{Conn: nc}
	if l.o.ProxyProtocol {
		h, err := proxy.Read(heard)
		if err != nil {
			return inHeader(heard.judge(err))
		}
		heard.any = false
		if h.Client.IsValid() {
			a.Remote, a.CommonName = h.Client, h.CommonName
		}
	}
	if l.store != nil {
		if err := l.secure(heard, a); err != nil {
			return heard.judge(err)
		}
		l.counts.Handshakes.observe(time.Since(since))
	}
	return nc.SetDeadline(time.Time{})
}

// secure does the TLS handshake.
func (l *Listener) secure(nc net.Conn, a *Arrival) error {
	c := secure.Server(&considerate{Conn: nc}, l.store.Config())
	cores <- struct{}{}
	err := c.Handshake()
	<-cores
	if err == nil {
		state := c.State()
		ctx, cancel := context.WithTimeout(l.ctx, l.o.HandshakeTimeout)
		err = l.store.CheckClient(ctx, &state)
		cancel()
	}
	c.Detach()
	a.Secure = c
	return err
}

// hearing is a connection that knows whether its peer has said anything.
type hearing struct {
	net.Conn
	any bool
}

func (h *hearing) Read(b []byte) (int, error) {
	n, err := h.Conn.Read(b)
	h.any = h.any || n > 0
	return n, err
}

// errSilent is that the peer has gone before it said anything.
var errSilent = errors.New("it has said nothing")

// judge is errSilent in the place of what else it would be called.
func (h *hearing) judge(err error) error {
	if !h.any && (errors.Is(err, io.EOF) || fault.PeerGone(err)) {
		return errSilent
	}
	return err
}

// inHeader names the end of a connection in the midst of its PROXY header.
func inHeader(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || fault.PeerGone(err) {
		return fault.Wrap(fault.ProxyHeader, "proxy header", err, "The connection ended in the midst of its PROXY header.")
	}
	return err
}

// considerate is a connection that leaves the processor to others while it waits.
type considerate struct{ net.Conn }

func (c *considerate) Read(b []byte) (int, error) {
	<-cores
	n, err := c.Conn.Read(b)
	cores <- struct{}{}
	return n, err
}

// failed tells why a connection does not get in.
func (l *Listener) failed(nc net.Conn, a *Arrival, err error) {
	if err == errSilent {
		l.counts.Silent.Add(1)
		_ = nc.Close()
		return
	}
	if l.store != nil {
		l.counts.HandshakesFailed.Add(1)
	}
	remote := net.Addr(nc.RemoteAddr())
	if a.Remote.IsValid() {
		remote = net.TCPAddrFromAddrPort(a.Remote)
	}
	linger(nc)
	l.o.Refused(reason(err), remote)
}

// linger closes without a reset that would overtake the alert: what the client has
// sent meanwhile is read and forgotten, for a moment.
func linger(nc net.Conn) {
	defer nc.Close()
	half, ok := nc.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	_ = nc.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.Copy(io.Discard, io.LimitReader(nc, lingerBytes))
}

const (
	lingerTime  = 200 * time.Millisecond
	lingerBytes = 64 << 10
)

// reason puts an error of a handshake into the product's words.
func reason(err error) error {
	var known *fault.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, net.ErrClosed): // cut off, so that others come in
		return fault.New(fault.HandshakeTimeout, "The handshake took too long.")
	}
	return fault.Wrap(fault.TLS, "tls handshake", err, "The TLS handshake failed: %v.", err)
}
