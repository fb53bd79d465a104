#!/usr/bin/env python3
"""Shows check_layers.py a tree for each rule that it must see broken."""

import pathlib
import tempfile
import unittest

import check_layers

TABLE = """
core = ["<xxhash.h>"]
ports = ["core"]
memory = ["core", "ports"]
sqlite = ["core", "ports", "<sqlite3.h>"]
codecs = ["core", "<nlohmann/*>", "public <nlohmann/json_fwd.hpp>"]
"""


class CheckLayers(unittest.TestCase):
    def problems(self, files, table=TABLE):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "layers.toml").write_text(table)
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            return check_layers.check(root)

    def assert_seen(self, words, files, table=TABLE):
        problems = self.problems(files, table)
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(words, problems[0])

    def test_a_good_tree_has_no_problems(self):
        self.assertEqual(self.problems({
            "include/strata/memory/table.h":
                '#include <vector>\n#include "strata/core/key.h"\n#include "strata/ports/tier.h"\n',
            "include/strata/strata.h": '#include "strata/memory/table.h"\n',
            "src/memory/table.cc": '#include "core/assert.h"\n#include "memory/shard.h"\n',
            "src/memory/table_test.cc": '#include <gtest/gtest.h>\n#include "testkit/seeds.h"\n',
            "src/memory/CMakeLists.txt":
                "strata_part(memory\n  HEADERS table.h\n  USES core ports\n  LINKS fmt::fmt)\n",
            "src/sqlite/file.cc": "#include <sqlite3.h>\n",
            "include/strata/codecs/json.h": "#include <nlohmann/json_fwd.hpp>\n",
            "src/codecs/json.cc": "#include <nlohmann/json.hpp>\n",
        }), [])

    def test_siblings_are_blind_to_each_other(self):
        self.assert_seen("memory does not use sqlite",
                         {"src/memory/a.cc": '#include "strata/sqlite/tier.h"\n'})
        self.assert_seen("memory does not use sqlite",
                         {"include/strata/memory/a.h": '#include "strata/sqlite/tier.h"\n'})
        self.assert_seen("memory does not use sqlite",
                         {"src/memory/a.cc": '#include "sqlite/private.h"\n'})

    def test_nobody_includes_downward(self):
        self.assert_seen("core does not use ports",
                         {"src/core/a.h": '#  include "strata/ports/clock.h"\n'})

    def test_a_unit_test_keeps_to_its_part(self):
        self.assert_seen("memory does not use sqlite",
                         {"src/memory/a_test.cc": '#include "strata/sqlite/tier.h"\n'})

    def test_a_library_belongs_to_the_parts_that_name_it(self):
        self.assert_seen("does not grant to memory",
                         {"src/memory/a.cc": "#include <sqlite3.h>\n"})
        self.assert_seen("does not grant to memory",
                         {"src/memory/a.cc": "#include <sys/mman.h>\n"})

    def test_a_library_never_enters_a_public_header(self):
        self.assert_seen("is a public header",
                         {"include/strata/sqlite/a.h": "#include <sqlite3.h>\n"})
        self.assert_seen("is a public header",
                         {"include/strata/codecs/a.h": "#include <nlohmann/json.hpp>\n"})

    def test_a_private_header_never_enters_a_public_header(self):
        self.assert_seen("private",
                         {"include/strata/memory/a.h": '#include "core/assert.h"\n'})

    def test_production_never_includes_tests(self):
        self.assert_seen("from tests/", {"src/memory/a.cc": '#include "testkit/seeds.h"\n'})
        self.assert_seen("for tests", {"src/memory/a.cc": "#include <gtest/gtest.h>\n"})
        self.assert_seen("production",
                         {"src/memory/a.cc": '#include "strata/testing/fake_clock.h"\n'})

    def test_an_include_names_its_part(self):
        self.assert_seen("in no part", {"src/memory/a.cc": '#include "shard.h"\n'})

    def test_the_table_only_looks_upward(self):
        self.assert_seen("not above it", {}, 'memory = ["core"]\ncore = []\n')
        self.assert_seen("not above it", {}, 'core = ["core"]\n')

    def test_every_folder_has_a_line(self):
        self.assert_seen("no line", {"src/stray/a.cc": ""})
        self.assert_seen("no line", {"include/strata/stray/a.h": ""})

    def test_the_build_says_no_more_than_the_table(self):
        self.assert_seen("USES sqlite", {
            "src/memory/CMakeLists.txt": "strata_part(memory\n  USES core sqlite\n  TESTS a.cc)"})
        self.assert_seen("name of its folder", {
            "src/memory/CMakeLists.txt": "strata_part(sqlite)"})


if __name__ == "__main__":
    unittest.main()
