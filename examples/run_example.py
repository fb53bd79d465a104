#!/usr/bin/env python3
"""Runs an example in an empty folder and compares its output with the head of its source.

Usage: run_example.py <source.cc> <program>
"""

import difflib
import pathlib
import subprocess
import sys
import tempfile

TIME_LIMIT_SECONDS = 50


def promised_lines(source):
    """The lines that the comment at the head of the source gives after "// Prints:"."""
    lines = source.read_text().splitlines()
    begin = lines.index("// Prints:") + 1
    promised = []
    for line in lines[begin:]:
        if not line.startswith("//   "):
            return promised
        promised.append(line.removeprefix("//   "))
    return promised


def main():
    source, program = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run([program], cwd=folder, capture_output=True, text=True,
                             timeout=TIME_LIMIT_SECONDS, check=False)
    sys.stderr.write(run.stderr)
    if run.returncode != 0:
        print(f"{program.name} ended with {run.returncode}")
        return 1
    difference = list(difflib.unified_diff(promised_lines(source), run.stdout.splitlines(),
                                           "promised", "printed", lineterm=""))
    print("\n".join(difference) if difference else run.stdout, end="")
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main())
