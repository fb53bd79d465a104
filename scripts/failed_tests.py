#!/usr/bin/env python3
"""Tells from a JUnit report of ctest which tests failed and how their output ended.

Usage: scripts/failed_tests.py REPORT

Prints nothing if none did. Of each failed test: its name, and up to LINES lines from the first
that tells of a failure or of a sanitizer's find; without any, the last lines of what it printed.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

LINES = 25
WIDTH = 300
# What is not allowed in XML; tests print the like.
FORBIDDEN = re.compile('[\x00-\x08\x0b\x0c\x0e-\x1f]')
TELLS = re.compile(r': Failure$|ERROR: |WARNING: ThreadSanitizer|runtime error:|Traceback')


def excerpt(output):
    """The part of a test's output that says what went wrong."""
    lines = [line[:WIDTH] for line in output.rstrip().splitlines()]
    for at, line in enumerate(lines):
        if TELLS.search(line):
            return lines[at:at + LINES]
    return lines[-LINES:]


def failed_tests(xml):
    """(name and time, excerpt) of each test that failed, in the order of the report."""
    suite = ElementTree.fromstring(FORBIDDEN.sub('?', xml))
    for case in suite.iter('testcase'):
        if case.get('status') == 'fail' or case.find('failure') is not None:
            yield f"{case.get('name')} ({float(case.get('time', 0)):.1f} s)", \
                excerpt(case.findtext('system-out') or '')


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        xml = Path(sys.argv[1]).read_text(encoding='utf-8', errors='replace')
        for name, lines in failed_tests(xml):
            print(f'--- failed: {name}')
            for line in lines:
                print(f'    {line}')
    except (OSError, ElementTree.ParseError) as error:
        sys.exit(f'{sys.argv[1]}: {error}')


if __name__ == '__main__':
    main()
