// Package bus is the state of the node that must survive: named logs of entries
// and key-value buckets, kept by NATS JetStream embedded in this process.
//
// It is the only package that imports NATS. A node that stands alone opens no
// network port for it: everything goes through in-process connections.
//
// # Promises
//
//   - An entry or a value that was confirmed is stored: with durability Power it
//     is on the disk, with Process it survives a killed process and reaches the
//     disk within a second.
//   - Entries that one caller appends to a log, on one engine's life, are stored
//     in the order of the calls.
//   - Every append is answered exactly once. An answer that is an error leaves open
//     whether the entry was stored; who repeats it says so, under the same id.
//   - Readers are cursors of their own: they hold bounded memory, and a slow one
//     slows neither the writer nor another reader.
//   - A full disk costs nothing that was confirmed. Writes are refused with
//     [fault.StorageFull] while reads go on; when space returns the engine is
//     started afresh inside the running process and readers and writers resume.
//   - A start on what is stored needs no free byte: logs and buckets that are there as
//     configured are opened without a write.
//
// # Ownership
//
// A [Bus] owns the engine, its connections and two goroutines (the doctor, which
// restarts a sick engine, and the sweeper, which ends appends without an answer).
// Close ends them all; it comes after everybody who uses the bus has stopped.
// Bytes given to a method belong to the caller again when it returns, except an
// appended entry: that one when its answer has come.
package bus
