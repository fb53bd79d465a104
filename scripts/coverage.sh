#!/usr/bin/env bash
# Builds with line counters, runs the tests, and prints how many lines of the product they ran: of
# each part, and of all. The files with the most lines that no test ran come last.
set -euo pipefail

cd "$(dirname "$0")/.."
find build/coverage -name '*.gcda' -delete 2>/dev/null || true
scripts/build.sh coverage
scripts/test.sh coverage || echo "coverage: some tests failed; their lines count all the same" >&2

report=build/coverage/coverage.csv
gcovr --root . --object-directory build/coverage --filter 'src/' --filter 'include/' \
  --exclude '.*_test\.cc' --exclude '.*/test_[a-z_]*\.(h|cc)' --exclude-throw-branches \
  --gcov-ignore-parse-errors --csv "$report" -j "$(nproc)" >/dev/null
python3 - "$report" <<'END'
import collections, csv, sys

lines, covered, files = collections.Counter(), collections.Counter(), []
for row in csv.DictReader(open(sys.argv[1])):
    path = row["filename"].split("/")
    part = path[2] if path[0] == "include" else path[1]
    total, ran = int(row["line_total"]), int(row["line_covered"])
    lines[part] += total
    covered[part] += ran
    files.append((total - ran, total, row["filename"]))
def show(name, ran, total):
    print(f"{name:14} {ran:6} of {total:6} lines  {100 * ran / total:5.1f} %")

for part in sorted(lines):
    show(part, covered[part], lines[part])
show("all", sum(covered.values()), sum(lines.values()))
for missed, count, name in sorted(files, reverse=True)[:20]:
    print(f"  {missed:4} of {count:4} not run: {name}")
END
