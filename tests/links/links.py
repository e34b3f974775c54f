#!/usr/bin/env python3
"""Compares what each executable needs at run time (readelf -d, NEEDED) with a table.

  links.py BIN_DIR [EXECUTABLE...]   without names: every executable of the table must exist

An executable links only what its trust zone may touch (docs/ARCHITECTURE.md, "Processes"): a library
that is not in its row is a broken zone, and so is a row's library that is gone: the table then lies.
"""
import os
import re
import subprocess
import sys

RUNTIME = {"libc", "libm", "libgcc_s", "libstdc++", "ld-linux-x86-64", "ld-linux-aarch64"}
BASE = {"libcrypto", "libfmt", "libspdlog", "libyaml-0", "libicuuc", "libicudata", "libicui18n"}
CONFINE = {"libseccomp", "libsystemd"}

# executable -> (must need, may need besides RUNTIME and BASE)
TABLE = {
    "lazaretd": (set(), CONFINE),
    "lazaret-front": ({"libmilter", "libsqlite3"}, CONFINE),
    "lazaret-analyzer": (
        {"libclamav", "libgmime-3", "libmagic", "libre2", "libseccomp"},
        CONFINE | {"libarchive", "libglib-2", "libgobject-2", "libgio-2", "libpoppler-cpp", "libz",
                   "libexpat", "libpugixml"}),
    "lazaret-outbound": (set(), CONFINE | {"libcurl", "libsqlite3"}),
    "lazaret-admin": (set(), CONFINE | {"libsqlite3"}),
    "lazaret": ({"libsqlite3"}, CONFINE),
    "lazaret-release-helper": (set(), set()),
}
OPTIONAL = {"lazaret-release-helper"}


def needed(path):
    out = subprocess.run(["readelf", "-d", path], check=True, capture_output=True, text=True).stdout
    names = re.findall(r"\(NEEDED\).*\[([^\]]+)\]", out)
    # libgmime-3.0.so.0 -> libgmime-3, libicuuc.so.72 -> libicuuc
    return {re.sub(r"(\.\d+)*\.so(\.\d+)*$", "", name) for name in names}


def check(path):
    name = os.path.basename(path)
    must, may = TABLE[name]
    found = needed(path)
    problems = ["%s needs %s, which is outside its zone" % (name, library)
                for library in sorted(found - RUNTIME - BASE - must - may)]
    problems += ["%s no longer needs %s: correct the table" % (name, library)
                 for library in sorted(must - found)]
    return problems, len(found)


def main(arguments):
    if not arguments:
        print(__doc__)
        return 2
    folder, names = arguments[0], arguments[1:]
    problems, checked = [], 0
    for name in names or sorted(set(TABLE) - OPTIONAL):
        path = os.path.join(folder, name)
        if name not in TABLE:
            problems.append("%s has no row in tests/links/links.py" % name)
        elif not os.path.exists(path):
            problems.append("%s does not exist" % path)
        else:
            more, count = check(path)
            problems += more
            checked += 1
            print("%-24s %d libraries" % (name, count))
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        if name.startswith("lazaret") and name not in TABLE:
            problems.append("%s has no row in tests/links/links.py" % name)
    for line in problems:
        print(line)
    return 1 if problems or not checked else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
