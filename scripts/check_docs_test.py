#!/usr/bin/env python3
"""Shows check_docs.py a tree for each rule that it must see broken."""

import pathlib
import tempfile
import unittest

import check_docs

HELLO = "// Hello.\n#include <x>\n\nint main() {\n  f();\n  g();\n}\n"
FENCE = "```"


def cpp(code):
    return f"{FENCE}cpp\n{code}{FENCE}\n"


class Tree(unittest.TestCase):
    def problems(self, check, files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            return list(check(root))

    def assert_seen(self, words, check, files):
        problems = self.problems(check, files)
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(words, problems[0])

    def assert_clean(self, check, files):
        self.assertEqual(self.problems(check, files), [])


class Quotes(Tree):
    FILES = {"examples/01_hello.cc": HELLO, "include/strata/x.h": "// X:\n//\n//   x.put(1);\n",
             "README.md": cpp(HELLO.partition("\n")[2])}

    def test_the_readme_shows_the_whole_example(self):
        self.assert_clean(check_docs.check_quotes, self.FILES)
        self.assert_seen("README.md: does not show", check_docs.check_quotes,
                         self.FILES | {"README.md": cpp("#include <x>\n")})

    def test_excerpts(self):
        for code in ["f();\ng();\n", "  f();\n  g();\n", "x.put(1);\n", "int main() {\n  f();\n"]:
            self.assert_clean(check_docs.check_quotes, self.FILES | {"docs/a.md": cpp(code)})
        for code in ["f();\n\ng();\n", "g();\nf();\n", "f();\n  g();\n", "x.put(2);\n", "f()\n"]:
            self.assert_seen("docs/a.md: no example", check_docs.check_quotes,
                             self.FILES | {"docs/a.md": cpp(code)})

    def test_other_blocks_are_left_alone(self):
        self.assert_clean(check_docs.check_quotes,
                          self.FILES | {"docs/a.md": f"{FENCE}sh\nstrata stats\n{FENCE}\n"})


class Tests(Tree):
    FILES = {"src/a/a_test.cc": "TEST(Table, Grows) {}\nTEST_F(ATest, Holds) {}\n",
             "tests/b.h": "TEST_P(Contract,\n       AnswersInOrder) {}\n"}

    def test_names(self):
        self.assert_clean(check_docs.check_tests, self.FILES | {
            "docs/a.md": "`Table.Grows`, `ATest.Holds`, `Contract.AnswersInOrder`, `x.h`\n"})
        for name in ["Table.Shrinks", "Contract.Holds"]:
            self.assert_seen(f"docs/a.md:2: there is no test {name}", check_docs.check_tests,
                             self.FILES | {"docs/a.md": f"\n| P | `{name}` |\n"})


class Mutants(Tree):
    FILES = {"src/core/mutant.cc": 'Row{Mutant::kNone, "none"},\nRow{Mutant::kLate, "late"},\n',
             "tests/model/a_schedules.cc": 'return {{"it is late",\n  {Mutant::kLate}, a},\n'
                                           '  {"it is early", {Mutant::kLate}, b}};\n'}

    def check(self, rows, reliability=""):
        return self.FILES | {"docs/consistency.md": rows, "docs/reliability.md": reliability}

    def test_rows(self):
        self.assert_clean(check_docs.check_mutants,
                          self.check("| `late` | Breaks. | it is early; it is late |\n"))
        self.assert_seen("late is seen by", check_docs.check_mutants,
                         self.check("| `late` | Breaks. | it is late |\n"))
        self.assert_seen("has no row for the mutant late", check_docs.check_mutants,
                         self.check(""))
        self.assert_seen("there is no mutant gone", check_docs.check_mutants, self.check(
            "| `late` | Breaks. | it is early; it is late |\n| `gone` | Breaks. | x |\n"))

    def test_those_without_schedules(self):
        rows = "| `late` | Breaks. | it is early; it is late |\n"
        files = self.check(rows, "| R1 | `lost`: it is gone |\n")
        files["src/core/mutant.cc"] += 'Row{Mutant::kLost, "lost"},\n'
        self.assert_clean(check_docs.check_mutants, files)
        self.assert_seen("does not say what finds the mutant lost", check_docs.check_mutants,
                         files | {"docs/reliability.md": ""})


class Numbers(Tree):
    LIMITS = {"include/strata/core/limits.h":
              "inline constexpr std::size_t kMost = 100'000;\n"
              "inline constexpr std::size_t kBytes = 1u << 20;\n"
              "inline constexpr std::size_t kAll = kBytes + 4 * 1024;\n"}
    SETTINGS = {"docs/configuration.md":
                "### `cache.a`\n| key | value | default | meaning |\n| `n` | 0 to 9 | `7` | N |\n"}

    def test_limits(self):
        rows = "| `kMost` | 100,000 | a | b |\n| `kBytes` | 1 MiB | a | b |\n"
        all_rows = rows + "| `kAll` | 1028 KiB | a | b |\n"
        self.assert_clean(check_docs.check_limits,
                          self.LIMITS | {"docs/operations.md": all_rows})
        self.assert_seen("kAll is 1052672, not None", check_docs.check_limits,
                         self.LIMITS | {"docs/operations.md": rows})

    def test_settings(self):
        self.assert_clean(check_docs.check_settings,
                          self.SETTINGS | {"docs/operations.md": "| `cache.a.n` | `7` | a | b |\n"})
        self.assert_seen("is `7`, not `8`", check_docs.check_settings,
                         self.SETTINGS | {"docs/operations.md": "| `cache.a.n` | `8` | a | b |\n"})
        self.assert_seen("is None, not `7`", check_docs.check_settings,
                         self.SETTINGS | {"docs/operations.md": "| `cache.a.m` | `7` | a | b |\n"})


if __name__ == "__main__":
    unittest.main()
