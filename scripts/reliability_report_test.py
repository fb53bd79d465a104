#!/usr/bin/env python3
"""Shows reliability_report.py what tests write, and what they must not have written."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import reliability_report

SCRIPT = pathlib.Path(reliability_report.__file__)


def run_of(name, **changes):
    run = {"id": name, "test": f"Suite.{name}", "what": "rounds", "passed": True, "seconds": 1.25,
           "counts": {"rounds": 1000}, "violations": {"stale": 0}, "figures": {},
           "percentiles": {"open_us": {"samples": 9, "p50": 1.5, "p99": 2500, "max": 3000}},
           "mutants": {}}
    return run | changes


class Report(unittest.TestCase):
    def report(self, runs, *arguments):
        """The exit code, what is printed, and the report."""
        with tempfile.TemporaryDirectory() as root:
            folder = pathlib.Path(root) / "reliability"
            folder.mkdir()
            for number, run in enumerate(runs):
                text = run if isinstance(run, str) else json.dumps(run)
                (folder / f"{number}.json").write_text(text)
            done = subprocess.run([sys.executable, "-B", str(SCRIPT), *arguments, str(folder)],
                                  capture_output=True, text=True, check=False)
            made = pathlib.Path(root) / "reliability-report.json"
            return (done.returncode, done.stdout + done.stderr,
                    json.loads(made.read_text()) if made.exists() else None)

    def test_tests_of_one_id_are_added_up(self):
        code, printed, report = self.report([run_of("R5"), run_of("R5", test="Other.Test",
                                                                  mutants={"no-journal": 3})])
        self.assertEqual(code, 0, printed)
        summary = report["summary"]["R5"]
        self.assertEqual(summary["counts"], {"rounds": 2000})
        self.assertEqual((summary["tests"], summary["seconds"]), (2, 2.5))
        self.assertEqual(summary["mutants"], ["no-journal"])
        self.assertIn("processor", report["machine"])
        self.assertEqual(len(report["runs"]), 2)

    def test_the_table_has_the_numbers_in_the_order_of_the_ids(self):
        code, printed, _ = self.report([run_of("R10"), run_of("R5b"), run_of("R5")])
        self.assertEqual(code, 0)
        lines = [line for line in printed.splitlines() if "Suite." in line]
        self.assertEqual([line.split()[0] for line in lines], ["R5", "R5b", "R10"])
        self.assertIn("1,000 rounds", printed)
        self.assertIn("open_us p50 1.5 p99 2,500 max 3,000", printed)
        self.assertIn("3 tests, 0 failed, 0 violations", printed)

    def test_a_violation_or_a_failure_is_an_exit_code(self):
        for change in ({"violations": {"stale": 1}}, {"passed": False}):
            code, printed, _ = self.report([run_of("R5", **change)])
            self.assertEqual(code, 1)
            self.assertIn("FAILED", printed)

    def test_only_what_had_a_budget(self):
        runs = [run_of("R5"), run_of("R6", budget_s=10)]
        for only, wanted in (("torture", "R6"), ("gate", "R5")):
            _, _, report = self.report(runs, "--only", only)
            self.assertEqual([run["id"] for run in report["runs"]], [wanted])

    def test_nothing_and_what_is_not_ours_are_refused(self):
        self.assertEqual(self.report([])[0], 2)
        for wrong in ("{", "[]", json.dumps({"id": "R5"}), json.dumps(run_of("R5", counts=3))):
            code, printed, report = self.report([wrong])
            self.assertEqual((code, report), (2, None))
            self.assertIn("0.json", printed)


class Rows(unittest.TestCase):
    def test_a_mutant_that_was_found_is_named(self):
        rows = list(reliability_report.table([run_of("R5", mutants={"no-journal": 3})]))
        self.assertIn("found no-journal", "\n".join(rows))


if __name__ == "__main__":
    unittest.main()
