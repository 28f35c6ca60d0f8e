#!/usr/bin/env bash
# Measures Millrace beside mosquitto, mochi-mqtt and nats-server and prints Markdown
# tables: bench.sh PROGRAM [-duration 3s] [-rounds 3] [-only p2p] [-brokers millrace,mosquitto]
# [-grow] [-durable] [-shared] [-write docs/performance.md]
# Linux with two processors; mosquitto comes from Debian when it is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
program=${1:?usage: bench.sh PROGRAM [flags]}
shift
PATH=$PATH:/usr/sbin
./deploy/needs.sh mosquitto=mosquitto taskset=util-linux >&2
mkdir -p build/bench
(cd test/bench && CGO_ENABLED=0 go build -o ../../build/bench/ ./...)
exec build/bench/table -millrace "$program" -peers build/bench "$@"
