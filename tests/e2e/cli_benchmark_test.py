#!/usr/bin/env python3
"""`strata benchmark`: what it prints, refuses and leaves behind."""

import signal
import time

from harness import StrataTest, main

TIERS = ["memory", "sqlite", "memory+sqlite", "map", "origin"]
SMALL = ("--entries", "500", "--value-bytes", "200", "--operations", "3000",
         "--origin-latency", "10us")
LATENCIES = {"count", "mean", "p50", "p95", "p99", "p999", "max"}


class BenchmarkTest(StrataTest):
    def setUp(self):
        super().setUp()
        self.temporary = self.folder / "tmp"
        self.temporary.mkdir()

    def environment(self, **changes):
        return super().environment(**changes) | {"TMPDIR": str(self.temporary)}

    def left_behind(self):
        return sorted(path.name for path in self.temporary.rglob("*"))

    def benchmark(self, *words, **options):
        return self.ok("benchmark", *SMALL, *words, **options)

    def rows(self, *words):
        """The rows by workload and tier."""
        return {(row["workload"], row["tier"]): row
                for row in self.benchmark("--json", *words).json["rows"]}


class Shape(BenchmarkTest):
    def test_the_text_is_two_tables_of_at_most_100_columns(self):
        run = self.benchmark("--origin-cost", "0.002")
        lines = run.out.splitlines()
        self.assertLessEqual(max(len(line) for line in lines), 100, run)
        self.assertEqual(lines[0], "500 entries of 200 B, zipf:0.99, 1 thread, seed 1")
        titles = [line.split()[0:2] for line in lines if line.startswith("WORKLOAD")]
        self.assertEqual(titles, [["WORKLOAD", "TIER"]] * 2)
        self.assertEqual(len([line for line in lines if line.startswith("read ")]), 10)
        self.assertEqual(run.err, "")
        self.assertEqual(self.left_behind(), [])

    def test_json_has_every_row_with_every_member(self):
        report = self.benchmark("--json", "--origin-cost", "0.5", "--threads", "2").json
        self.assertEqual(report["schema"], "strata.benchmark/1")
        self.assertEqual((report["entries"], report["value_bytes"], report["operations"]),
                         (500, 200, 3000))
        self.assertEqual((report["seconds"], report["threads"], report["seed"]), (None, 2, 1))
        self.assertEqual(report["distribution"], "zipf:0.99")
        self.assertEqual(report["origin_latency_seconds"], 1e-5)
        self.assertGreater(report["timer_ns"], 0)
        self.assertGreater(report["idle_operation_ns"], 0)
        names = [(row["workload"], row["tier"]) for row in report["rows"]]
        self.assertEqual(names, [(workload, tier)
                                 for workload in ("read", "mixed", "write", "read-through")
                                 for tier in TIERS if (workload, tier) != ("write", "origin")])
        for row in report["rows"]:
            with self.subTest(row=row):
                self.check_row(row)

    def check_row(self, row):
        self.assertEqual(row["operations"], row["reads"] + row["writes"])
        self.assertEqual(set(row["latency_ns"]), LATENCIES)
        self.assertEqual(row["latency_ns"]["count"], row["operations"])
        ordered = [row["latency_ns"][name] for name in ("p50", "p95", "p99", "p999", "max")]
        self.assertEqual(ordered, sorted(ordered))
        self.assertGreater(row["operations_per_second"], 0)
        self.assertGreaterEqual(row["settling_seconds"], 0)
        self.assertLessEqual(row["hits"], row["reads"])
        self.assertLess(row["not_kept"], max(1, row["writes"] / 2))
        for kind in ("read", "write"):
            if row[f"{kind}s"] == 0:
                self.assertIsNone(row[f"{kind}_latency_ns"])
            else:
                self.assertEqual(set(row[f"{kind}_latency_ns"]), LATENCIES)
        if row["workload"] == "write":
            self.assertIsNone(row["hit_ratio"])
            self.assertIsNone(row["cost_saved"])
        elif row["tier"] == "origin":
            self.assertEqual(row["origin_calls"], row["reads"])
            self.assertIsNone(row["time_saved_seconds"])
        else:
            self.assertEqual(row["operations"], 3000)
            self.assertAlmostEqual(row["hit_ratio"], row["hits"] / row["reads"])
            self.assertAlmostEqual(row["cost_saved"], (row["reads"] - row["origin_calls"]) / 2)
            self.assertIsInstance(row["time_saved_seconds"], float)


