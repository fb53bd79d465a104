#!/usr/bin/env bash
# Runs the tests of a built preset and ends with one line: N passed, N failed.
#
# Usage: scripts/test.sh <preset> [ctest arguments]
# With STRATA_TOTALS=<file> it also adds "<passed> <failed>" to that file, and with
# STRATA_FAILURES=<file> what failed and why, which it prints in any case.
set -uo pipefail

cd "$(dirname "$0")/.." || exit
preset=$1
shift

report=$PWD/build/$preset-tests.xml
rm -f "$report"
ctest --preset "$preset" --output-junit "$report" "$@"
result=$?

count() {
  sed -n "s/^[[:space:]]*$1=\"\([0-9]*\)\".*/\1/p" "$report" | head -1
}

if [ ! -s "$report" ]; then
  echo "ctest wrote no report" >&2
  [ -z "${STRATA_TOTALS:-}" ] || echo "0 1" >>"$STRATA_TOTALS"
  echo "0 passed, 1 failed"
  exit 1
fi
total=$(count tests)
failed=$(count failures)
unrun=$(($(count skipped) + $(count disabled)))
passed=$((total - failed - unrun))
if [ "$unrun" -gt 0 ]; then
  echo "$unrun tests did not run (skipped or disabled):"
  grep -B1 -A1 -E '<(skipped|disabled)' "$report" | sed -n 's/.*testcase name="\([^"]*\)".*/  \1/p'
fi
# Something that ctest calls a failure is never reported as none.
if [ "$result" -ne 0 ] && [ "$failed" -eq 0 ]; then
  failed=1
fi
[ -z "${STRATA_TOTALS:-}" ] || echo "$passed $failed" >>"$STRATA_TOTALS"
scripts/failed_tests.py "$report" | tee -a "${STRATA_FAILURES:-/dev/null}"
echo "$passed passed, $failed failed"
exit "$result"
