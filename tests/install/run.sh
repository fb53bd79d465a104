#!/usr/bin/env bash
# Installs a build and uses the result as a stranger would.
#
# Usage: run.sh <cmake> <build folder> <c++ compiler>
set -euo pipefail

cmake=$1
build=$2
compiler=$3
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$cmake" --install "$build" --prefix "$work/prefix" >"$work/install.log"

echo "== find_package(strata) =="
"$cmake" -S "$here/consumer" -B "$work/consumer" -G Ninja \
  -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Debug
"$cmake" --build "$work/consumer"
"$work/consumer/consumer"

echo "== pkg-config strata =="
pkg_config_file=$(find "$work/prefix" -name strata.pc)
export PKG_CONFIG_PATH=${pkg_config_file%/*}
# shellcheck disable=SC2046  # The flags are words.
"$compiler" -std=c++20 "$here/consumer/main.cc" -o "$work/with_pkg_config" \
  $(pkg-config --cflags --libs strata)
"$work/with_pkg_config"
