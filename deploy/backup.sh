#!/usr/bin/env bash
# Measures a back-up of a node with so many MB of messages of 1 KB: backup.sh PROGRAM [MB] [FOLDER]
# prints what is written, verified and restored a second, as Markdown. FOLDER holds three
# times the MB (default a temporary one) and is emptied.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "${1:?usage: backup.sh PROGRAM [MB] [FOLDER]}")
size=${2:-2000}
./deploy/needs.sh jq=jq >&2
folder=$(mktemp -d -p "${3:-${TMPDIR:-/tmp}}")
address=127.0.0.1:21640
cat > "$folder/millrace.yaml" <<Y
data: $folder/data
node: {name: bench}
mqtt: {listen: "$address"}
http: {listen: "127.0.0.1:0"}
streams: [{name: telemetry, filters: ["kept/#"], max_bytes: 1TiB}]
Y
"$program" serve --config "$folder/millrace.yaml" > "$folder/log" 2>&1 &
node=$!
trap 'kill $node 2>/dev/null && wait $node || true; rm -rf "$folder"' EXIT
until grep -qis ready "$folder/log"; do kill -0 $node || { cat "$folder/log" >&2; exit 1; }; sleep 0.1; done

ctl() { "$program" ctl --data "$folder/data" --timeout 10m "$@"; }
stored() { ctl streams show telemetry --json | jq .bytes; }
fill() { # MB
	until [ "$(stored)" -ge $(($1 * 1000000)) ]; do
		"$program" bench pub --addr $address --topic kept --publishers 10 --payload 1000 --qos 1 --window 500 --duration 2s --warmup 10ms -q >&2
	done
}
cpu() { awk '{print ($14 + $15) / 100}' "/proc/$node/stat"; } # seconds of the node so far
row() { # WHAT BYTES SECONDS CPU
	awk -v what="$1" -v bytes="$2" -v s="$3" -v cpu="$4" 'BEGIN {printf "| %s | %.0f | %.1f | %.0f | %s |\n", what, bytes / 1e6, s, bytes / 1e6 / s, cpu}'
}
backup() { # WHAT
	local before report
	before=$(cpu)
	report=$(ctl backup "$folder/backup" --json)
	row "$1" "$(jq .written <<< "$report")" "$(jq .seconds <<< "$report")" "$(awk -v a="$before" -v b="$(cpu)" 'BEGIN {printf "%.1f", b - a}')"
}
timed() { # WHAT BYTES COMMAND…
	local what=$1 bytes=$2 TIMEFORMAT='%R %U %S'
	shift 2
	read -r real user system < <({ time "$@" > "$folder/out" 2>&1; } 2>&1)
	row "$what" "$bytes" "$real" "$(awk -v u="$user" -v s="$system" 'BEGIN {printf "%.1f", u + s}')"
}

fill "$size"
echo "| of a node with $size MB in messages of 1 KB | MB | s | MB/s | CPU s |"
echo "|---|---|---|---|---|"
backup "back-up, the first"
backup "back-up, nothing new"
fill $(($(stored) / 1000000 * 11 / 10))
backup "back-up, what came since"
bytes=$("$program" backup list "$folder/backup" --json | jq '.[-1].bytes')
timed "verify" "$bytes" "$program" backup verify "$folder/backup"
kill $node && wait $node || true
rm -rf "$folder/data"
timed "restore (verified first)" "$bytes" "$program" restore "$folder/backup" --data "$folder/data"
