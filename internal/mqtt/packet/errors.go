package packet

import "github.com/millrace/millrace/internal/fault"

// The faults are made once: refusing a packet allocates nothing.
func malformed(text string) error { return fault.New(fault.Malformed, "%s", text) }

func protocol(text string) error { return fault.New(fault.Protocol, "%s", text) }

var (
	errShort       = malformed("A field reaches beyond the end of the packet.")
	errTrailing    = malformed("The packet is longer than its fields.")
	errLength      = malformed("The remaining length is not that of the packet.")
	errVarint      = malformed("A variable byte integer has more than four bytes [MQTT-1.5.5-1].")
	errMinimal     = malformed("A variable byte integer is longer than it need be [MQTT-1.5.5-1].")
	errText        = malformed("A string is not UTF-8 or holds U+0000 [MQTT-1.5.4-1] [MQTT-1.5.4-2].")
	errType        = malformed("The packet type is reserved.")
	errFlags       = malformed("The reserved flags of the fixed header have another value [MQTT-2.1.3-1].")
	errPacketID    = protocol("The packet identifier is 0 [MQTT-2.2.1-3].")
	errReason      = protocol("The packet does not know the reason code it carries.")
	errVersion     = malformed("The packet does not exist in this protocol version.")
	errTooLarge    = fault.New(fault.PacketTooLarge, "The packet is larger than allowed.")
	errManyFilters = fault.New(fault.TooMany, "A SUBSCRIBE or UNSUBSCRIBE has more topic filters than one packet may have.")
	errUnknown     = malformed("A property identifier is unknown.")
	errNotHere     = malformed("A property does not belong to this packet.")
	errTwice       = protocol("A property occurs twice.")
	errRange       = protocol("A property has a value outside its range.")
	errAlias       = fault.New(fault.TopicAlias, "A topic alias is 0 [MQTT-3.3.2-8].")
	errNoMethod    = protocol("Authentication data without an authentication method.")
	errTopicWild   = fault.New(fault.BadTopicName, "A topic name holds no wildcard, neither + nor # [MQTT-3.3.2-2].")
	errTopicEmpty  = fault.New(fault.BadTopicName, "A topic name needs at least one character [MQTT-4.7.3-1].")
	errResponse    = protocol("A response topic holds a wildcard [MQTT-3.3.2-14].")
)
