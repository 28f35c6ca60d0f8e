// Package proxy reads the header of the PROXY protocol, versions 1 and 2, with which
// a load balancer says whom it speaks for.
//
// [Read] takes exactly the header from a connection and not a byte more, so that
// whatever follows is read by whoever comes next. It trusts nobody: the caller says
// which sources may speak for others.
package proxy

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"net/netip"
	"strconv"
	"strings"

	"github.com/millrace/millrace/internal/fault"
)

// Header is what a proxy says.
type Header struct {
	// Client is who has connected to the proxy; not valid when the proxy speaks for
	// itself, or for nobody it knows.
	Client netip.AddrPort
	// Authority is the host name that the client asked for (SNI), if told.
	Authority string
	// TLS says that the client speaks TLS with the proxy.
	TLS bool
	// CommonName is that of the client's certificate, which the proxy has verified;
	// else empty.
	CommonName string
}

const (
	shortest   = 15  // "PROXY UNKNOWN\r\n", and less than every header of version 2
	maxLine    = 107 // of version 1, with its end
	fixedBytes = 16  // of version 2
	maxBody    = 4 << 10
)

var signature = []byte("\r\n\r\n\x00\r\nQUIT\n")

// Read takes the header that r begins with. An error that is no fault is r's own.
func Read(r io.Reader) (Header, error) {
	b := make([]byte, shortest, maxLine)
	if _, err := io.ReadFull(r, b); err != nil {
		return Header{}, err
	}
	if bytes.HasPrefix(b, signature) {
		return readBinary(r, b)
	}
	return readLine(r, b)
}

func malformed(what string) error {
	return fault.New(fault.ProxyHeader, "The connection does not begin with a PROXY header: %s.", what)
}

// readLine reads a header of version 1, whose line has no stated length.
func readLine(r io.Reader, b []byte) (Header, error) {
	if !bytes.HasPrefix(b, []byte("PROXY ")) {
		return Header{}, malformed("neither version 1 nor 2")
	}
	for b[len(b)-1] != '\n' {
		if len(b) == maxLine {
			return Header{}, malformed("the line is too long")
		}
		if bytes.IndexByte(b, '\n') >= 0 {
			return Header{}, malformed("the line is too short")
		}
		b = append(b, 0)
		if _, err := io.ReadFull(r, b[len(b)-1:]); err != nil {
			return Header{}, err
		}
	}
	line, ok := strings.CutSuffix(string(b), "\r\n")
	if !ok {
		return Header{}, malformed("the line has no end")
	}
	return parseLine(strings.Split(line, " ")[1:])
}

// parseLine reads "TCP4 client proxy port port" and the like.
func parseLine(words []string) (Header, error) {
	if words[0] == "UNKNOWN" {
		return Header{}, nil
	}
	if len(words) != 5 || words[0] != "TCP4" && words[0] != "TCP6" {
		return Header{}, malformed("the line is not TCP4, TCP6 or UNKNOWN with its addresses")
	}
	client, ok := endpoint(words[1], words[3], words[0] == "TCP4")
	if _, ok2 := endpoint(words[2], words[4], words[0] == "TCP4"); !ok || !ok2 {
		return Header{}, malformed("an address or a port is not valid")
	}
	return Header{Client: client}, nil
}

func endpoint(host, port string, v4 bool) (netip.AddrPort, bool) {
	a, err := netip.ParseAddr(host)
	n, err2 := strconv.ParseUint(port, 10, 16)
	ok := err == nil && err2 == nil && a.Is4() == v4 && a.Zone() == "" && strconv.FormatUint(n, 10) == port
	return netip.AddrPortFrom(a.Unmap(), uint16(n)), ok
}

// The commands and families of version 2.
const (
	local, speaksFor = 0x20, 0x21
	tcp4, tcp6       = 0x11, 0x21
)

func readBinary(r io.Reader, b []byte) (Header, error) {
	b = b[:fixedBytes]
	if _, err := io.ReadFull(r, b[shortest:]); err != nil {
		return Header{}, err
	}
	size := int(binary.BigEndian.Uint16(b[14:]))
	if size > maxBody {
		return Header{}, malformed("the header is too long")
	}
	whole := append(b, make([]byte, size)...)
	if _, err := io.ReadFull(r, whole[fixedBytes:]); err != nil {
		return Header{}, err
	}
	return parseBinary(whole)
}

// parseBinary reads a whole header of version 2.
func parseBinary(b []byte) (h Header, err error) {
	body := b[fixedBytes:]
	switch b[12] {
	case local: // a health check: the proxy speaks for itself
		return Header{}, nil
	case speaksFor:
	default:
		return Header{}, malformed("its version or command is not known")
	}
	n := 0
	switch b[13] {
	case tcp4:
		n = 12
	case tcp6:
		n = 36
	default: // of a family that has no client here: the rest is not looked at
		return Header{}, nil
	}
	if len(body) < n {
		return Header{}, malformed("its addresses are cut")
	}
	client, _ := netip.AddrFromSlice(body[:(n-4)/2])
	h.Client = netip.AddrPortFrom(client.Unmap(), binary.BigEndian.Uint16(body[n-4:]))
	return h, h.extend(b, body[n:])
}

// The types of the fields behind the addresses.
const (
	typeAuthority  = 0x02
	typeChecksum   = 0x03
	typeTLS        = 0x20
	typeCommonName = 0x22

	overTLS, withCertificate = 0x01, 0x02 | 0x04 // on this connection, or in its session
)

// extend reads the fields behind the addresses; whole is the header they end.
func (h *Header) extend(whole, fields []byte) error {
	return each(fields, func(kind byte, value []byte) error {
		switch kind {
		case typeAuthority:
			h.Authority = string(value)
		case typeChecksum:
			return verify(whole, value)
		case typeTLS:
			return h.secured(value)
		}
		return nil
	})
}

// secured reads what the proxy says of the client's TLS.
func (h *Header) secured(value []byte) error {
	if len(value) < 5 {
		return malformed("its TLS field is cut")
	}
	verified := binary.BigEndian.Uint32(value[1:]) == 0
	h.TLS = value[0]&overTLS != 0
	return each(value[5:], func(kind byte, v []byte) error {
		if kind == typeCommonName && h.TLS && verified && value[0]&withCertificate != 0 {
			h.CommonName = string(v)
		}
		return nil
	})
}

// each calls f for every field.
func each(b []byte, f func(kind byte, value []byte) error) error {
	for len(b) > 0 {
		if len(b) < 3 || len(b)-3 < int(binary.BigEndian.Uint16(b[1:])) {
			return malformed("one of its fields is cut")
		}
		n := 3 + int(binary.BigEndian.Uint16(b[1:]))
		if err := f(b[0], b[3:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// verify compares the header's checksum, which is reckoned with zeroes in its own
// place. sum lies within whole.
func verify(whole, sum []byte) error {
	if len(sum) != 4 {
		return malformed("its checksum has not 4 bytes")
	}
	said := binary.BigEndian.Uint32(sum)
	clear(sum)
	is := crc32.Checksum(whole, castagnoli)
	binary.BigEndian.PutUint32(sum, said)
	if is != said {
		return malformed("its checksum is wrong")
	}
	return nil
}
