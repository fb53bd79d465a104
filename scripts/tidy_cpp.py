"""As much of C++ as tidy.py needs: where comments, strings and functions begin and end."""

import re

# A comment, a raw string, a string, or a character that is not a digit separator.
TOKEN = re.compile(
    r"//[^\n]*"
    r"|/\*.*?\*/"
    r'|(?:\b(?:u8|[uUL]))?R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",
    re.DOTALL)

SCOPE = re.compile(r"\s*(?:inline\s+)?(?:namespace|class|struct|union|enum|extern)\b")


def blank_comments_and_strings(text):
    """Replaces comments and the insides of strings by nothing, keeping every line in place."""

    def blank(match):
        token = match.group()
        if token.startswith("//"):
            return ""
        if token.startswith("/*"):
            return " " + "\n" * token.count("\n")
        return token[-1] + "\n" * token.count("\n") + token[-1]

    # The names inside #include "..." are strings too; the callers read those from the text.
    return TOKEN.sub(blank, text)


def without_template_heads(chunk):
    """Drops `template <...>` from the front, so that what is declared comes first."""
    while True:
        head = re.match(r"\s*template\s*<", chunk)
        if not head:
            return chunk
        depth = 1
        position = head.end()
        while position < len(chunk) and depth:
            depth += {"<": 1, ">": -1}.get(chunk[position], 0)
            position += 1
        chunk = chunk[position:]


def kind_of(chunk):
    """What the brace after `chunk` opens, at a place where functions can be defined."""
    declared = without_template_heads(re.sub(r"\[\[.*?\]\]", "", chunk))
    if SCOPE.match(declared):
        return "scope"
    if declared.rstrip().endswith("="):
        return "data"
    if "(" in declared and not re.search(r"(?<![=!<>+\-*/|&^])=(?!=)", declared.split("(")[0]):
        return "function"
    return "data"


def functions(text):
    """Returns (first line, last line, name) of each function in a text without comments."""
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: "\n" * m.group().count("\n"), text,
                  flags=re.MULTILINE)
    found = []
    stack = []  # Of (kind, first line, name).
    chunk_start = 0
    for match in re.finditer(r"[{};]|\b(?:public|private|protected)\s*:(?!:)", text):
        token = match.group()
        chunk = text[chunk_start:match.start()]
        chunk_start = match.end()
        if token == "{":
            inside = bool(stack) and stack[-1][0] != "scope"
            kind = "inner" if inside else kind_of(chunk)
            before = match.start() - len(chunk.lstrip())
            names = re.findall(r"([\w:~]+)\s*\(([^()]*)", chunk)
            title = f"{names[0][0]}({names[0][1].strip()})" if names else "a function"
            stack.append((kind, text.count("\n", 0, before) + 1, title))
        elif token == "}" and stack:
            kind, first, title = stack.pop()
            if kind == "function":
                found.append((first, text.count("\n", 0, match.start()) + 1, title))
    return found
