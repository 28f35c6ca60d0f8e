#!/usr/bin/env bash
# Installs the Debian packages whose commands or files are missing: needs.sh command=package /a/file=package …
set -euo pipefail
missing=()
for pair in "$@"; do
  command -v "${pair%%=*}" >/dev/null || [ -e "${pair%%=*}" ] || missing+=("${pair#*=}")
done
command -v npm >/dev/null || { echo "The tests need Node 20 with npm: https://nodejs.org. 'make test-go' runs without it."; exit 1; }
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" = 0 ]; then as_root=()
elif command -v sudo >/dev/null; then as_root=(sudo)
else echo "The tests need these Debian packages; install them and run again: ${missing[*]}"; exit 1
fi
echo "installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
