// Package testkit holds what tests of several rooms share: a leak check, waiting for
// a condition, free ports, and running the real program.
//
// Only tests import it. A whole-program test is a few lines:
//
//	func TestMain(m *testing.M) { testkit.Main(m) }
//
//	node := testkit.StartNode(t, nil, nil)
//	publish(node.MQTT)
//	node.Kill()
//	node.Restart(t)
//
// What a test starts ends with it: nodes are stopped and their folders removed by
// the test's own clean-up.
package testkit
