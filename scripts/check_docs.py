#!/usr/bin/env python3
"""Checks that what the documents quote and name exists in the code.

Code blocks are excerpts of examples/ or include/; tests, schedules, mutants and limits that a
document names are those of the code. Links are tidy.py's.

Usage: check_docs.py [root]
"""

import pathlib
import re
import sys
import textwrap

HELLO = "examples/01_hello.cc"
LIMITS = "include/strata/core/limits.h"
UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
TEST = re.compile(r"^(?:TYPED_)?TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\)", re.MULTILINE)
SUITE_AND_TEST = re.compile(r"`([A-Z]\w+\.[A-Z]\w+)`")


def documents(root):
    yield from sorted(root.glob("*.md"))
    for folder in ("docs", "include", "examples", "changes"):
        yield from sorted((root / folder).rglob("*.md"))


def blocks(text, language):
    """The lines of each fenced block of a language."""
    for match in re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield textwrap.dedent(match.group(1)).rstrip("\n").split("\n")


def lines_of_code(path):
    """The lines of a file; of a header's comments too, without the marks."""
    lines = path.read_text().split("\n")
    yield lines
    if path.suffix == ".h":
        yield [re.sub(r"^\s*// ?", "", line) for line in lines]


def contains(lines, wanted):
    """Whether `wanted` stands in `lines`, all of it indented by the same amount more."""
    for first, line in enumerate(lines):
        if not line.endswith(wanted[0]):
            continue
        margin = line[:len(line) - len(wanted[0])]
        excerpt = [margin + want if want else "" for want in wanted]
        if not margin.strip() and lines[first:first + len(wanted)] == excerpt:
            return True
    return False


def check_quotes(root):
    """Every C++ block is an excerpt, and the README has the whole of the first example."""
    sources = sorted((root / "examples").glob("*.cc")) + sorted((root / "include").rglob("*.h"))
    texts = [lines for source in sources for lines in lines_of_code(source)]
    for document in documents(root):
        name = document.relative_to(root)
        for block in blocks(document.read_text(), "cpp"):
            if not any(contains(lines, block) for lines in texts):
                yield f"{name}: no example or header has the code that begins with '{block[0]}'"
    hello = (root / HELLO).read_text()
    code = hello[hello.index("#include"):].rstrip("\n").split("\n")
    if code not in list(blocks((root / "README.md").read_text(), "cpp")):
        yield f"README.md: does not show {HELLO} as it is, from its first #include to its end"


def tests_of(root):
    """Every test as Suite.Name."""
    found = set()
    for folder in ("src", "tests"):
        for path in (root / folder).rglob("*"):
            if path.suffix in (".cc", ".h"):
                found.update(".".join(test) for test in TEST.findall(path.read_text()))
    return found


def check_tests(root):
    """Every test that a document names exists."""
    tests = tests_of(root)
    for document in documents(root):
        for number, line in enumerate(document.read_text().split("\n"), 1):
            for name in SUITE_AND_TEST.findall(line):
                if name not in tests:
                    yield f"{document.relative_to(root)}:{number}: there is no test {name}"


def rows(text, columns):
    """The cells of each table row with so many columns."""
    for line in text.split("\n"):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == columns:
            yield cells


def mutants_of(root):
    """The mutants by their constants: {"kLateTicket": "late-ticket"}."""
    text = (root / "src/core/mutant.cc").read_text()
    found = dict(re.findall(r'Row\{Mutant::(k\w+), "([\w-]+)"\}', text))
    found.pop("kNone", None)
    return found


def schedules_of(root):
    """The schedules, with the constants of the mutants that each must see."""
    for path in sorted((root / "tests/model").glob("*_schedules.cc")):
        for sentence, mutants in re.findall(r'\{"([^"]+)",\s*\{([^}]*)\}', path.read_text()):
            yield sentence, re.findall(r"Mutant::(k\w+)", mutants)


def check_mutants(root):
    """docs/consistency.md has a row for each mutant with schedules, and names them; the others are
    found by a test of docs/reliability.md."""
    mutants = mutants_of(root)
    documented = {}
    for name, _, schedules in rows((root / "docs/consistency.md").read_text(), 3):
        if re.fullmatch(r"`[\w-]+`", name):
            sentences = {one.strip() for one in schedules.split(";")}
            documented[name.strip("`")] = sentences - {""}
    expected = {name: set() for name in mutants.values()}
    for sentence, constants in schedules_of(root):
        for constant in constants:
            expected[mutants[constant]].add(sentence)
    reliability = (root / "docs/reliability.md").read_text()
    for name in [name for name, schedules in expected.items() if not schedules]:
        del expected[name]
        if f"`{name}`" not in reliability:
            yield f"docs/reliability.md: does not say what finds the mutant {name}"
    for name in sorted(expected.keys() | documented.keys()):
        if name not in documented:
            yield f"docs/consistency.md: has no row for the mutant {name}"
        elif name not in expected:
            yield f"docs/consistency.md: there is no mutant {name}"
        elif documented[name] != expected[name]:
            yield (f"docs/consistency.md: {name} is seen by "
                   f"'{'; '.join(sorted(expected[name]))}', and not as its row says")


def limits_of(root):
    """The constants of limits.h with their values."""
    values = {}
    text = (root / LIMITS).read_text()
    for name, expression in re.findall(r"constexpr std::size_t (k\w+) = ([^;]+);", text):
        expression = re.sub(r"(?<=\d)'(?=\d)|(?<=\d)u\b", "", expression)
        values[name] = eval(expression, {"__builtins__": {}}, values)  # a sum of numbers
    return values


def check_limits(root):
    """docs/operations.md has a row for each constant of limits.h, with its value."""
    documented = {}
    for cells in rows((root / "docs/operations.md").read_text(), 4):
        match = re.fullmatch(r"([\d,]+)(?: (\w+))?", cells[1])
        if match and (match.group(2) or "") in UNITS:
            number = int(match.group(1).replace(",", ""))
            documented[cells[0].strip("`")] = number * UNITS[match.group(2) or ""]
    for name, value in limits_of(root).items():
        if documented.get(name) != value:
            yield f"docs/operations.md: {name} is {value}, not {documented.get(name)}"


def settings_of(root):
    """The defaults in docs/configuration.md by their full keys."""
    defaults = {}
    section = ""
    for line in (root / "docs/configuration.md").read_text().split("\n"):
        heading = re.fullmatch(r"#+ `([^`]+)`", line)
        if heading:
            section = heading.group(1)
        for key, _, default, _ in rows(line, 4):
            if section and re.fullmatch(r"`[^`]+`", key):
                defaults[f"{section}.{key.strip('`')}"] = default
    return defaults


def check_settings(root):
    """Settings that docs/operations.md names exist and have the default that it says."""
    defaults = settings_of(root)
    for key, default, _, _ in rows((root / "docs/operations.md").read_text(), 4):
        key = key.strip("`")
        if key.startswith("cache.") and defaults.get(key) != default:
            yield f"docs/operations.md: the default of {key} is {defaults.get(key)}, not {default}"


CHECKS = (check_quotes, check_tests, check_mutants, check_limits, check_settings)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    problems = [problem for check in CHECKS for problem in check(root)]
    print("".join(problem + "\n" for problem in problems) + f"check_docs: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
