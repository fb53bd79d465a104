#!/usr/bin/env python3
"""What failed_tests.py tells of reports."""

import unittest

from failed_tests import LINES, excerpt, failed_tests

REPORT = '''<testsuite>
<testcase name="Good" status="run"><system-out>fine: Failure</system-out></testcase>
<testcase name="Bad" time="1.25" status="fail"><failure message=""/><system-out>[ RUN ] Bad
x.cc:3: Failure
Expected \x01 equality</system-out></testcase>
</testsuite>'''


class FailedTestsTest(unittest.TestCase):

    def test_names_what_failed_from_its_first_failure(self):
        self.assertEqual(list(failed_tests(REPORT)),
                         [('Bad (1.2 s)', ['x.cc:3: Failure', 'Expected ? equality'])])

    def test_shows_the_end_of_output_that_tells_nothing(self):
        lines = [f'line {i}' for i in range(100)]
        self.assertEqual(excerpt('\n'.join(lines)), lines[-LINES:])

    def test_shows_where_a_sanitizer_speaks(self):
        self.assertEqual(excerpt('a\n==1==ERROR: AddressSanitizer: x\nb'),
                         ['==1==ERROR: AddressSanitizer: x', 'b'])

    def test_shows_nothing_of_no_output(self):
        self.assertEqual(excerpt(''), [])


if __name__ == '__main__':
    unittest.main()
