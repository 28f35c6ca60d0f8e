// Package backup copies everything that a running node keeps to a folder, and makes a
// data folder of it again.
//
// # Promises
//
//   - A generation is the state of the node at one time: it holds whatever was
//     acknowledged before it began, and where one part names positions of another,
//     those are in it. Every entry keeps its position.
//   - Only what is new since the last generation is read and written: log entries
//     behind the last position, values that changed, files that were not there.
//   - A generation counts once its manifest is in place, which comes last and in one
//     step. What an interrupted back-up has written is used by the next one.
//   - Every file is known by its SHA-256. [Verify] reads all of it back; [Restore] does so
//     first, and touches nothing when a file is missing or damaged, which it names.
//   - A restored data folder is whole: until its last byte is on the disk it is marked,
//     and no node starts on it.
//
// # The folder
//
//	objects/ab/abcd…       what is kept, by the SHA-256 of its content
//	generations/TIME.json  what belongs to a generation
//	unfinished.json        what an interrupted back-up has got so far
//
// docs/formats/backup.md has the formats by the byte.
package backup
