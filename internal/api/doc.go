// Package api is the product's own REST API: what the console, millrace ctl and
// other programs ask of a node, and the console's files beside it.
//
// Promises:
//
//   - Nobody in by default. Each operation has a least role in one table
//     ([Access]); an operation without a row cannot be registered. People sign in
//     for a cookie, programs show an API key by HTTP Basic, and a request over the
//     node's own Unix socket is the administrator "local".
//   - Every refusal is a problem document (RFC 9457) whose code ("MR-4040") and
//     detail come from package fault. What failed inside is logged once, with the
//     request id and the trace id (W3C Trace Context) that the answer carries.
//   - The OpenAPI document, the page at /api/docs and docs/reference/api.md are
//     made from the Go types and this code; a test keeps the written ones true.
//   - A reader of GET /live that is too slow loses messages and is told how many;
//     it slows nobody. What waits for it is bounded by number and by bytes. It ends
//     as soon as its session or key does.
//
// The package asks everything of the small interfaces in [Options]; what is nil
// there answers 503. An [API] owns no goroutine of its own: those of open requests
// end with the request, and [API.Close] ends the endless ones (GET /live).
package api
