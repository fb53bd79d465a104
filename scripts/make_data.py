#!/usr/bin/env python3
"""Regenerate data/places.tsv and data/packages.tsv from a Debian system's own files.

places.tsv    the time zone tables of the tzdata package (zone.tab, iso3166.tab)
packages.tsv  the package index that "apt-get update" stores for the main component

The output depends only on those inputs: same tzdata and same index, same bytes.
"""
import argparse
import hashlib
import os
import re
import subprocess
import sys

ZONEINFO = "/usr/share/zoneinfo"
CAT = ["/usr/lib/apt/apt-helper", "cat-file"]  # decompresses an index in any format apt uses
SAMPLE = 6000       # packages chosen by hash of the name
MAX_DEPENDS = 8     # dependency names listed per package
ALWAYS = {"required", "important", "standard"}  # priorities that are always included
PLACES = ["zone", "country_codes", "country_names", "latitude", "longitude", "comments"]
PACKAGES = ["name", "version", "section", "installed_kib", "depends_count", "depends",
            "description"]
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # tab, line ends, other controls


def fail(message):
    sys.exit(f"make_data.py: error: {message}")


def run(args, hint):
    """Standard output of a command, or a clear error."""
    try:
        return subprocess.run(args, check=True, stdout=subprocess.PIPE).stdout.decode("utf-8")
    except FileNotFoundError:
        fail(f"{args[0]} not found; {hint}")
    except subprocess.CalledProcessError as error:
        fail(f"{' '.join(args)} exited with status {error.returncode}; {hint}")
    except UnicodeDecodeError as error:
        fail(f"output of {' '.join(args)} is not UTF-8: {error}")


def table(name):
    """Rows of a tab-separated zone table, without its comment lines."""
    path = os.path.join(ZONEINFO, name)
    try:
        with open(path, encoding="utf-8", newline="\n") as file:
            lines = file.read().split("\n")
    except OSError as error:
        fail(f"cannot read {path} ({error.strerror}); install the package tzdata")
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def degrees(text, width):
    """An ISO 6709 angle (sign, degrees in `width` digits, MM, optional SS), 4 decimals."""
    seconds = int(text[1:1 + width]) * 3600 + int(text[1 + width:3 + width]) * 60
    seconds += int(text[3 + width:] or 0)
    units = (seconds * 10000 + 1800) // 3600  # nearest 0.0001; a tie is impossible
    sign = "-" if text[0] == "-" and units else ""
    return f"{sign}{units // 10000}.{units % 10000:04d}"


def make_places():
    countries = {row[0]: row[1] for row in table("iso3166.tab")}
    rows = {}
    for row in table("zone.tab"):
        codes, where, zone = row[:3]
        match = re.fullmatch(r"([+-]\d{4}(?:\d\d)?)([+-]\d{5}(?:\d\d)?)", where)
        if not match or zone in rows:
            fail(f"zone.tab: bad coordinates or repeated zone: {row}")
        try:
            names = ",".join(countries[code] for code in codes.split(","))
        except KeyError as error:
            fail(f"zone.tab: {zone}: country code {error} is not in iso3166.tab")
        rows[zone] = [zone, codes, names, degrees(match[1], 2), degrees(match[2], 3),
                      row[3] if len(row) > 3 else ""]
    return [rows[zone] for zone in sorted(rows)]


def find_index(suite, arch):
    """(path, release version) of the index of Debian's main component."""
    form = "$(ORIGIN)|$(CODENAME)|$(COMPONENT)|$(ARCHITECTURE)|$(VERSION)|$(FILENAME)"
    listing = run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"],
                  "this script needs a Debian system with apt")
    for line in listing.splitlines():
        origin, *place, version, path = line.split("|", 5)
        if origin == "Debian" and place == [suite, "main", arch] and os.path.exists(path):
            return path, version
    fail(f"no package index for Debian {suite} main {arch}; run 'apt-get update' "
         "(with that suite in the apt sources)")


def stanzas(text):
    for block in text.split("\n\n"):
        fields, last = {}, None
        for line in block.split("\n"):
            if line[:1] in (" ", "\t"):
                if last:
                    fields[last] += "\n" + line.strip()
            elif ":" in line:
                last, value = line.split(":", 1)
                fields[last] = value.strip()
        if fields:
            yield fields


def dependencies(fields):
    """Distinct names of Pre-Depends and Depends: first alternatives, no versions."""
    names = {}
    for relation in f"{fields.get('Pre-Depends', '')},{fields.get('Depends', '')}".split(","):
        match = re.match(r"\s*([a-z0-9][a-z0-9+.-]*)", relation)
        if match:
            names[match[1]] = None
    return list(names)


def newer(a, b):
    return subprocess.run(["dpkg", "--compare-versions", a, "gt", b]).returncode == 0


def make_packages(text):
    """Rows, plus how many packages were left out because a field is absent or unsafe."""
    found, rejected = {}, 0
    for fields in stanzas(text):
        depends = dependencies(fields)
        row = [fields.get("Package", ""), fields.get("Version", ""), fields.get("Section", ""),
               fields.get("Installed-Size", ""), str(len(depends)),
               ",".join(depends[:MAX_DEPENDS]), fields.get("Description", "")]
        needed = row[:5] + row[6:]
        if not all(needed) or not row[3].isdecimal() or any(map(UNSAFE.search, row)):
            rejected += 1
        elif row[0] not in found or newer(row[1], found[row[0]][0][1]):
            found[row[0]] = row, fields.get("Priority", "")
    if len(found) < SAMPLE:
        fail(f"the package index has only {len(found)} usable packages, {SAMPLE} are needed")
    by_hash = sorted(found, key=lambda name: hashlib.sha256(name.encode()).digest())
    chosen = set(by_hash[:SAMPLE])
    chosen.update(name for name, (_, priority) in found.items() if priority in ALWAYS)
    return [found[name][0] for name in sorted(chosen)], rejected


def write(path, header, rows):
    for row in rows:
        if len(row) != len(header) or any(map(UNSAFE.search, row)):
            fail(f"{path}: malformed row: {row}")
    data = "".join("\t".join(row) + "\n" for row in [header] + rows).encode("utf-8")
    with open(path + ".new", "wb") as file:
        file.write(data)
    os.replace(path + ".new", path)
    print(f"{path}: {len(rows)} rows, {len(data)} bytes, "
          f"sha256 {hashlib.sha256(data).hexdigest()}")


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--out", default=os.path.relpath(os.path.join(root, "data")),
                        help="output folder (default: data/ beside scripts/)")
    parser.add_argument("--suite", default="bookworm", help="Debian release (default: bookworm)")
    parser.add_argument("--arch", default="amd64", help="architecture (default: amd64)")
    args = parser.parse_args()
    places = make_places()
    index, release = find_index(args.suite, args.arch)
    text = run(CAT + [index], "cannot read the package index")
    packages, rejected = make_packages(text)
    os.makedirs(args.out, exist_ok=True)
    tzdata = run(["dpkg-query", "-W", "-f=${Version}", "tzdata"], "install the package tzdata")
    print(f"from tzdata {tzdata}")
    write(os.path.join(args.out, "places.tsv"), PLACES, places)
    print(f"from Debian {release} ({args.suite}) main {args.arch}, index sha256 "
          f"{hashlib.sha256(text.encode()).hexdigest()}, {rejected} packages rejected")
    write(os.path.join(args.out, "packages.tsv"), PACKAGES, packages)


if __name__ == "__main__":
    main()
