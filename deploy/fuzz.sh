#!/usr/bin/env bash
# Runs the fuzz targets of the folders given, or of the whole module, for the time
# given each: fuzz.sh 5s [FOLDER …]
set -euo pipefail
time=${1:?usage: fuzz.sh TIME [FOLDER …]}
shift
cd "$(dirname "$0")/.."
mkdir -p build

# fuzz PACKAGE TARGET. The fuzzing engine now and then takes the end of the time for a
# failure of its own: it names its deadline and no input. Such a run is made again; one
# that names an input, or fails in any other way, has failed.
fuzz() {
  for _ in 1 2 3; do
    go test "$1" -run '^$' -fuzz "^$2\$" -fuzztime "$time" -parallel 2 >build/fuzz.log 2>&1 && return
    grep -qx ' *context deadline exceeded' build/fuzz.log || return 1
    ! grep -qiE 'failing input|panic|_test\.go:' build/fuzz.log || return 1
    echo "  again: the engine ran into its own deadline"
  done
  return 1
}

found=0
while IFS=: read -r file name; do
  found=$((found + 1))
  echo "fuzz $name in $(dirname "$file") for $time"
  fuzz "./$(dirname "$file")" "$name" || { cat build/fuzz.log; exit 1; }
done < <(git ls-files -- "${@/%//*_test.go}" | grep '_test\.go$' | xargs grep -HoE '^func Fuzz[A-Za-z0-9_]+' | sed 's/func //')
[ "$found" -ge 4 ] || { echo "found only $found fuzz targets"; exit 1; }
