#!/usr/bin/env bash
# Measures what clients with little to say feel of one that floods: fair.sh PROGRAM [ROUNDS] [SECONDS]
# prints the p99 of ten pairs with 1,000 messages a second in all, alone and beside each
# flood, as Markdown. Linux with two processors, root: the pairs' load tool gets real-time
# priority over the flood's, which shares a processor with it; the broker has the other one.
# TRANSPORT=portable asks the same of the transport of Windows and macOS.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "${1:?usage: fair.sh PROGRAM [ROUNDS] [SECONDS]}")
rounds=${2:-3} seconds=${3:-4}
./deploy/needs.sh jq=jq taskset=util-linux chrt=util-linux >&2
folder=$(mktemp -d)
address=127.0.0.1:23140

cat > "$folder/millrace.yaml" <<Y
data: $folder/data
mqtt: {listen: "$address", transport: ${TRANSPORT:-auto}}
http: {listen: "127.0.0.1:0"}
streams: [{name: telemetry, filters: ["kept/#"]}]
Y
GOMAXPROCS=1 nice -n -20 taskset -c 0 "$program" serve --config "$folder/millrace.yaml" > "$folder/log" 2>&1 &
broker=$!
trap 'kill $broker; wait $broker || true; rm -rf "$folder"' EXIT
until grep -qis ready "$folder/log"; do kill -0 $broker || { cat "$folder/log" >&2; exit 1; }; sleep 0.1; done

pairs() {
	chrt -f 10 taskset -c 1 "$program" bench p2p --addr $address --pairs 10 --qos 1 --rate 1000 --topic pairs \
		--client-prefix pair- --duration "${seconds}s" --warmup 500ms --drain 1s --json -q | jq .latency.p99
}
flood() { # QOS SUBSCRIBERS WINDOW
	taskset -c 1 "$program" bench fanout --addr $address --publishers 1 --subscribers "$2" --qos "$1" --window "$3" --topic flood \
		--client-prefix flood- --duration "$((seconds + 2))s" --warmup 300ms --drain 1s --json -q | jq .sentPerSecond
}
median() { sort -g | jq -s '.[length/2|floor]'; }

echo "| flood | messages/s of the flood | p99 alone, ms | p99 beside it, ms | times |"
echo "|---|---|---|---|---|"
while read -r qos subscribers window; do
	: > "$folder/alone"; : > "$folder/beside"; : > "$folder/flood"
	for _ in $(seq "$rounds"); do
		pairs >> "$folder/alone"
		flood "$qos" "$subscribers" "$window" >> "$folder/flood" &
		flooder=$!
		sleep 1 # the flood is at its full rate
		pairs >> "$folder/beside"
		wait $flooder
	done
	jq -rn --arg name "1→$subscribers, QoS $qos, window $window" --argjson alone "$(median < "$folder/alone")" \
		--argjson beside "$(median < "$folder/beside")" --argjson rate "$(median < "$folder/flood")" \
		'"| \($name) | \($rate|round) | \($alone/1000*100|round/100) | \($beside/1000*100|round/100) | \($beside/$alone*10|round/10) |"'
done <<FLOODS
0 1 1000
1 1 1000
0 100 1000
1 100 100
FLOODS
