#!/usr/bin/env python3
"""Runs what the documents show, and compares what happens with what they say.

Usage: run_doc_samples.py --program build/dev/bin/strata [root] [document ...]

Each document has an empty folder of its own, in which its blocks run from top to bottom with
`strata` on the PATH:

    ```sh                 is run by bash, and must end with 0
    ```sh exit=2          must end with 2
    ```sh no-run          is only shown
    ```text               right after a block that ran: what it printed, both streams together
    ```yaml file=a.yaml   is written into the file

In a ```text block `...` stands for anything within a line, and a line of only `...` for any
number of lines.
"""

import argparse
import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SECONDS = 120  # that a block may take at most
FENCE = re.compile(r"(`{3,}|~{3,})\s*(\S*)\s*(.*?)\s*$")


class Block:
    """A fenced block: where it begins, its language, its options, its text."""

    def __init__(self, line, language, options):
        self.line = line
        self.language = language
        self.options = dict(option.partition("=")[::2] for option in options.split())
        self.text = ""
        self.expected = None  # of a block that is run: the text block right after it


def blocks_of(document):
    """The blocks of a document, each with the output that is shown for it."""
    blocks = []
    open_block = None
    fence = ""
    since = []  # What stands between the last block and here.
    for number, line in enumerate(document.splitlines(), 1):
        match = FENCE.match(line)
        if open_block is None and match:
            fence = match.group(1)
            open_block = Block(number, match.group(2), match.group(3))
        elif open_block is None:
            since.append(line)
        elif match and match.group(1).startswith(fence) and not match.group(2):
            shows_output = open_block.language == "text" and not "".join(since).strip()
            if shows_output and blocks and blocks[-1].language == "sh":
                blocks[-1].expected = open_block.text
            blocks.append(open_block)
            open_block = None
            since = []
        else:
            open_block.text += line + "\n"
    if open_block is not None:
        raise ValueError(f"line {open_block.line}: this block has no end")
    return blocks


def pattern_of(expected):
    """What is expected, as a regular expression."""
    pattern = ""
    for line in expected.splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pieces = (re.escape(piece) for piece in line.rstrip().split("..."))
            pattern += ".*?".join(pieces) + r"[ \t]*\n"
    return re.compile(pattern)


def is_as_expected(expected, shown):
    if shown and not shown.endswith("\n"):
        shown += "\n"
    return pattern_of(expected).fullmatch(shown) is not None


def run_block(block, folder, program):
    """Returns what is wrong with a block, or nothing."""
    environment = {"PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": str(folder),
                   "LANG": "C.UTF-8"}
    try:
        done = subprocess.run(["bash", "-e", "-c", block.text], cwd=folder, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"did not end within {SECONDS} seconds"
    shown = done.stdout.decode(errors="replace")
    code = int(block.options.get("exit", "0"))
    if done.returncode != code:
        return f"ended with {done.returncode} rather than {code}:\n{shown}"
    if block.expected is None or is_as_expected(block.expected, shown):
        return None
    difference = difflib.unified_diff(block.expected.splitlines(), shown.splitlines(),
                                      "in the document", "what happens", lineterm="")
    return "printed something else:\n" + "\n".join(difference)


def run_document(path, program):
    """Returns the problems of a document, and how many blocks were run."""
    problems = []
    ran = 0
    try:
        blocks = blocks_of(path.read_text())
    except ValueError as problem:
        return [f"{path}: {problem}"], 0
    with tempfile.TemporaryDirectory(prefix="strata-doc-") as name:
        folder = pathlib.Path(name)
        for block in blocks:
            if block.options.get("file"):
                (folder / block.options["file"]).write_text(block.text)
            if block.language != "sh" or "no-run" in block.options:
                continue
            ran += 1
            problem = run_block(block, folder, program)
            if problem:
                problems.append(f"{path}:{block.line}: {problem}")
    return problems, ran


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True, type=pathlib.Path)
    parser.add_argument("root", nargs="?", default=".", type=pathlib.Path)
    parser.add_argument("documents", nargs="*", type=pathlib.Path)
    arguments = parser.parse_args()

    documents = arguments.documents or [
        path for path in (arguments.root / "README.md", *sorted(arguments.root.glob("docs/*.md")))
        if path.exists()]
    problems = []
    ran = 0
    for document in documents:
        found, blocks = run_document(document, arguments.program.resolve())
        problems += found
        ran += blocks
    for problem in problems:
        print(problem)
    print(f"doc samples: {ran} blocks ran, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
