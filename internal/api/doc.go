// Package api is the product's own REST API: what the console, millrace ctl and
// other programs ask of a node.
package api
