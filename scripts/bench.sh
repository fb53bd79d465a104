#!/usr/bin/env bash
# Runs every benchmark of the bench preset; arguments go to each of them.
set -euo pipefail

cd "$(dirname "$0")/.."
for program in build/bench/bin/bench/*; do
  echo "== ${program##*/}"
  "$program" "$@"
done
