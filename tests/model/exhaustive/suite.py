"""Says of each variant of a model whether it holds, and fails if that is not what it should do."""

import sys
import time

from explore import Found, explore


def explore_all(makes):
    """Explores models one after the other, up to the first that breaks."""
    result = Found()
    for make in makes if isinstance(makes, list) else [makes]:
        found = explore(make)
        found.states += result.states
        found.reached |= result.reached
        result = found
        if result.broken is not None:
            break
    return result


class Suite:
    """The variants of one model. Each `make` makes a model, or is a list of several such."""

    def __init__(self, title):
        self.failures = 0
        self.states = 0
        self.begun = time.monotonic()
        print(title)

    def holds(self, text, make, *reached):
        """Expects that nothing breaks, and that each of `reached` happens in some schedule."""
        found = explore_all(make)
        problems = [f"it never happens: {what}" for what in reached if what not in found.reached]
        if found.broken is not None:
            problems.append("it should hold")
        self.report(text, found, problems)

    def breaks(self, text, make, because):
        """Expects that exactly this promise breaks."""
        found = explore_all(make)
        problems = []
        if found.broken is None or because not in found.broken:
            problems.append(f"it should break, because {because}")
        self.report(text, found, problems)

    def report(self, text, found, problems):
        self.states += found.states
        self.failures += bool(problems)
        print(f"  {text}: {found}")
        for problem in problems:
            print(f"      FAILED: {problem}")

    def finish(self):
        seconds = time.monotonic() - self.begun
        print(f"{self.states} states in {seconds:.1f} s, {self.failures} variants failed")
        sys.exit(1 if self.failures else 0)
