#!/usr/bin/env python3
"""Makes one report of what the reliability tests wrote, and prints it as a table.

Usage: reliability_report.py [--only torture] [--out reliability-report.json] [folder]

Each test writes a file of JSON into `build/<preset>/reliability`, or where STRATA_RELIABILITY says
(tests/testkit/reliability.h). The exit code is 1 if a test failed or a promise was broken, and 2 if
there is nothing to report or a file is not one of ours. docs/reliability.md explains the numbers.
"""

import argparse
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys

FIELDS = {"id": str, "test": str, "what": str, "passed": bool, "seconds": (int, float),
          "counts": dict, "violations": dict, "figures": dict, "percentiles": dict,
          "mutants": dict}


def read_runs(folder):
    """What each test wrote, in the order of the ids; raises ValueError for what is not ours."""
    runs = []
    for path in folder.glob("*.json"):
        try:
            run = json.loads(path.read_text())
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: is not JSON: {error}") from error
        for field, kind in FIELDS.items():
            if not isinstance(run, dict) or not isinstance(run.get(field), kind):
                raise ValueError(f"{path}: has no {field}, or not of the type that it has")
        written = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.timezone.utc)
        run["written"] = written.strftime("%Y-%m-%dT%H:%M:%SZ")
        runs.append(run)
    return sorted(runs, key=lambda run: (order_of(run["id"]), run["test"]))


def order_of(name):
    """R5 before R10, and R5 before R5b."""
    number = re.match(r"\D*(\d*)(.*)", name)
    return int(number.group(1) or 0), number.group(2)


def machine():
    """The processor's name and how many cores there are."""
    name = "unknown"
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            found = re.search(r"^model name\s*:\s*(.+)$", file.read(), re.MULTILINE)
            name = found.group(1) if found else name
    except OSError:
        pass
    return {"processor": name, "cores": os.cpu_count()}


def commit(root):
    """The commit that was checked out, or nothing outside of a repository or without git."""
    try:
        done = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True,
                              text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def summed(runs):
    """What all tests of one id did together."""
    by_id = {}
    for run in runs:
        one = by_id.setdefault(run["id"], {"tests": 0, "passed": True, "seconds": 0.0,
                                           "counts": {}, "violations": 0, "mutants": []})
        one["tests"] += 1
        one["passed"] = one["passed"] and run["passed"]
        one["seconds"] = round(one["seconds"] + run["seconds"], 3)
        one["violations"] += sum(run["violations"].values())
        one["mutants"] += [name for name in run["mutants"] if name not in one["mutants"]]
        for name, number in run["counts"].items():
            one["counts"][name] = one["counts"].get(name, 0) + number
    return by_id


def plain(number):
    """1234567 as 1,234,567; 0.25 as it is."""
    return f"{number:,}" if float(number).is_integer() else f"{number:.4g}"


def listed(numbers):
    return ", ".join(f"{plain(number)} {name}" for name, number in numbers.items())


def cells(run):
    """A row of the table."""
    measured = [f"{name} {plain(number)}" for name, number in run["figures"].items()]
    for name, percentiles in run["percentiles"].items():
        shares = " ".join(f"{share} {plain(percentiles[share])}" for share in ("p50", "p99", "max")
                          if share in percentiles)
        measured.append(f"{name} {shares}")
    if run["mutants"]:
        measured.append("found " + ", ".join(run["mutants"]))
    verdict = "ok" if run["passed"] and not any(run["violations"].values()) else "FAILED"
    return [run["id"], run["test"], verdict, f"{run['seconds']:.1f} s", listed(run["counts"]),
            listed(run["violations"]) or "-", "; ".join(measured)]


def table(runs):
    rows = [["id", "test", "", "took", "did", "violations", "measured"]] + [cells(r) for r in runs]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        head = "  ".join(cell.ljust(width) for cell, width in zip(row, widths))
        yield f"{head}  {row[4]}".rstrip()
        for name, cell in zip(rows[0][5:], row[5:]):
            if row is not rows[0] and cell not in ("", "-"):
                yield f"{'':{widths[0] + 2}}  {name}: {cell}"


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, help="where the report goes")
    parser.add_argument("--only", choices=["torture", "gate"],
                        help="what ran with a budget (torture), or without one")
    parser.add_argument("folder", nargs="?", type=pathlib.Path,
                        default=root / "build" / "dev" / "reliability")
    arguments = parser.parse_args()
    try:
        runs = read_runs(arguments.folder)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    if arguments.only:
        runs = [run for run in runs if ("budget_s" in run) == (arguments.only == "torture")]
    if not runs:
        print(f"{arguments.folder}: no reliability test has written anything", file=sys.stderr)
        return 2
    report = {"made": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
              "commit": commit(root), "machine": machine(), "summary": summed(runs), "runs": runs}
    out = arguments.out or arguments.folder.parent / "reliability-report.json"
    out.write_text(json.dumps(report, indent=2) + "\n")
    for line in table(runs):
        print(line)
    broken = sum(one["violations"] for one in report["summary"].values())
    failed = sum(not run["passed"] for run in runs)
    print(f"{len(runs)} tests, {failed} failed, {plain(broken)} violations; the report is {out}")
    return 1 if failed or broken else 0


if __name__ == "__main__":
    sys.exit(main())
