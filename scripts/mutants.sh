#!/usr/bin/env bash
# Plays every schedule against every broken variant of the protocol and prints which sees which.
set -euo pipefail

cd "$(dirname "$0")/.."
cmake --build build/dev -j "${STRATA_JOBS:-$(nproc)}" --target strata_mutant_matrix
build/dev/bin/strata_mutant_matrix
