package websocket

import (
	"io"
	"net/netip"
	"sync/atomic"

	"github.com/millrace/millrace/internal/fault"
)

// Options say who may speak WebSocket here, and how much at once.
type Options struct {
	// Path is where MQTT is served; empty is /mqtt.
	Path string
	// Origins are the hosts whose web pages may connect, such as
	// https://dashboard.example.com, or * for all. A page from the host that is
	// connected to, whatever its port, always may, and so may who names no origin.
	Origins []string
	// MaxHead bounds the request's head in bytes; 0 is 8 KiB.
	MaxHead int
	// MaxFrame bounds the payload of one frame in bytes; 0 is 8 MiB.
	MaxFrame int
	// Trusted says whose X-Forwarded-For is believed; nil is nobody's.
	Trusted func(netip.Addr) bool
	// Enter is asked whether one connection more may come from a client that a trusted
	// proxy names; Leave is told when it has ended. nil lets all in. Loops call both.
	Enter func(client netip.Addr) error
	Leave func(client netip.Addr)
}

// The bounds when none are given.
const (
	DefaultPath     = "/mqtt"
	defaultMaxHead  = 8 << 10
	defaultMaxFrame = 8 << 20
)

// maxOwed bounds the answers to pings that nobody reads.
const maxOwed = 1 << 10

// Codec is one connection.
type Codec struct {
	options *Options
	peer    netip.Addr     // the socket's
	client  netip.AddrPort // as a trusted proxy says
	head    []byte         // of the request, until it is whole; then nil
	owed    []byte         // the codec's own words
	err     error          // why nothing more is taken
	frames  frames
	open    bool        // the request is granted
	abroad  bool        // the client may be elsewhere than the socket's peer
	entered atomic.Bool // Enter has let the client in, and Leave is owed
	closed  bool        // our close frame is out
	code    uint16      // of our close frame
	why     string      // its text
}

// New returns the codec of a connection from peer.
func New(o *Options, peer netip.Addr) *Codec {
	return &Codec{options: o, peer: peer, code: normalClosure}
}

// Decode appends to dst what wire says, behind what came before. Its error is
// io.EOF when the peer has closed in order, and says else why the connection must
// end; it stays. End tells the peer.
func (c *Codec) Decode(dst, wire []byte) ([]byte, error) {
	if c.err == nil && !c.open {
		wire = c.request(wire)
	}
	if c.err == nil && c.open {
		dst, c.err = c.frames.decode(dst, wire, c)
	}
	return dst, c.err
}

// Encode appends to dst what the codec owes, and one frame that holds plain.
func (c *Codec) Encode(dst, plain []byte) []byte {
	dst = append(dst, c.owed...)
	c.owed = nil
	if len(plain) == 0 || !c.open || c.closed {
		return dst
	}
	return append(appendHead(dst, binaryFrame, len(plain)), plain...)
}

// Owes says whether the codec has something to say of its own.
func (c *Codec) Owes() bool { return len(c.owed) > 0 }

// Held is the memory of a request or a control frame that is not whole.
func (c *Codec) Held() int { return cap(c.head) + cap(c.frames.control) }

// End appends what the codec owes and its farewell, once.
func (c *Codec) End(dst []byte) []byte {
	dst = c.Encode(dst, nil)
	if !c.open || c.closed {
		return dst
	}
	c.closed = true
	return appendClose(dst, c.code, c.why)
}

// Remote is the client's address as a trusted proxy says, the zero value when
// none does.
func (c *Codec) Remote() netip.AddrPort { return c.client }

// Abroad says that the client may be on another machine though the socket's peer is not: a
// proxy has passed the request on, or a web page has sent it that came by a name. Who owns
// a name may let it lead to this machine once the page is there (DNS rebinding).
func (c *Codec) Abroad() bool { return c.abroad }

// Leave says that the connection has ended. Another goroutine than that of Decode may
// call it.
func (c *Codec) Leave() {
	if c.entered.CompareAndSwap(true, false) {
		c.options.Leave(c.client.Addr())
	}
}

// Because says why the connection is closed from this side, unless the codec or the peer
// has said so before.
func (c *Codec) Because(code uint16) {
	if c.code == normalClosure && c.err == nil {
		c.code = code
	}
}

// fail ends with a close frame that says why.
func (c *Codec) fail(code uint16, why string) error {
	c.code, c.why = code, why
	return fault.New(fault.WebSocket, "%s (close code %d).", why, code)
}

// closeReceived takes the peer's close frame. Ours answers it, when what the peer
// has sent before is dealt with.
func (c *Codec) closeReceived(payload []byte) error {
	code, ok := closeCode(payload)
	if !ok {
		return c.fail(protocolError, "The close frame's code or text is not valid")
	}
	c.code = code
	return io.EOF
}

// ping answers a ping. When the answers pile up, the peer does not read them and
// further ones are left out.
func (c *Codec) ping(payload []byte) {
	if len(c.owed) < maxOwed && !c.closed {
		c.owed = append(appendHead(c.owed, pong, len(payload)), payload...)
	}
}
