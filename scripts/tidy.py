#!/usr/bin/env python3
"""Checks the rules of docs/style.md that need no compiler.

Usage: tidy.py [root] [--only sizes,names,orphans,docs]
"""

import argparse
import ast
import pathlib
import re
import sys

from tidy_cpp import blank_comments_and_strings, functions

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 70
MAX_COLUMNS = 100

CPP = (".h", ".cc", ".inc")
CODE = CPP + (".py", ".sh", ".cmake", ".toml", ".sql")
CODE_NAMES = ("CMakeLists.txt", "Makefile", "run", "test")
SKIPPED_FOLDERS = (".git", ".cache", "build", "data", "__pycache__", "node_modules")

# What is never written, and what is written instead. Matched in code, not in comments.
BANNED = [
    (r"\bstd::w?regex\b", "RE2, or a hand-written parser: std::regex overflows its stack"),
    (r"(?<![\w:.>])(?:std::)?s?rand\s*\(", "the Random port"),
    (r"(?<![\w:.>])(?:std::)?system\s*\(", "the Executor port, or nothing"),
    (r"\bstd::endl\b", r"'\n'"),
    (r"\busing\s+namespace\s+std\b", "qualified names"),
    (r"\bhttplib\b|\bcpp-httplib\b", "libcurl behind the source port"),
]

# What only adapters, tests, benchmarks and examples touch.
BANNED_OUTSIDE_ADAPTERS = [
    (r"\b(?:secure_)?getenv\s*\(", "the Environment port"),
    (r"\b(?:steady|system|high_resolution)_clock::now\b", "the Clock port"),
    (r"\bstd::j?thread\b(?!::)", "the Executor port"),
    (r"\bstd::async\b", "the Executor port"),
    (r"\bsleep_(?:for|until)\b|(?<![\w:.>])u?sleep\s*\(", "the Clock port"),
    (r"\bstd::random_device\b", "the Random port"),
]
ADAPTERS = ("src/ports/", "tests/", "bench/", "examples/")

# Written in parts, so that this file does not contain them.
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)|!\[[^\]]*\]\(([^)\s]+)\)")
URL = re.compile(r"https?://\S{60,}")


def is_code(path):
    return path.suffix in CODE or path.name in CODE_NAMES


def files(root):
    """Every file of the project, with its name relative to the root."""
    pending = [root]
    while pending:
        for path in sorted(pending.pop().iterdir()):
            if path.is_dir() and path.name not in SKIPPED_FOLDERS:
                pending.append(path)
            elif path.is_file() and (is_code(path) or path.suffix == ".md"):
                yield path, path.relative_to(root).as_posix()


def check_sizes(root):
    """Files, functions and lines stay short."""
    for path, name in files(root):
        if not is_code(path):
            continue
        text = path.read_text()
        lines = text.splitlines()
        if len(lines) > MAX_FILE_LINES:
            yield f"{name}: {len(lines)} lines; the limit is {MAX_FILE_LINES}"
        for number, line in enumerate(lines, 1):
            if len(line) > MAX_COLUMNS and not URL.search(line):
                yield f"{name}:{number}: {len(line)} columns; the limit is {MAX_COLUMNS}"
        for first, last, title in functions_of(path, text):
            if last - first + 1 > MAX_FUNCTION_LINES:
                yield (f"{name}:{first}: {title} has {last - first + 1} lines; "
                       f"the limit is {MAX_FUNCTION_LINES}")


