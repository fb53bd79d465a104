#!/usr/bin/env python3
"""Enforces layers.toml: which part may include which, and which libraries.

Usage: check_layers.py [root]
"""

import fnmatch
import pathlib
import re
import sys
import tomllib

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)

# Folders of tests/ and the libraries that only tests may include.
TEST_FOLDERS = ("tests/", "testkit/", "contract/", "model/", "fault/", "sim/", "stress/")
TEST_LIBRARIES = ("gtest/*", "gmock/*", "rapidcheck.h", "rapidcheck/*")

STANDARD_HEADERS = set("""
    algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv
    chrono cinttypes climits clocale cmath codecvt compare complex concepts condition_variable
    coroutine csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib cstring ctime cuchar cwchar
    cwctype cxxabi.h deque exception execution filesystem format forward_list fstream functional
    future initializer_list iomanip ios iosfwd iostream istream iterator latch limits list locale
    map memory memory_resource mutex new numbers numeric optional ostream queue random ranges
    ratio regex scoped_allocator semaphore set shared_mutex source_location span sstream stack
    stdexcept stop_token streambuf string string_view syncstream system_error thread tuple
    type_traits typeindex typeinfo unordered_map unordered_set utility valarray variant vector
    version
""".split())


class Layer:
    """One line of the table."""

    def __init__(self, part, uses):
        self.part = part
        self.parts = [use for use in uses if "<" not in use]
        self.libraries = [use.strip("<>") for use in uses if use.startswith("<")]
        public = [use.removeprefix("public ") for use in uses if use.startswith("public <")]
        self.public_libraries = [use.strip("<>") for use in public]

    def may_use(self, part):
        return part == self.part or part in self.parts

    def may_include_library(self, header, public):
        allowed = self.public_libraries if public else self.libraries + self.public_libraries
        return any(fnmatch.fnmatchcase(header, pattern) for pattern in allowed)


def read_table(root):
    """Returns the table, and the problems with the table itself."""
    layers = {}
    problems = []
    for part, uses in tomllib.loads((root / "layers.toml").read_text()).items():
        layer = Layer(part, uses)
        for used in layer.parts:
            if used not in layers:
                problems.append(f"layers.toml: {part} uses {used}, which is not above it")
        layers[part] = layer
    return layers, problems


def check_library(layer, header, public, is_test):
    """Returns what is wrong with including <header>, or nothing."""
    if header in STANDARD_HEADERS or layer.may_include_library(header, public):
        return None
    if any(fnmatch.fnmatchcase(header, pattern) for pattern in TEST_LIBRARIES):
        return None if is_test else f"includes <{header}>, which is for tests"
    if public:
        return f"is a public header and includes <{header}>, which is not standard"
    return f"includes <{header}>, which layers.toml does not grant to {layer.part}"


def check_quoted(layers, layer, header, public, is_test):
    """Returns what is wrong with including "header", or nothing."""
    names = header.split("/")
    if header.startswith(TEST_FOLDERS):
        return None if is_test else f'is production and includes "{header}" from tests/'
    is_private = names[0] != "strata"
    part = names[0] if is_private else names[1]
    if not is_private and part == "testing" and part != layer.part:
        # What users test with, we test with; no part is built on it.
        return None if is_test else f'is production and includes "{header}"'
    if part not in layers:
        return f'includes "{header}", which is in no part; write "part/x.h" or "strata/part/x.h"'
    if is_private and public:
        return f'is a public header and includes the private "{header}"'
    if not layer.may_use(part):
        return f'includes "{header}", but {layer.part} does not use {part}'
    return None


def check_file(layers, layer, path, name):
    public = name.startswith("include/")
    is_test = path.name.endswith("_test.cc")
    for bracket, header in INCLUDE.findall(path.read_text()):
        if bracket == "<":
            problem = check_library(layer, header, public, is_test)
        else:
            problem = check_quoted(layers, layer, header, public, is_test)
        if problem:
            yield f"{name}: {problem}"


def check_uses(layers, root):
    """USES in CMake may not say more than the table."""
    for path in sorted(root.glob("src/*/CMakeLists.txt")):
        name = path.relative_to(root).as_posix()
        for part, arguments in re.findall(r"strata_part\(\s*(\w+)([^)]*)\)", path.read_text()):
            if part != path.parent.name:
                yield f"{name}: makes part {part}; a part has the name of its folder"
            elif part not in layers:
                yield f"{name}: part {part} has no line in layers.toml"
            else:
                words = re.search(r"\bUSES\s+([^A-Z]*)", arguments)
                for used in words.group(1).split() if words else []:
                    if not layers[part].may_use(used):
                        yield f"{name}: USES {used}, which layers.toml does not grant to {part}"


def check(root):
    """Returns every violation under `root`."""
    layers, problems = read_table(root)
    for folder in ("include/strata", "src"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in (".h", ".cc", ".inc"):
                continue
            name = path.relative_to(root).as_posix()
            inside = path.relative_to(root / folder).parts
            if folder == "include/strata" and len(inside) == 1:
                continue  # The umbrella header belongs to no part.
            if inside[0] not in layers:
                problems.append(f"{name}: {inside[0]} has no line in layers.toml")
                continue
            problems += check_file(layers, layers[inside[0]], path, name)
    problems += check_uses(layers, root)
    return problems


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    problems = check(root)
    for problem in problems:
        print(problem)
    print(f"layers: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
