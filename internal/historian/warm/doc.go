// Package warm holds the coding of a chunk: the samples of one series over one
// span of time, compressed and checked. It does no I/O. The layout is written down
// by the byte in docs/formats/chunk.md.
//
// What goes in comes out bit by bit: kinds may change from sample to sample, floats
// keep their NaN payloads and negative zeros. A chunk whose bytes changed, or that
// belongs to another series, is [ErrChunk], never wrong data; no input panics or
// takes memory beyond [MaxSamples] samples.
//
// Encoder and Decoder own scratch memory and belong to one goroutine each.
package warm
