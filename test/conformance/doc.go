// Package conformance holds the broker against the specifications. clauses*.txt
// name every normative statement of MQTT 5.0 and 3.1.1, and what MQTT 3.1 has
// otherwise, each with whom it binds and what it demands in our words. scripts
// speak MQTT packet by packet to a broker in this process and say which statements
// they show. The tests run the scripts, check that every statement has a test that
// exists, and write docs/conformance.md (go test ./test/conformance -update). suites.txt
// says by what each check of the two public suites for brokers is asked here.
//
// # Scripts
//
// A file of scripts/ is a list of stories, each begun by == and a title:
//
//	== A second CONNECT ends the connection
//	in 3.1.1 5.0                     versions it is played in; these two unless said
//	shows 3.1.0-2                    statements of MQTT 5.0 that it shows
//	shows 3.1.1 3.1.2-5              and of MQTT 3.1.1 that have no twin in 5.0
//	broker receive-maximum=2         settings of the broker
//	a connect                        dial, CONNECT as client "a", take CONNACK
//	a > CONNECT id=a                 send
//	v5 a < DISCONNECT reason=0x82    in 5.0 alone: the next packet, by the fields named
//	a < closed
//	counted protocol_error           the broker counts the refusal by that reason
//
// Further: "a dial", "a > hex 30 05 0001 "a" FF", "a cut" (the network fails),
// "a leave" (DISCONNECT), "a subscribe FILTER qos=1", "a publish TOPIC PAYLOAD qos=2"
// (with its handshake), "a < silence" (nothing has come), "a <* PUBLISH …" (these
// lines together, in any order), "clock 90s". A value $x is remembered where it
// first occurs and the same from then on; 100*x is x a hundred times.
package conformance
