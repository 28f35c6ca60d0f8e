package packet

import "encoding/binary"

// AliasRoom is how many bytes AppendAliased adds at most.
const AliasRoom = 5

// AppendAliased appends image, an encoded MQTT 5 PUBLISH without a topic alias, with
// one. With bare the topic name is left out: the receiver knows it by the alias
// [MQTT-3.3.2-12]. Without, the packet must have AliasRoom left to its largest size.
func AppendAliased(dst, image []byte, alias uint16, bare bool) []byte {
	length, n, _ := uvarint(image[1:])
	body := image[1+n:]
	topicEnd := 2 + int(binary.BigEndian.Uint16(body))
	listAt := topicEnd
	if image[0]&0b0110 != 0 { // the identifier
		listAt += 2
	}
	list, n, _ := uvarint(body[listAt:])
	props := int(list) + 3
	remaining := int(length) + 3 + uvarintSize(props) - n
	name := body[:topicEnd]
	if bare {
		remaining -= topicEnd - 2
		name = noName
	}
	dst = appendUvarint(append(dst, image[0]), remaining)
	dst = append(dst, name...)
	dst = append(dst, body[topicEnd:listAt]...)
	dst = appendUvarint(dst, props)
	dst = append(dst, byte(TopicAlias), byte(alias>>8), byte(alias))
	return append(dst, body[listAt+n:]...)
}

var noName = []byte{0, 0}

// ImageTopic is the topic name of an encoded PUBLISH.
func ImageTopic(image []byte) []byte {
	_, n, _ := uvarint(image[1:])
	body := image[1+n:]
	return body[2 : 2+int(binary.BigEndian.Uint16(body))]
}
