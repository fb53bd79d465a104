#!/usr/bin/env python3
"""Shows tidy.py a tree for each rule that it must see broken."""

import pathlib
import tempfile
import unittest

import tidy
import tidy_cpp

# Built from parts: this file must itself be tidy.
UNFINISHED_WORDS = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]


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


class Sizes(Tree):
    def test_files(self):
        self.assert_clean(tidy.check_sizes, {"src/a/a.cc": "int x;\n" * 400})
        self.assert_seen("401 lines", tidy.check_sizes, {"src/a/a.cc": "int x;\n" * 401})

    def test_lines(self):
        self.assert_clean(tidy.check_sizes, {"a.cmake": "x" * 100})
        self.assert_seen("a.cmake:2: 101 columns", tidy.check_sizes, {"a.cmake": "\n" + "x" * 101})
        self.assert_clean(tidy.check_sizes, {"a.h": "// See https://" + "x" * 100})

    def body(self, head, lines):
        return head + " {\n" + "  f();\n" * (lines - 2) + "}\n"

    def test_functions(self):
        for head in ["int f(int x)", "TEST(Tier, DoesIt)", "Tier::Tier(int x) : x_{x}, y_(2)",
                     "template <class T>\nauto f(T x) -> decltype(x)"]:
            inside = "namespace strata {\nclass X {\n public:\n" + "%s};\n}\n"
            last = 71 - head.count("\n")
            self.assert_clean(tidy.check_sizes, {"a.cc": self.body(head, last - 1)})
            self.assert_seen("71 lines", tidy.check_sizes, {"a.cc": self.body(head, last)})
            self.assert_seen("71 lines", tidy.check_sizes,
                             {"a.cc": inside % self.body(head, last)})

    def test_scopes_and_data_may_be_long(self):
        for head in ["namespace strata", "class A : public B<int()>", "struct A final",
                     "enum class E : int", 'extern "C"', "const std::array<F(), 90> kTable ="]:
            self.assert_clean(tidy.check_sizes, {"a.cc": self.body(head, 90)})

    def test_python_functions(self):
        self.assert_seen("f has 71 lines", tidy.check_sizes,
                         {"a.py": "def f():\n" + "    pass\n" * 70})


class Names(Tree):
    def test_what_is_never_written(self):
        for line in ["std::regex r;", "int x = rand();", "std::srand(1);", 'system("ls");',
                     "out << std::endl;", "using namespace std;", "httplib::Client c;",
                     "#include <regex>", "std::system(text);"]:
            for name in ["src/memory/a.cc", "src/memory/a_test.cc", "tests/model/a.cc"]:
                self.assert_seen("is banned", tidy.check_names, {name: line})

    def test_what_only_adapters_touch(self):
        for line in ['getenv("HOME");', "auto t = std::chrono::steady_clock::now();",
                     "system_clock::now();", "std::thread t(f);", "std::jthread t(f);",
                     "std::async(f);", "std::this_thread::sleep_for(1s);", "usleep(1);",
                     "std::random_device d;"]:
            self.assert_seen("is banned", tidy.check_names, {"src/memory/a.cc": line})
            for name in ["src/ports/a.cc", "src/memory/a_test.cc", "bench/micro/a.cc"]:
                self.assert_clean(tidy.check_names, {name: line})

    def test_names_that_only_look_banned(self):
        for line in ["operand(x);", "random.rand(1);", "cache.system(1);", "std::thread::id id;",
                     "// calls system(x) and steady_clock::now", 'log("std::regex");',
                     'R"(using namespace std)";', "int x = 1'000'000; /* getenv(\n) */"]:
            self.assert_clean(tidy.check_names, {"src/memory/a.cc": line})

    def test_nothing_is_left_for_later(self):
        for word in UNFINISHED_WORDS:
            self.assert_seen(word, tidy.check_names, {"src/memory/a.cc": f"// {word}: later"})
            self.assert_seen(word, tidy.check_names, {"docs/a.md": f"{word} later"})
        self.assert_clean(tidy.check_names, {"src/ports/a.cc": '"/tmp/strata-XXXXXX"'})


