#!/usr/bin/env python3
"""strata simulate: where traces come from, what is refused before the work, what is drawn."""

import gzip
import json

from harness import StrataTest, main


class Simulate(StrataTest):

    def test_a_trace_comes_from_standard_input_as_from_a_file(self):
        text = "".join(f"{i * i % 97} {i % 50 + 1}\n" for i in range(5_000)).encode()
        for name, trace in (("plain", text), ("gzip", gzip.compress(text)),
                            ("members", gzip.compress(text[:-9]) + gzip.compress(text[-9:]))):
            (self.folder / name).write_bytes(trace)
            words = ("--json", "--policy", "lru,adaptive", "--sizes", "10%,50%", "--by", "bytes")
            expected = json.loads(self.ok("simulate", name, *words).out)
            rows = json.loads(self.ok("simulate", "-", *words, stdin=trace).out)
            self.assertEqual({row.pop("trace") for row in rows}, {"-"})
            self.assertEqual({row.pop("trace") for row in expected}, {name})
            self.assertEqual(rows, expected)

    def test_standard_input_that_is_no_trace_is_named(self):
        for text, why in ((b"a b c d\n", "standard input:1: "), (b"", "there is no request")):
            self.refused("simulate", "-", stdin=text, saying=why)
        self.refused("simulate", "-", stdin=gzip.compress(b"a\n" * 999)[:-9], code=1,
                     saying="standard input: not whole as gzip")

    def test_what_has_no_effect_is_refused(self):
        self.write("requests.txt", "a 10\nb 20\na 10\n")
        run = self.ok("simulate", "requests.txt", "--config", "none.yaml")
        self.assertIn("--config has no effect", run.err)
        self.assertEqual(self.ok("simulate", "requests.txt").err, "")
        for words, why in (
                (("--unbounded-history", "--policy", "lru"), "without --policy lirs"),
                (("--aim", "bytes", "--policy", "lru,belady"), "--aim bytes has no effect"),
                (("--aim", "cost"), "requests.txt has no costs"),
                (("--entry-overhead", "210"), "without --by bytes"),
                (("--curve", "--svg", "curve.svg"), "--svg draws no curves"),
                (("--curve", "--threads", "2"), "--threads has no effect"),
                (("--curve", "--policy", "lru"), "lru has no curve"),
                (("--svg", "./requests.txt"), "is the trace requests.txt"),
                (("--sizes", "1KiB"), "unless they are --by bytes")):
            with self.subTest(words=words):
                self.refused("simulate", "requests.txt", *words, saying=why)
        self.assertEqual((self.folder / "requests.txt").read_text(), "a 10\nb 20\na 10\n")
        self.assertFalse((self.folder / "curve.svg").exists())

    def test_a_picture_that_cannot_be_written_is_known_before_or_costs_no_table(self):
        self.write("requests.txt", "a\nb\na\n")
        self.refused("simulate", "none-such-trace", "--svg", "no/folder.svg", code=1,
                     saying="cannot write no/folder.svg: No such file or directory")
        self.refused("simulate", "none-such-trace", "--svg", ".", code=1, saying="Is a directory")
        whole = self.ok("simulate", "requests.txt", "--policy", "lru")
        run = self.ok("simulate", "requests.txt", "--policy", "lru", "--svg", "/dev/full", code=1)
        self.assertEqual(run.out, whole.out)
        self.assertIn("cannot write /dev/full: No space left on device", run.err)
        run = self.ok("simulate", "requests.txt", "--json", "--svg", "/dev/full", code=1)
        self.assertEqual(len(json.loads(run.out)), 7)


if __name__ == "__main__":
    main()
