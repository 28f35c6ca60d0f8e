package session

import (
	"strings"
	"unicode/utf8"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// This file says in words what a reason code says in a number, so that whoever reads
// a client's log at night knows what to look for. MQTT 5 clients alone are told.

// longestReason bounds a reason string, in bytes.
const longestReason = 256

// reasonString is what a client is told of an error: its public text and the code to quote.
// Which of user name and password was wrong is the operator's to know.
func reasonString(err error) []byte {
	code, text := fault.CodeOf(err), fault.UserMessage(err)
	if code == fault.UnknownUser || code == fault.BadPassword {
		code, text = fault.BadPassword, "The user name or the password is wrong."
	}
	tail := " (" + code.Quote() + ")"
	return append([]byte(cutText(text, longestReason-len(tail))), tail...)
}

// cutText is the beginning of a text, valid as MQTT has it [MQTT-1.5.4-1] [MQTT-1.5.4-2].
func cutText(s string, most int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

// titles are the words of PUBACK and PUBREC, which know the code alone.
var titles = func() (list [256][]byte) {
	for _, c := range fault.Codes() {
		list[c] = []byte(c.Title() + " (" + c.Quote() + ")")
	}
	return list
}()

// explained appends a packet with a reason string, or without it where the client does
// not take one as large.
func (s *Session) explained(dst, text []byte, write func(dst, text []byte) []byte) []byte {
	if text == nil || s.version != packet.V5 || s.limits.NoReasons {
		return write(dst, nil)
	}
	out := write(dst, text)
	if s.maxPacket > 0 && len(out)-len(dst) > int(s.maxPacket) {
		return write(dst, nil)
	}
	return out
}

// explainedTo is explained for packets other than CONNACK and DISCONNECT: a client may
// ask for none [MQTT-3.1.2-29].
func (s *Session) explainedTo(dst, text []byte, write func(dst, text []byte) []byte) []byte {
	if s.terse {
		text = nil
	}
	return s.explained(dst, text, write)
}
