// Package preserve keeps what the broker holds in memory over a restart: retained
// messages and delayed ones.
//
// The message log is the write-ahead log: each retained message and each publication of
// a delayed one is in a stream. About every second a [Preserver] writes what has changed
// into a journal, and then a checkpoint: up to which position of each stream the journal
// reflects the messages. [Preserver.Load] reads the journal and the messages behind the
// checkpoint.
//
// # Promises
//
//   - What the log has taken of a retained message is there after a crash at any moment.
//   - A delayed message whose record the journal has taken is published once: its
//     publication in the log bears its number, and Load strikes it off.
//   - A change that cannot be written is written later; until then the checkpoint stays.
//
// # Records
//
// The first byte of a record's key is its kind: r and a topic is a retained message, d
// and eight bytes are a delayed one, c is the checkpoint.
package preserve
