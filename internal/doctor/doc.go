// Package doctor says why an MQTT client does not come in, and what to do about it.
//
// Its core is pure: [Examine] takes [Facts], what was seen from the client's side, from
// a node and on a machine, and gives one [Finding] for each check, in the order in
// which a connection comes about. A check that could not be made is skipped, and says
// why; nothing is guessed from its absence. Package probe gathers the client's side over
// sockets; whoever has access to a node adds the rest.
//
// Findings hold no password, no key and no payload.
package doctor
