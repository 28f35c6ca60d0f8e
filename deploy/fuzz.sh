#!/usr/bin/env bash
# Runs the fuzz targets of the folders given, or of the whole module, for the time
# given each: fuzz.sh 5s [FOLDER …]
set -euo pipefail
time=${1:?usage: fuzz.sh TIME [FOLDER …]}
shift
cd "$(dirname "$0")/.."
mkdir -p build
found=0
while IFS=: read -r file name; do
  found=$((found + 1))
  echo "fuzz $name in $(dirname "$file") for $time"
  go test "./$(dirname "$file")" -run '^$' -fuzz "^$name\$" -fuzztime "$time" -parallel 2 >build/fuzz.log 2>&1 || { cat build/fuzz.log; exit 1; }
done < <(git ls-files -- "${@/%//*_test.go}" | grep '_test\.go$' | xargs grep -HoE '^func Fuzz[A-Za-z0-9_]+' | sed 's/func //')
[ "$found" -ge 4 ] || { echo "found only $found fuzz targets"; exit 1; }