class Meaning(BenchmarkTest):
    def test_all_tiers_read_the_same(self):
        rows = self.rows("--workloads", "read,read-through")
        for workload in ("read", "read-through"):
            sums = {rows[workload, tier]["checksum"] for tier in TIERS}
            self.assertEqual(len(sums), 1, sums)
            self.assertNotEqual(sums, {"0" * 16})

    def test_the_seed_decides_what_is_read(self):
        read = ("--workloads", "read", "--tiers", "memory")
        first, again, other = (self.rows(*read, "--seed", seed)["read", "memory"]["checksum"]
                               for seed in ("7", "7", "8"))
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)

    def test_the_distribution_decides_what_is_missed(self):
        calls = {}
        for distribution in ("zipf:2", "uniform", "scan"):
            rows = self.rows("--workloads", "read-through", "--tiers", "memory,memory+sqlite",
                             "--distribution", distribution)
            calls[distribution] = rows["read-through", "memory"]["origin_calls"]
            self.assertEqual(calls[distribution],
                             rows["read-through", "memory+sqlite"]["origin_calls"])
        self.assertLess(calls["zipf:2"], 300)
        self.assertEqual(calls["scan"], 500)  # each entry once

    def test_the_share_of_writes_is_that_of_mixed(self):
        row = self.rows("--workloads", "mixed", "--tiers", "map", "--write-percent", "30")
        self.assertAlmostEqual(row["mixed", "map"]["writes"] / 3000, 0.3, delta=0.05)

    def test_time_ends_a_row_as_well(self):
        run = self.ok("benchmark", "--seconds", "50ms", "--tiers", "map,origin", "--workloads",
                      "read", "--json")
        self.assertEqual((run.json["operations"], run.json["seconds"]), (None, 0.05))
        for row in run.json["rows"]:
            self.assertGreaterEqual(row["elapsed_seconds"], 0.05)


class Configuration(BenchmarkTest):
    def test_options_are_the_configurations_and_data_is_not(self):
        self.configure("""
cache:
  memory: {max_entries: 100}
  sqlite: {path: mine.db}
  keyspaces: {benchmark: {ttl: 1h}}
""")
        self.ok("put", "benchmark", "7", "mine")
        before = sorted(path.name for path in self.folder.iterdir())
        rows = self.rows("--workloads", "read", "--tiers", "memory,sqlite,memory+sqlite")
        self.assertLess(rows["read", "memory"]["hit_ratio"], 1)
        self.assertEqual(rows["read", "sqlite"]["hit_ratio"], 1)
        self.assertEqual(rows["read", "memory+sqlite"]["hit_ratio"], 1)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), before)
        self.assertEqual(self.ok("get", "--keyspace", "benchmark", "7").out, "mine")

    def test_a_configuration_that_is_wrong_is_refused(self):
        self.refused("benchmark", *SMALL, "--config", "none.yaml", saying="none.yaml")
        self.write("strata.yaml", "cache: {defaults: {max_value_bytes: 100}}\n")
        self.refused("benchmark", *SMALL, saying="--value-bytes 200 is more than the 100 bytes")

    def test_what_is_switched_off_is_left_out_unless_it_is_named(self):
        self.write("strata.yaml", "cache: {sqlite: {enabled: false}}\n")
        run = self.benchmark("--json", "--workloads", "read")
        self.assertEqual([row["tier"] for row in run.json["rows"]], ["memory", "map", "origin"])
        self.assertIn("sqlite, memory+sqlite", run.err)
        self.refused("benchmark", *SMALL, "--tiers", "sqlite", saying="switches off")


