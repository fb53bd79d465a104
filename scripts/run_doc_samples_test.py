#!/usr/bin/env python3
"""Shows run_doc_samples.py documents that are right and documents that are wrong."""

import pathlib
import tempfile
import textwrap
import unittest

from run_doc_samples import blocks_of, is_as_expected, run_document


class DocSamples(unittest.TestCase):

    def run_text(self, text):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "a.md"
            path.write_text(textwrap.dedent(text))
            problems, ran = run_document(path, pathlib.Path("/bin/true"))
            return [problem.split("a.md", 1)[1] for problem in problems], ran

    def test_what_happens_as_shown_is_right(self):
        self.assertEqual(self.run_text("""
            ```sh
            echo one; echo two >&2
            ```

            ```text
            one
            two
            ```
            """), ([], 1))

    def test_what_happens_differently_is_told_with_its_line(self):
        problems, _ = self.run_text("""
            # Title

            ```sh
            echo one
            ```
            ```text
            two
            ```
            """)
        self.assertEqual(len(problems), 1)
        self.assertTrue(problems[0].startswith(":4: printed something else"))
        self.assertIn("-two", problems[0])
        self.assertIn("+one", problems[0])

    def test_the_exit_code_counts(self):
        for options, command, right in (("", "true", True), ("", "false", False),
                                        ("exit=2", "exit 2", True), ("exit=2", "true", False),
                                        ("", "false; true", False), ("no-run", "false", True)):
            problems, _ = self.run_text(f"```sh {options}\n{command}\n```\n")
            self.assertEqual(not problems, right, (options, command))

    def test_blocks_share_a_folder_and_files(self):
        self.assertEqual(self.run_text("""
            ```yaml file=a.yaml
            key: value
            ```
            ```sh
            cp a.yaml b.yaml
            ```
            ```sh
            cat b.yaml
            ```
            ```text
            key: value
            ```
            """), ([], 2))

    def test_text_after_prose_is_not_output(self):
        self.assertEqual(self.run_text("""
            ```sh
            echo one
            ```
            Some prose.
            ```text
            two
            ```
            """), ([], 1))

    def test_dots_stand_for_anything_in_a_line_or_for_lines(self):
        self.assertTrue(is_as_expected("a ... c\n", "a b b c"))
        self.assertFalse(is_as_expected("a ... c\n", "a b\nc\n"))
        self.assertTrue(is_as_expected("a\n...\nc\n", "a\nb\nb\nc\n"))
        self.assertTrue(is_as_expected("a\n...\n", "a\n"))
        self.assertFalse(is_as_expected("a\n...\n", "b\n"))
        self.assertFalse(is_as_expected("a.c\n", "abc\n"))
        self.assertTrue(is_as_expected("", ""))

    def test_a_block_without_end_is_a_problem(self):
        problems, ran = self.run_text("```sh\necho\n")
        self.assertEqual((len(problems), ran), (1, 0))

    def test_nested_fences_belong_to_the_text(self):
        blocks = blocks_of("````md\n```sh\nfalse\n```\n````\n")
        self.assertEqual([block.language for block in blocks], ["md"])


if __name__ == "__main__":
    unittest.main()
