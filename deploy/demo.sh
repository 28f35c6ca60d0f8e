#!/usr/bin/env bash
# Starts a node and a simulated plant beside it; both end with Ctrl-C: demo.sh MILLRACE
set -euo pipefail
millrace=${1:?usage: demo.sh MILLRACE}
"$millrace" serve --data ./data &
node=$!
trap 'kill "$node" 2>/dev/null || true; wait "$node" 2>/dev/null || true' EXIT INT TERM
until "$millrace" ctl status --data ./data >/dev/null 2>&1; do
  kill -0 "$node" 2>/dev/null || { wait "$node"; exit 1; }
  sleep 0.2
done
echo "  Plant    60 simulated machines publish 200 messages a second; Ctrl-C ends both"
"$millrace" sim --devices 60 --rate 200 --quiet
