// Package console serves the build of the web console in this folder.
//
// The console is a TypeScript program; "npm run build" writes it to dist. A binary
// built with the tag "console" carries dist inside itself. Without the tag FS
// returns nil, so the Go part builds and tests on machines that have no Node.
//
// The package holds no state and starts nothing.
package console
