package proxy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/millrace/millrace/internal/fault"
)

// version2 is a header with that command, family and body.
func version2(command, family byte, body ...byte) string {
	b := append(bytes.Clone(signature), command, family)
	return string(append(binary.BigEndian.AppendUint16(b, uint16(len(body))), body...))
}

// field is one behind the addresses.
func field(kind byte, value string) string {
	return string(binary.BigEndian.AppendUint16([]byte{kind}, uint16(len(value)))) + value
}

const (
	addresses4 = "\xcb\x00\x71\x09\x0a\x00\x00\x01\x12\x67\x07\x5b" // 203.0.113.9:4711 to 10.0.0.1:1883
	addresses6 = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x12\x67\x07\x5b"
)

// summed is a header whose checksum, at its end, is right.
func summed() string {
	b := []byte(version2(0x21, 0x11, []byte(addresses4+field(0x03, "\x00\x00\x00\x00"))...))
	binary.BigEndian.PutUint32(b[len(b)-4:], crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
	return string(b)
}

func TestHeaders(t *testing.T) {
	ssl := func(client byte, verify string, fields string) string {
		return field(0x20, string([]byte{client})+verify+fields)
	}
	for _, c := range []struct {
		says, header, client, commonName, authority string
		fails                                       bool
	}{
		{"v1", "PROXY TCP4 203.0.113.9 10.0.0.1 4711 1883\r\n", "203.0.113.9:4711", "", "", false},
		{"v1, IPv6", "PROXY TCP6 2001:db8::1 2001:db8::2 4711 1883\r\n", "[2001:db8::1]:4711", "", "", false},
		{"v1, the longest", "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", "", "", false},
		{"v1, unknown", "PROXY UNKNOWN\r\n", "", "", "", false},
		{"v1, unknown with addresses", "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", "", "", "", false},
		{"v1, a port too large", "PROXY TCP4 203.0.113.9 10.0.0.1 65536 1883\r\n", "", "", "", true},
		{"v1, a port with a zero", "PROXY TCP4 203.0.113.9 10.0.0.1 0711 1883\r\n", "", "", "", true},
		{"v1, the wrong family", "PROXY TCP4 2001:db8::1 2001:db8::2 4711 1883\r\n", "", "", "", true},
		{"v1, two spaces", "PROXY TCP4  203.0.113.9 10.0.0.1 4711 1883\r\n", "", "", "", true},
		{"v1, words missing", "PROXY TCP4 203.0.113.9\r\n", "", "", "", true},
		{"v1, no carriage return", "PROXY TCP4 203.0.113.9 10.0.0.1 4711 1883\n", "", "", "", true},
		{"v1, too long", "PROXY TCP4 " + strings.Repeat("1", 100) + "\r\n", "", "", "", true},
		{"v1, too short", "PROXY TCP4\r\n\x10\x0c\x00\x04", "", "", "", true},
		{"MQTT", "\x10\x0c\x00\x04MQTT\x04\x02\x00\x00\x00\x00xxxxxxxx", "", "", "", true},
		{"v2", version2(0x21, 0x11, []byte(addresses4)...), "203.0.113.9:4711", "", "", false},
		{"v2, IPv6", version2(0x21, 0x21, []byte(addresses6)...), "[2001:db8::1]:4711", "", "", false},
		{"v2, a health check", version2(0x20, 0x00), "", "", "", false},
		{"v2, a Unix socket", version2(0x21, 0x31, make([]byte, 216)...), "", "", "", false},
		{"v2, a checksum", summed(), "203.0.113.9:4711", "", "", false},
		{"v2, a wrong checksum", summed()[:len(summed())-1] + "x", "", "", "", true},
		{"v2, half a checksum", version2(0x21, 0x11, []byte(addresses4+field(0x03, "ab"))...), "", "", "", true},
		{"v2, a certificate", version2(0x21, 0x11, []byte(addresses4+field(0x02, "broker")+ssl(0x07, "\x00\x00\x00\x00", field(0x21, "TLSv1.3")+field(0x22, "press-7")))...), "203.0.113.9:4711", "press-7", "broker", false},
		{"v2, a certificate that is not verified", version2(0x21, 0x11, []byte(addresses4+ssl(0x07, "\x00\x00\x00\x01", field(0x22, "press-7")))...), "203.0.113.9:4711", "", "", false},
		{"v2, a name without a certificate", version2(0x21, 0x11, []byte(addresses4+ssl(0x01, "\x00\x00\x00\x00", field(0x22, "press-7")))...), "203.0.113.9:4711", "", "", false},
		{"v2, a name without TLS", version2(0x21, 0x11, []byte(addresses4+ssl(0x02, "\x00\x00\x00\x00", field(0x22, "press-7")))...), "203.0.113.9:4711", "", "", false},
		{"v2, addresses cut", version2(0x21, 0x11, 1, 2, 3), "", "", "", true},
		{"v2, a field cut", version2(0x21, 0x11, []byte(addresses4+"\x02\x00\x09x")...), "", "", "", true},
		{"v2, TLS cut", version2(0x21, 0x11, []byte(addresses4+field(0x20, "\x07"))...), "", "", "", true},
		{"v2, another version", version2(0x31, 0x11, []byte(addresses4)...), "", "", "", true},
		{"v2, another command", version2(0x22, 0x11, []byte(addresses4)...), "", "", "", true},
		{"v2, too long", version2(0x21, 0x11, make([]byte, 5000)...), "", "", "", true},
	} {
		const behind = "MQTT"
		for _, one := range []bool{false, true} {
			var r io.Reader = strings.NewReader(c.header + behind)
			if one {
				r = iotest.OneByteReader(r)
			}
			h, err := Read(r)
			if c.fails {
				if fault.CodeOf(err) != fault.ProxyHeader {
					t.Errorf("%s: %+v, %v", c.says, h, err)
				}
				continue
			}
			client := ""
			if h.Client.IsValid() {
				client = h.Client.String()
			}
			rest, _ := io.ReadAll(r)
			if err != nil || client != c.client || h.CommonName != c.commonName || h.Authority != c.authority || string(rest) != behind {
				t.Errorf("%s: %+v, %v, and then %q", c.says, h, err, rest)
			}
		}
	}
}

func TestAHeaderThatEndsEarly(t *testing.T) {
	for _, whole := range []string{"PROXY TCP4 203.0.113.9 10.0.0.1 4711 1883\r\n", summed()} {
		for n := range len(whole) {
			if _, err := Read(strings.NewReader(whole[:n])); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("%q: %v", whole[:n], err)
			}
		}
	}
}

// FuzzRead holds that whatever comes, not more is taken than a header may have, and
// that the header taken alone says the same.
func FuzzRead(f *testing.F) {
	f.Add([]byte("PROXY TCP4 203.0.113.9 10.0.0.1 4711 1883\r\nMQTT"))
	f.Add([]byte("PROXY UNKNOWN\r\n"))
	f.Add([]byte(summed()))
	f.Add([]byte(version2(0x21, 0x21, []byte(addresses6+field(0x20, "\x07\x00\x00\x00\x00"+field(0x22, "cn")))...)))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		h, err := Read(r)
		taken := len(b) - r.Len()
		if taken > fixedBytes+maxBody {
			t.Fatalf("%d bytes taken", taken)
		}
		if err != nil {
			return
		}
		if again, err := Read(bytes.NewReader(b[:taken])); err != nil || again != h {
			t.Fatalf("%+v, then %+v, %v", h, again, err)
		}
	})
}
