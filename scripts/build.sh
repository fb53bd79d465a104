#!/usr/bin/env bash
# Configures a preset if that is necessary, and builds it.
#
# Usage: scripts/build.sh <preset> [target ...]
set -euo pipefail

cd "$(dirname "$0")/.."
preset=$1
shift

# Ninja notices changed CMake files by itself; changed presets only a new configuration does.
configured=build/$preset/configured
if [ ! -e "$configured" ] || [ CMakePresets.json -nt "$configured" ]; then
  cmake --preset "$preset"
  touch "$configured"
fi
cmake --build "build/$preset" -j "${STRATA_JOBS:-$(nproc)}" ${1:+--target "$@"}