class Orphans(Tree):
    GOOD = {
        "src/memory/CMakeLists.txt": "strata_part(memory\n HEADERS a.h\n SOURCES a.cc)",
        "src/memory/a.cc": '#include "memory/b.h"',
        "src/memory/b.h": "",
        "include/strata/memory/a.h": "",
        "examples/CMakeLists.txt": "foreach(example 01_hello 02_loading)",
        "examples/01_hello.cc": "",
        "cmake/install.cmake": "file(GLOB x ${PROJECT_SOURCE_DIR}/include/strata/*.h)",
        "include/strata/strata.h": "",
    }

    def test_a_tree_without_orphans(self):
        self.assert_clean(tidy.check_orphans, self.GOOD)

    def test_orphans(self):
        self.assert_seen("built or included", tidy.check_orphans,
                         self.GOOD | {"src/memory/memory.cc": ""})
        self.assert_seen("built or included", tidy.check_orphans,
                         self.GOOD | {"src/memory/c.h": ""})
        self.assert_seen("built or included", tidy.check_orphans,
                         self.GOOD | {"src/load/a.cc": ""})
        self.assert_seen("built or included", tidy.check_orphans,
                         self.GOOD | {"examples/03_tags.cc": ""})

    def test_what_tools_leave(self):
        for name in ("src/memory/a.cc.orig", "docs/a.md.rej", "a.bak", "src/b.cc~"):
            self.assert_seen("has left", tidy.check_orphans, self.GOOD | {name: ""})
        self.assert_clean(tidy.check_orphans, self.GOOD | {"build/dev/a.orig": ""})

    def test_an_included_public_header_must_still_be_installed(self):
        self.assert_seen("add it to HEADERS", tidy.check_orphans, self.GOOD | {
            "include/strata/memory/c.h": "",
            "src/memory/b.h": '#include "strata/memory/c.h"'})


class Docs(Tree):
    def test_good_documents(self):
        self.assert_clean(tidy.check_docs, {
            "docs/a.md": "# A\n[b](b.md#two-words) [w](https://x.org) [f](../src) [s](#a)\n"
                         "```\n# not a title\n[x](none.md)\n```\n`[y](none.md)`\n",
            "docs/b.md": "# B\n## Two, words!\n",
            "src/x.cc": "",
        })

    def test_broken_links(self):
        for link in ["[x](none.md)", "![x](none.png)", "[x](../none)", "[x](#none)"]:
            self.assert_seen("a.md:2", tidy.check_docs, {"a.md": f"# A\n{link}\n"})

    def test_one_title(self):
        self.assert_seen("0 titles", tidy.check_docs, {"a.md": "## A\n"})
        self.assert_seen("2 titles", tidy.check_docs, {"a.md": "# A\n\n# B\n"})


class Cpp(unittest.TestCase):
    def test_blanking_keeps_lines(self):
        text = 'a("//"); // x\n/* {\n */ b(\'"\', \'{\'); R"y({\n})y";\nint c = 1\'000;\n'
        blank = tidy_cpp.blank_comments_and_strings(text)
        self.assertEqual(blank.count("\n"), text.count("\n"))
        self.assertNotIn("{", blank)
        self.assertIn("1'000", blank)

    def test_functions_are_found_where_they_are(self):
        text = ("namespace a {\nstruct S {\n  void f() const {\n    if (x) {\n    }\n  }\n"
                "  int g() { return 1; }\n  int h_{2};\n};\nvoid k()\n{\n}\n}\n")
        found = [(first, last) for first, last, _ in tidy_cpp.functions(text)]
        self.assertEqual(found, [(3, 6), (7, 7), (10, 12)])


if __name__ == "__main__":
    unittest.main()
