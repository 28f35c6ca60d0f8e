// Package topic knows MQTT topic names and topic filters (MQTT 5 section 4.7):
// which bytes are one, which filter matches which name, and a [Tree] that finds
// every filter matching a name among very many.
//
// Promises: nothing here allocates while matching, nothing keeps a slice it was
// given, and no input makes it panic. A Tree is read without locks, by any number
// of goroutines, while others change it.
//
// It is a leaf: of Millrace it imports fault alone.
package topic
