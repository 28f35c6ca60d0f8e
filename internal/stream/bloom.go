package stream

import (
	"hash/crc32"
	"math/bits"

	"github.com/millrace/millrace/internal/msg"
)

// The topics' Bloom filter: seven bits a topic in ten bits for each, which answers
// "may hold" for 0.8 % of the topics that are not there.
const (
	bloomHashes   = 7
	bloomPerTopic = 10 // bits
)

// bloomSize is the bytes of a filter for n topics, a multiple of eight.
func bloomSize(n int) int { return (n*bloomPerTopic + 63) / 64 * 8 }

// topicHash is the CRC-32C of the topic, which topicBits spreads.
func topicHash(topic []byte) uint32 { return crc32.Checksum(topic, castagnoli) }

// spread makes two numbers of a hash; the second is odd.
func spread(hash uint32) (a, b uint32) {
	x := uint64(hash) * 0x9E3779B97F4A7C15
	x ^= x >> 32
	x *= 0xD6E8FEB86659FD93
	x ^= x >> 32
	return uint32(x), uint32(x>>32) | 1
}

// bloomBit scales a number to one of n bits.
func bloomBit(v uint32, n int) uint64 { return uint64(v) * uint64(n) >> 32 }

func bloomAdd(filter []byte, hash uint32) {
	a, b := spread(hash)
	for range bloomHashes {
		i := bloomBit(a, len(filter)*8)
		filter[i/8] |= 1 << (i % 8)
		a += b
	}
}

func bloomHolds(filter []byte, hash uint32) bool {
	a, b := spread(hash)
	for range bloomHashes {
		i := bloomBit(a, len(filter)*8)
		if len(filter) == 0 || filter[i/8]&(1<<(i%8)) == 0 {
			return false
		}
		a += b
	}
	return true
}

// topicSet collects the distinct topics of one entry by their hashes.
type topicSet struct {
	table []uint64 // round<<32 | hash, open addressing; an older round is free
	round uint64
	found []uint32
}

func (s *topicSet) reset() {
	s.round++
	s.found = s.found[:0]
	if s.round >= 1<<32 {
		s.round = 1
		clear(s.table)
	}
}

func (s *topicSet) len() int { return len(s.found) }

func (s *topicSet) addAll(p part) {
	s.reserve(len(s.found) + p.to - p.from)
	b, at := p.batch, offset(p.batch, p.from)
	for _, end := range b.Ends[p.from:p.to] {
		s.add(topicHash(msg.RecordTopic(b.Records[at:end])))
		at = int(end)
	}
}

func (s *topicSet) add(hash uint32) {
	mask := uint32(len(s.table) - 1)
	want := s.round<<32 | uint64(hash)
	for i := hash & mask; s.table[i] != want; i = (i + 1) & mask {
		if s.table[i]>>32 != s.round {
			s.table[i] = want
			s.found = append(s.found, hash)
			return
		}
	}
}

// reserve makes room for n topics at half load.
func (s *topicSet) reserve(n int) {
	if 2*n <= len(s.table) {
		return
	}
	s.table = make([]uint64, max(256, 1<<bits.Len(uint(2*n))))
	again := s.found
	s.found = s.found[:0]
	for _, h := range again {
		s.add(h)
	}
}

func (s *topicSet) appendBloom(dst []byte, size int) []byte {
	at := len(dst)
	for range size / 8 {
		dst = append(dst, 0, 0, 0, 0, 0, 0, 0, 0)
	}
	for _, h := range s.found {
		bloomAdd(dst[at:], h)
	}
	return dst
}
