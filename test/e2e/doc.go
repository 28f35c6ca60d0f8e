// Package e2e starts the real program and uses it as its users do: with Debian's
// mosquitto_pub, with paho, over HTTP, with kill -9. Run it with `make test-e2e`.
package e2e
