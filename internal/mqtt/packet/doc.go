// Package packet turns bytes into MQTT packets and back, for MQTT 3.1, 3.1.1 and
// 5.0. It does no I/O, keeps no state and starts nothing.
//
// [Frame] tells from the first bytes of a stream where its first packet ends. Each
// packet is a struct with Decode, which reads one whole packet, and Append, which
// writes one behind dst and returns it. Every field that a version does not know
// is zero after Decode and left out by Append; reason codes are MQTT 5's in every
// version and are translated on the way.
//
// Ownership: decoded slices point into the input and are valid as long as it is
// unchanged. A struct may be decoded into again and again; Decode sets every field
// and reuses the memory of its lists, so PUBLISH and its acknowledgements cost no
// allocation.
//
// Strictness: what is not a packet by the letter is refused with fault.Malformed
// (0x81), what is a packet but forbidden with fault.Protocol (0x82) or a code of
// its own; the message names the normative statement. What depends on the session
// or on who sends (a subscription identifier from a client, an alias above the
// maximum, a filter's form) is for the caller to check. Append trusts its fields:
// it never panics, but only what Decode would accept comes out as a valid packet.
//
// It is a leaf: of Millrace it imports fault alone.
package packet
