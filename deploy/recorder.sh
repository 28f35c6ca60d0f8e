#!/usr/bin/env bash
# Measures what the flight recorder costs: recorder.sh PROGRAM [ROUNDS] [SECONDS]
# runs two brokers, with and without one, loads them in turns, and prints the medians of
# the deliveries per processor second of the broker, what they lose by the recorder (the
# median of the rounds' ratios, and the middle half of them) as Markdown. A third broker,
# without a recorder like the second, shows the noise of the machine in the same way.
# Rounds in which a broker got too little of its processor for a figure are left out.
# Linux with two processors: the brokers share one, the load tool has the other.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "${1:?usage: recorder.sh PROGRAM [ROUNDS] [SECONDS]}")
rounds=${2:-21} seconds=${3:-1}
./deploy/needs.sh jq=jq taskset=util-linux >&2
folder=$(mktemp -d)
brokers=()
trap 'for b in "${brokers[@]}"; do kill "$b"; wait "$b" || true; done; rm -rf "$folder"' EXIT

begin() { # NAME PORT RECORDER_BYTES
	cat > "$folder/$1.yaml" <<-Y
	data: $folder/$1
	mqtt: {listen: "127.0.0.1:$2"}
	http: {listen: "127.0.0.1:0"}
	observe: {recorder_bytes: $3}
	streams: [{name: telemetry, filters: ["kept/#"]}]
	Y
	GOMAXPROCS=1 taskset -c 0 "$program" serve --config "$folder/$1.yaml" > "$folder/$1.log" 2>&1 &
	brokers+=($!)
	until grep -qis ready "$folder/$1.log"; do kill -0 $! || { cat "$folder/$1.log" >&2; exit 1; }; sleep 0.1; done
}
begin on 21200 16MiB
begin off 21201 0
begin same 21202 0

measure() { # WHICH SCENARIO FLAGS…
	local which=$1
	shift
	taskset -c 1 "$program" bench "$@" --addr "127.0.0.1:$((21200 + which))" --pid "${brokers[$which]}" \
		--duration "${seconds}s" --warmup 300ms --drain 1s --json -q | jq .perCPUSecond
}

echo "| scenario | without, deliveries per CPU-second | with | the recorder costs, % (middle half) | the same twice differs by, % (middle half) |"
echo "|---|---|---|---|---|"
while read -r -a flags; do
	: > "$folder/rounds"
	for round in $(seq "$rounds"); do
		order="0 1 2" # who comes first gains or loses by what was before
		case $((round % 3)) in 1) order="1 2 0" ;; 2) order="2 0 1" ;; esac
		for which in $order; do echo "{\"r$which\": $(measure "$which" "${flags[@]}" < /dev/null)}"; done | jq -sc add >> "$folder/rounds"
	done
	jq -rs --arg name "${flags[*]}" '
		def at(q): sort | .[((length - 1) * q | round)];
		def lost: (. * 1000 | round) / 10;
		def row(f): map(f) | "\(at(0.5) | lost) (\(at(0.25) | lost) to \(at(0.75) | lost))";
		def kilo(f): map(f) | "\(at(0.5) / 1000 | round)k";
		(length as $all | map(select(.r0 > 0 and .r1 > 0 and .r2 > 0)) | if length < $all * 0.8 then error("too many rounds without a figure") else . end) |
		"| \($name) | \(kilo(.r1)) | \(kilo(.r0)) | \(row(1 - .r0 / .r1)) | \(row(1 - .r2 / .r1)) |"' "$folder/rounds"
done <<SCENARIOS
p2p --pairs 4 --qos 0 --window 256
p2p --pairs 100 --qos 1
fanout --publishers 1 --subscribers 500 --qos 0
fanout --publishers 1 --subscribers 500 --qos 1
SCENARIOS
