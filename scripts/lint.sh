#!/usr/bin/env bash
# Formats the C++ files (format), or checks format, names and likely bugs (check).
set -euo pipefail

cd "$(dirname "$0")/.."
folders=()
for folder in include src tests bench examples; do
  [ ! -d "$folder" ] || folders+=("$folder")
done
mapfile -t files < <(find "${folders[@]}" -name '*.h' -o -name '*.cc')

case $1 in
  format)
    clang-format-14 -i "${files[@]}"
    ;;
  check)
    clang-format-14 --dry-run --Werror "${files[@]}"
    cmake --preset lint >/dev/null
    mapfile -t units < <(sed -n "s,^  \"file\": \"$PWD/\(.*\.cc\)\".*,\1,p" \
      build/lint/compile_commands.json | grep -E '^(src|tests|bench|examples)/' | sort -u)
    printf '%s\0' "${units[@]}" |
      xargs -0 -n 1 -P 2 clang-tidy-14 -p build/lint --quiet --warnings-as-errors='*'
    echo "lint: ${#files[@]} files are clean"
    ;;
  *)
    echo "usage: scripts/lint.sh format|check" >&2
    exit 2
    ;;
esac
