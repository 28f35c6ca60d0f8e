// Package sim is a button-cell factory that is not there: a model of its machines
// and a runner that connects as those machines and publishes their readings over
// MQTT, for load tests, training and demonstrations.
//
// [Plant] is the model and is pure: it is a function of its options alone, and two
// plants with the same options produce the same messages byte for byte (on one
// processor architecture; others may differ in a last digit). Message i belongs to
// device i modulo the number of devices and to the time Start + i/Rate, which is
// what it is stamped with, so that no two messages of a topic share a time stamp.
//
// The machines of a line hang together. Material flows from mixing to inspection
// through buffers, in batches whose quality every later machine feels; a machine
// warms up, drifts, wears and fails, and its neighbours run dry or back up.
//
// [Run] publishes at the model's pace whatever the broker does (an open loop):
// what cannot be sent waits in a bounded backlog. Its [Report] says exactly what
// was published and what the broker acknowledged.
//
// The package imports the MQTT client, codec and topic rules, nothing else of
// Millrace.
package sim
