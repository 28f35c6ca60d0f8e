// Package observe is how a node is seen from outside: metrics, alarms, health, a
// short history of its own figures, and its log.
//
// The rooms count by themselves; observe asks. A metric or a figure is a name and a
// function that reads a number some room keeps anyway, so counting costs the hot
// path nothing and observe knows no room. The functions are called from any
// goroutine and must be quick and safe for that.
//
// Everything here is safe for concurrent use. Only [History] owns a goroutine, from
// Start to Close.
package observe
