package trace

import (
	"encoding/binary"
	"io"
	"net/netip"
)

// pcapngWriter writes an Ethernet frame for each packet, or for each part of a large
// one. Whatever the connection was, it is shown as TCP to port 1883.
type pcapngWriter struct {
	w     io.Writer
	conns map[uint64]*stream
	frame []byte
	block []byte
	ident uint16 // of IP packets
}

// stream is one connection as the file has it.
type stream struct {
	client, server netip.AddrPort
	sent           [2]uint32 // next sequence number of client and server
}

const (
	shownPort = 1883
	// segment is how many bytes of MQTT one frame has at most.
	segment = 32 << 10
	// mostStreams bounds what is remembered of connections.
	mostStreams = 1 << 14

	fromClient, fromServer = 0, 1
)

// The block types and options of pcapng.
const (
	sectionHeader  = 0x0A0D0D0A
	interfaceBlock = 1
	enhancedPacket = 6
	linkEthernet   = 1
	optionEnd      = 0
	optionComment  = 1
	optionUserAppl = 4
	optionTSResol  = 9
)

func (w *pcapngWriter) head() error {
	w.conns = map[uint64]*stream{}
	b := binary.LittleEndian.AppendUint32(nil, 0x1A2B3C4D)
	b = binary.LittleEndian.AppendUint16(b, 1) // version 1.0
	b = binary.LittleEndian.AppendUint16(b, 0)
	b = binary.LittleEndian.AppendUint64(b, ^uint64(0)) // the section's length is not told
	b = option(b, optionUserAppl, []byte("Millrace"))
	b = binary.LittleEndian.AppendUint32(b, optionEnd)
	if err := w.put(sectionHeader, b); err != nil {
		return err
	}
	b = binary.LittleEndian.AppendUint16(nil, linkEthernet)
	b = binary.LittleEndian.AppendUint16(b, 0)
	b = binary.LittleEndian.AppendUint32(b, 0) // frames are whole
	b = option(b, optionTSResol, []byte{9})    // times are in ns
	b = binary.LittleEndian.AppendUint32(b, optionEnd)
	return w.put(interfaceBlock, b)
}

func option(b []byte, code uint16, value []byte) []byte {
	b = binary.LittleEndian.AppendUint16(b, code)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	return padded(append(b, value...))
}

func padded(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// put writes a block; its body is a multiple of four bytes.
func (w *pcapngWriter) put(kind uint32, body []byte) error {
	size := uint32(len(body) + 12)
	w.block = binary.LittleEndian.AppendUint32(w.block[:0], kind)
	w.block = binary.LittleEndian.AppendUint32(w.block, size)
	w.block = append(w.block, body...)
	w.block = binary.LittleEndian.AppendUint32(w.block, size)
	_, err := w.w.Write(w.block)
	return err
}

func (w *pcapngWriter) write(p *Packet) error {
	s, err := w.stream(p)
	if err != nil {
		return err
	}
	from := fromServer
	if p.In {
		from = fromClient
	}
	for rest := p.Bytes; len(rest) > 0; {
		part := rest[:min(len(rest), segment)]
		rest = rest[len(part):]
		if err := w.tcp(p.At, s, from, flagACK|flagPSH, part, ""); err != nil {
			return err
		}
	}
	return nil
}

// stream is the packet's connection; a new one begins with a handshake, so that
// Wireshark knows where it begins.
func (w *pcapngWriter) stream(p *Packet) (*stream, error) {
	if s := w.conns[p.Conn]; s != nil {
		return s, nil
	}
	if len(w.conns) >= mostStreams {
		clear(w.conns)
	}
	s := &stream{}
	s.client, s.server = ends(p)
	w.conns[p.Conn] = s
	comment := "client " + p.Client
	if err := w.tcp(p.At, s, fromClient, flagSYN, nil, comment); err != nil {
		return nil, err
	}
	if err := w.tcp(p.At, s, fromServer, flagSYN|flagACK, nil, ""); err != nil {
		return nil, err
	}
	return s, w.tcp(p.At, s, fromClient, flagACK, nil, "")
}

// ends are the two addresses as they are shown: of one family, and never 0.
func ends(p *Packet) (client, server netip.AddrPort) {
	remote, local := p.Remote.Addr().Unmap(), p.Local.Addr().Unmap()
	port := p.Remote.Port()
	if !remote.IsValid() {
		remote = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	if port == 0 {
		port = uint16(49152 + p.Conn%16384)
	}
	remote = remote.WithZone("")
	switch {
	case local.IsValid() && !local.IsUnspecified() && local.Is4() == remote.Is4():
	case remote.Is4():
		local = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	default:
		local = netip.IPv6Loopback()
	}
	return netip.AddrPortFrom(remote, port), netip.AddrPortFrom(local.WithZone(""), shownPort)
}

// The flags of TCP.
const (
	flagSYN = 0x02
	flagPSH = 0x08
	flagACK = 0x10
)

// tcp writes one segment in its frame.
func (w *pcapngWriter) tcp(at int64, s *stream, from int, flags byte, data []byte, comment string) error {
	source, target := s.client, s.server
	if from == fromServer {
		source, target = target, source
	}
	w.frame = w.ethernet(w.frame[:0], from, source.Addr())
	w.frame = w.ip(w.frame, source.Addr(), target.Addr(), tcpHeader+len(data))
	w.frame = segmentOf(w.frame, source, target, s.sent[from], s.sent[1-from], flags, data)
	s.sent[from] += uint32(len(data))
	if flags&flagSYN != 0 {
		s.sent[from]++
	}
	return w.enhanced(at, comment)
}

// enhanced writes the frame as a block.
func (w *pcapngWriter) enhanced(at int64, comment string) error {
	size := uint32(len(w.frame))
	b := binary.LittleEndian.AppendUint32(nil, 0) // the interface
	b = binary.LittleEndian.AppendUint32(b, uint32(uint64(at)>>32))
	b = binary.LittleEndian.AppendUint32(b, uint32(uint64(at)))
	b = binary.LittleEndian.AppendUint32(b, size)
	b = binary.LittleEndian.AppendUint32(b, size)
	b = padded(append(b, w.frame...))
	if comment != "" {
		b = option(b, optionComment, []byte(comment))
		b = binary.LittleEndian.AppendUint32(b, optionEnd)
	}
	return w.put(enhancedPacket, b)
}
