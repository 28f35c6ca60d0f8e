#!/usr/bin/env bash
# The long forms of the tests of what is promised, as a table: soak.sh PROGRAM [FILE]. With
# a file the table takes the place of the one between its marks. Variables: KILLS, FAULTS
# (rounds over every file and fault), DISKS (rounds of a full and a slow disk), SEEDS.
set -uo pipefail
program=$(realpath "${1:?usage: soak.sh PROGRAM [FILE]}")
file=${2:-}
KILLS=${KILLS:-1000} FAULTS=${FAULTS:-3} DISKS=${DISKS:-5} SEEDS=${SEEDS:-20000}
cd "$(dirname "$0")/.."
mkdir -p build
began=$(date +%s)
log=build/soak.log
: >"$log"
rows=() failed=0

# row NAME PACKAGE TEST [VARIABLE=VALUE …] runs a test and adds its row.
row() {
  local name=$1 package=$2 test=$3 result=passed
  shift 3
  echo "$name …" >&2
  env MILLRACE_TEST_PROGRAM="$program" "$@" go test -tags e2e,soak -count=1 -timeout 4h -v -run "^$test\$" "$package" >build/soak-one.log 2>&1 || { result='**failed**'; failed=1; }
  cat build/soak-one.log >>"$log"
  local all seed
  all=$(grep -oE '_test\.go:[0-9]+: in all: .*' build/soak-one.log | sed 's/.*in all: //' | tail -1)
  seed=$(grep -oE '_test\.go:[0-9]+: seed [0-9]+' build/soak-one.log | grep -oE '[0-9]+$' | tail -1)
  rows+=("| $name | ${all:--} | ${seed:--} | $result |")
}

row "kills" ./test/e2e TestSessionsSurviveKills MILLRACE_TEST_KILLS="$KILLS"
row "kills, and steps of the clock" ./test/e2e TestSessionsSurviveStepsOfTheClock MILLRACE_TEST_KILLS="$((KILLS / 10))"
row "a full disk" ./test/e2e TestSessionsSurviveAFullDisk MILLRACE_TEST_DISKS="$DISKS"
if [ -w /sys/fs/cgroup/blkio/cgroup.procs ]; then
  row "a slow disk (blkio control group, 20 writes/s)" ./test/e2e TestSessionsSurviveASlowDisk MILLRACE_TEST_DISKS="$DISKS"
  row "a flood of QoS 1 on that disk, beside QoS 0" ./test/e2e TestASlowDiskIsFeltByItsPublishersAlone
else
  rows+=("| a slow disk | not here: it needs root and the blkio control group of version 1 | - | - |")
fi
row "every file, every fault" ./test/e2e TestDamagedFilesAreToldAndNeverServed MILLRACE_TEST_FAULTS="$FAULTS"
row "sessions, in the process" ./internal/broker TestSessionsAgainstAModel MILLRACE_TEST_SEEDS="$SEEDS"

took=$(($(date +%s) - began))
table=$(
  echo "$(date -u +%F), \`make soak KILLS=$KILLS FAULTS=$FAULTS DISKS=$DISKS SEEDS=$SEEDS\`, commit $(git rev-parse --short HEAD), $(nproc) processors shared with other work, $((took / 60)) min $((took % 60)) s:"
  echo
  echo "| trial | in all | seed | result |"
  echo "|---|---|---|---|"
  printf '%s\n' "${rows[@]}"
)
echo "$table"
if [ -n "$file" ]; then
  awk -v table="$table" '/<!-- soak -->/ {print; print table; skip=1} /<!-- \/soak -->/ {skip=0} !skip || /<!-- \/soak -->/ {if (!/<!-- soak -->/) print}' "$file" >build/soak.md && cat build/soak.md >"$file"
fi
exit $failed
