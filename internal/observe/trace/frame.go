package trace

import (
	"encoding/binary"
	"net/netip"
)

const (
	ipv4Header = 20
	ipv6Header = 40
	tcpHeader  = 20
	protoTCP   = 6
	hopLimit   = 64
)

// The two ends' made-up hardware addresses; the second bit says that they are.
var hardware = [2][6]byte{{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}}

// ethernet appends the frame's header.
func (w *pcapngWriter) ethernet(b []byte, from int, a netip.Addr) []byte {
	b = append(b, hardware[1-from][:]...)
	b = append(b, hardware[from][:]...)
	if a.Is4() {
		return append(b, 0x08, 0x00)
	}
	return append(b, 0x86, 0xDD)
}

// ip appends the header of a packet with that many bytes behind it.
func (w *pcapngWriter) ip(b []byte, source, target netip.Addr, size int) []byte {
	if source.Is4() {
		return w.ipv4(b, source, target, size)
	}
	b = append(b, 0x60, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(size))
	b = append(b, protoTCP, hopLimit)
	b = append(b, source.AsSlice()...)
	return append(b, target.AsSlice()...)
}

func (w *pcapngWriter) ipv4(b []byte, source, target netip.Addr, size int) []byte {
	w.ident++
	at := len(b)
	b = append(b, 0x45, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(ipv4Header+size))
	b = binary.BigEndian.AppendUint16(b, w.ident)
	b = append(b, 0x40, 0, hopLimit, protoTCP, 0, 0) // not to be fragmented
	b = append(b, source.AsSlice()...)
	b = append(b, target.AsSlice()...)
	binary.BigEndian.PutUint16(b[at+10:], checksum(sum(0, b[at:])))
	return b
}

// segmentOf appends a TCP segment.
func segmentOf(b []byte, source, target netip.AddrPort, seq, ack uint32, flags byte, data []byte) []byte {
	at := len(b)
	b = binary.BigEndian.AppendUint16(b, source.Port())
	b = binary.BigEndian.AppendUint16(b, target.Port())
	b = binary.BigEndian.AppendUint32(b, seq)
	if flags&flagACK == 0 {
		ack = 0
	}
	b = binary.BigEndian.AppendUint32(b, ack)
	b = append(b, tcpHeader/4<<4, flags, 0xFF, 0xFF, 0, 0, 0, 0) // window, checksum, urgent
	b = append(b, data...)
	s := sum(0, source.Addr().AsSlice())
	s = sum(s, target.Addr().AsSlice())
	s += protoTCP + uint32(len(b)-at)
	binary.BigEndian.PutUint16(b[at+16:], checksum(sum(s, b[at:])))
	return b
}

// sum adds up words of two bytes (RFC 1071).
func sum(s uint32, b []byte) uint32 {
	for ; len(b) > 1; b = b[2:] {
		s += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	return s
}

func checksum(s uint32) uint16 {
	for s > 0xFFFF {
		s = s>>16 + s&0xFFFF
	}
	return ^uint16(s)
}