class BadInput(BenchmarkTest):
    def test_is_refused_by_name_and_value(self):
        for option, value, saying in (
                ("--entries", "0", "\"0\" is not a whole number from 1 to 10000000"),
                ("--entries", "99999999999", "\"99999999999\" is not a whole number from 1 to"),
                ("--entries", "99999999999999999999", "is not a whole number"),
                ("--entries", "", "needs a value"),
                ("--entries", "many", "\"many\""),
                ("--value-bytes", "8", "\"8\" is not a size from 24 to 64MiB"),
                ("--operations", "0", "\"0\" is not a whole number from 1 to 1000000000"),
                ("--operations", "-5", "\"-5\""),
                ("--threads", "1000", "\"1000\" is not a whole number from 1 to 256"),
                ("--seconds", "0", "--seconds takes"),
                ("--seconds", "never", "--seconds takes"),
                ("--seconds", "", "needs a value"),
                ("--distribution", "normal", "zipf:0.99"),
                ("--tiers", "memory,redis", "\"redis\" is none of"),
                ("--tiers", "", "needs a value"),
                ("--tiers", "memory,,map", "\"\" is none of"),
                ("--workloads", "raed", "did you mean \"read\"?"),
                ("--write-percent", "101", "\"101\" is not a whole number from 0 to 100"),
                ("--seed", "x", "\"x\""),
                ("--origin-latency", "1h", "--origin-latency takes at most"),
                ("--origin-cost", "free", "\"free\"")):
            with self.subTest(option=option, value=value):
                run = self.refused("benchmark", f"{option}={value}", saying=saying)
                self.assertIn(option, run.err)
        self.refused("benchmark", "--entries", "10000000", "--value-bytes", "1000",
                     saying="exceed the 4294967296 bytes")
        self.assertEqual(self.left_behind(), [])

    def test_is_told_in_json_too(self):
        run = self.ok("benchmark", "--threads", "0", "--json", code=2)
        self.assertEqual(run.json["schema"], "strata.error/1")

    def test_a_temporary_folder_that_cannot_be_made_is_an_error(self):
        self.temporary.rmdir()
        run = self.ok("benchmark", *SMALL, "--tiers", "sqlite", code=1)
        self.assertIn("temporary folder", run.err)
        self.assertEqual(run.out, "")


class Trouble(BenchmarkTest):
    def test_a_disk_that_is_full_is_an_error_and_leaves_nothing(self):
        for tier in ("sqlite", "memory+sqlite"):
            run = self.shell("trap '' XFSZ; ulimit -f 1000; "
                             f"exec strata benchmark --entries 5000 --tiers {tier}")
            self.assertEqual((run.code, run.out), (1, ""), run)
            self.assertIn(f"read of {tier}: ", run.err)
            self.assertIn("benchmark.db", run.err)
            self.assertEqual(self.left_behind(), [])


class Interruption(BenchmarkTest):
    def wait_for_file(self, process):
        """Until the temporary database exists."""
        end = time.monotonic() + 30
        while not list(self.temporary.rglob("benchmark.db")):
            self.assertIsNone(process.poll(), "it ended by itself")
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)

    def interrupt(self, number, *words):
        process = self.start("benchmark", "--seconds", "1000", "--tiers", "sqlite", *words)
        with process:
            self.wait_for_file(process)
            folder = next(iter(self.temporary.iterdir()))
            self.assertEqual(folder.stat().st_mode & 0o777, 0o700)
            process.send_signal(number)
            out, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130, err)
        self.assertEqual(self.left_behind(), [])
        return out.decode(), err.decode()

    def test_leaves_no_file_and_shows_no_part_as_the_whole(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            for entries in ("100", "1000000"):  # while it measures, and while it fills
                with self.subTest(signal=number, entries=entries):
                    out, err = self.interrupt(number, "--entries", entries)
                    self.assertEqual(out, "")
                    self.assertIn("interrupted", err)

    def test_is_an_error_in_json(self):
        out, _ = self.interrupt(signal.SIGINT, "--json")
        self.assertIn('"strata.error/1"', out)
        self.assertNotIn("rows", out)


if __name__ == "__main__":
    main()