def functions_of(path, text):
    if path.suffix in CPP:
        return functions(blank_comments_and_strings(text))
    if path.suffix == ".py":
        return [(node.lineno, node.end_lineno, node.name) for node in ast.walk(ast.parse(text))
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return []


def check_names(root):
    """Nothing banned is used, and nothing is left for later."""
    for path, name in files(root):
        text = path.read_text()
        for number, line in enumerate(text.splitlines(), 1):
            found = UNFINISHED.search(line)
            if found:
                yield f"{name}:{number}: {found.group()}; do it, or write it in docs/next.md"
        if path.suffix not in CPP:
            continue
        is_adapter = name.startswith(ADAPTERS) or name.endswith("_test.cc")
        banned = BANNED if is_adapter else BANNED + BANNED_OUTSIDE_ADAPTERS
        for number, line in enumerate(blank_comments_and_strings(text).splitlines(), 1):
            included = re.match(r"\s*#\s*include\s*<(regex|cpp-httplib|httplib\.h)>", line)
            if included:
                yield f"{name}:{number}: <{included.group(1)}> is banned"
            for pattern, replacement in banned:
                found = re.search(pattern, line)
                if found and not line.lstrip().startswith("#include"):
                    word = found.group().strip("( ")
                    yield f"{name}:{number}: {word} is banned; use {replacement}"


def build_files(root, path):
    """The CMake files that may name `path`, each with the folder that its names start from."""
    relative = path.relative_to(root)
    if relative.parts[:2] == ("include", "strata") and len(relative.parts) > 3:
        part = root / "src" / relative.parts[2] / "CMakeLists.txt"
        yield part, root / "include" / "strata" / relative.parts[2]
    for folder in path.parents:
        yield folder / "CMakeLists.txt", folder
        if folder == root:
            break
    for module in sorted((root / "cmake").glob("*.cmake")):
        yield module, root


def is_named(text, folder, path, may_be_a_stem):
    relative = path.relative_to(folder).as_posix()
    if re.search(rf"(?<![\w.-]){re.escape(relative)}(?![\w-])", text):
        return True
    # A name in a loop comes without its suffix.
    if may_be_a_stem and re.search(rf"(?<![\w.-]){re.escape(path.stem)}(?![\w.-])", text):
        return True
    globs = re.findall(r"[\w./${}-]*\*[\w.*/-]*", text)
    patterns = [re.sub(r"\$\{\w+\}/", "", glob) for glob in globs]
    return any("/" in glob and path in folder.glob(glob) for glob in patterns if glob[0] != "/")


def check_orphans(root):
    """Every source file is built or included; every public header is installed."""
    for pattern in ("*.orig", "*.rej", "*.bak", "*~"):
        for path in sorted(root.rglob(pattern)):
            name = path.relative_to(root).as_posix()
            if not any(f"{folder}/" in f"{name}/" for folder in SKIPPED_FOLDERS):
                yield f"{name}: is what an editor or a patch has left"
    included = set()
    sources = [(path, name) for path, name in files(root) if path.suffix in CPP]
    for path, _ in sources:
        included.update(re.findall(r'#\s*include\s*"([^"]+)"', path.read_text()))
    texts = {}
    for path, name in sources:
        is_public = name.startswith("include/")
        if not is_public and path.suffix != ".cc":
            if any(f"/{name}".endswith(f"/{include}") for include in included):
                continue
        for build_file, folder in build_files(root, path):
            if build_file not in texts:
                texts[build_file] = build_file.read_text() if build_file.exists() else ""
            if is_named(texts[build_file], folder, path, not name.startswith(("src/", "include/"))):
                break
        else:
            what = "installed: add it to HEADERS" if is_public else "built or included"
            yield f"{name}: is not {what}"


def prose(text):
    """The text of a document without its fenced blocks and its inline code."""
    kept = []
    fence = None
    for line in text.splitlines():
        mark = re.match(r"\s*(```+|~~~+)", line)
        if mark and fence is None:
            fence = mark.group(1)
        elif mark and mark.group(1).startswith(fence):
            fence = None
        elif fence is None:
            kept.append(re.sub(r"`[^`]*`", "", line))
            continue
        kept.append("")
    return kept


def anchors(path):
    """The names that headings of a document can be linked by."""
    result = set()
    for line in path.read_text().splitlines():
        heading = re.match(r"#{1,6}\s+(.*)", line)
        if heading:
            words = re.sub(r"[^\w\- ]", "", heading.group(1).strip().lower())
            result.add(words.replace(" ", "-"))
    return result


def check_docs(root):
    """Documents have one title, and their relative links lead somewhere."""
    for path, name in files(root):
        if path.suffix != ".md":
            continue
        lines = prose(path.read_text())
        titles = [line for line in lines if re.match(r"# \S", line)]
        if len(titles) != 1:
            yield f"{name}: has {len(titles)} titles; a document has one `# Title`"
        for number, line in enumerate(lines, 1):
            for link in ("".join(groups) for groups in LINK.findall(line)):
                if re.match(r"[a-z]+:", link):
                    continue
                target, _, anchor = link.partition("#")
                file = (path.parent / target) if target else path
                if not file.exists():
                    yield f"{name}:{number}: broken link to {link}"
                elif anchor and file.suffix == ".md" and anchor not in anchors(file):
                    yield f"{name}:{number}: {link} names no heading"


CHECKS = {
    "sizes": check_sizes, "names": check_names, "orphans": check_orphans, "docs": check_docs,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", nargs="?", default=".", type=pathlib.Path)
    parser.add_argument("--only", default=",".join(CHECKS), help="the checks to run")
    arguments = parser.parse_args()

    problems = []
    for check in arguments.only.split(","):
        problems += CHECKS[check](arguments.root.resolve())
    for problem in problems:
        print(problem)
    print(f"tidy: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
