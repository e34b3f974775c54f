#!/usr/bin/env python3
"""Checks every #include against the two tables of docs/ARCHITECTURE.md, "Folders".

  tests/layers.py [ROOT]      exit 0 and one line, or one "file:line: rule" a broken rule and exit 1
  tests/layers.py --self-test a broken include of every kind must be found
"""
import os
import re
import sys
import tempfile

# folder -> the project folders whose headers it may include, its own always among them.
# The longest matching prefix counts.
MAY_INCLUDE = {
    "base": ["base"],
    "policy": ["base", "policy"],
    "mail": ["base", "mail"],
    "rules": ["base", "rules"],
    "scanners": ["base", "policy", "mail", "rules", "scanners"],
    "hooks": ["base", "policy", "hooks"],
    "milter": ["base", "policy", "milter"],
    "db": ["base", "policy", "db"],
    "app/config": ["base", "policy", "app/config"],
    "app/process": ["base", "policy", "app/config", "app/process"],
    "app/judge": ["base", "policy", "app/config", "app/process", "app/judge"],
    "app/lazaretd": ["base", "policy", "app/config", "app/process", "app/lazaretd"],
    "app/front": ["base", "policy", "milter", "db", "app/config", "app/process", "app/judge",
                  "app/front"],
    "app/analyzer": ["base", "policy", "mail", "rules", "scanners", "app/config", "app/process",
                     "app/judge", "app/analyzer"],
    "app/outbound": ["base", "policy", "hooks", "db", "app/config", "app/process", "app/outbound"],
    "app/admin": ["base", "policy", "db", "app/config", "app/process", "app/admin"],
    "app/release_helper": ["base", "app/release_helper"],
    "app/lazaret": ["base", "policy", "db", "app/config", "app/process", "app/judge",
                    "app/lazaret"],
}

# third-party header -> the folders that may include it: one each, but for curl, the kernel's own
# sandbox headers and the measurement of libclamav alone.
THIRD_PARTY = [
    (r"gmime/|glib\.h|glib/|gio/", ["mail/mime"]),
    (r"magic\.h", ["mail/filetype"]),
    (r"archive(_entry)?\.h", ["mail/unpack"]),
    (r"poppler|ytnef\.h|tnef|pugixml|expat|zbar", ["mail/text"]),
    (r"re2/|hs/|hs\.h", ["rules"]),
    (r"clamav(-types|-version)?\.h", ["scanners/clamav", "tests/bench/floor.cc"]),
    (r"libmilter/", ["milter"]),
    (r"sqlite3(ext)?\.h", ["db/sqlite", "tests/db/faults", "tests/bench/verdict_log_fill_bench.cc"]),
    (r"pqxx|libpq", ["db/postgres"]),
    (r"curl/", ["hooks/http", "hooks/submit"]),
    (r"seccomp\.h|systemd/|linux/(landlock|seccomp|filter|audit)\.h", ["app/process"]),
    (r"httplib", ["app/admin"]),
    (r"CLI/", ["app/lazaret"]),
    (r"yaml\.h|yaml-cpp|unicode/|openssl/|fmt/|spdlog/|nlohmann/", ["base"]),
    (r"catch2/|catch\.hpp", ["tests/support"]),
]

# What the language, POSIX and the kernel bring; anything else in angle brackets must stand above.
SYSTEM = re.compile(
    r"^([a-z_]+|(sys|linux|arpa|netinet|net|asm|bits|sanitizer)/[\w./-]+"
    r"|(unistd|fcntl|signal|errno|poll|sched|syslog|time|grp|pwd|netdb|dirent|dlfcn|ftw|fnmatch|glob"
    r"|pthread|malloc|locale|langinfo|limits|stddef|stdint|stdio|stdlib|string|strings|getopt|elf|link"
    r"|sysexits|termios|endian|byteswap|immintrin|emmintrin|cpuid|x86intrin|math|assert|ctype|wchar"
    r"|float|iconv|mntent|paths|spawn|ucontext|utime|uchar|libgen|inttypes|stdarg|setjmp|execinfo"
    r"|semaphore|search|regex|wordexp|resolv)\.h)$")

FOLDERS = ["base", "policy", "mail", "rules", "scanners", "hooks", "milter", "db", "app", "tests"]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def within(path, folder):
    return path == folder or path.startswith(folder + "/")


def allowed_folders(path):
    rows = [key for key in MAY_INCLUDE if within(path, key)]
    return (max(rows, key=len), MAY_INCLUDE[max(rows, key=len)]) if rows else (None, None)


def check_project(root, path, header):
    if within(path, "tests"):
        known = os.path.exists(os.path.join(root, header))
        return None if known else "no such project header: %s" % header
    row, allowed = allowed_folders(path)
    if row is None:
        return "folder is in no row of MAY_INCLUDE (tests/layers.py)"
    if not any(within(header, folder) for folder in allowed):
        return "%s may include %s, not %s" % (row, ", ".join(allowed), header)
    if not os.path.exists(os.path.join(root, header)):
        return "no such project header: %s" % header
    return None


def check_third_party(path, header):
    for pattern, owners in THIRD_PARTY:
        if not re.match("(?:%s)" % pattern, header):
            continue
        places = owners + ["tests/" + owner for owner in owners]
        if any(within(path, place) for place in places):
            return None
        return "<%s> belongs to %s" % (header, " and ".join(owners))
    if SYSTEM.match(header):
        return None
    return "<%s> is a third-party header that no folder owns: give it a row in THIRD_PARTY" % header


def check_file(root, path):
    problems = []
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as source:
        for number, line in enumerate(source, 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            quote, header = found.groups()
            why = check_project(root, path, header) if quote == '"' else check_third_party(path, header)
            if why:
                problems.append("%s:%d: %s" % (path, number, why))
    return problems


def sources(root):
    for folder in FOLDERS:
        for where, _, names in sorted(os.walk(os.path.join(root, folder))):
            for name in sorted(names):
                if name.endswith((".h", ".cc")):
                    yield os.path.relpath(os.path.join(where, name), root)


def check_tree(root):
    problems, count = [], 0
    for path in sources(root):
        count += 1
        problems += check_file(root, path)
    return problems, count


SELF_TEST = [  # file, line, must be found
    ("policy/a.cc", '#include "mail/reader.h"', True),
    ("policy/b.cc", '#include "base/result.h"', False),
    ("rules/a.cc", '#include "policy/finding.h"', True),
    ("milter/a.cc", '#include "db/store.h"', True),
    ("db/memory/a.cc", "#include <sqlite3.h>", True),
    ("db/sqlite/a.cc", "#include <sqlite3.h>", False),
    ("mail/mime/a.cc", "#include <gmime/gmime.h>", False),
    ("mail/text/a.cc", "#include <gmime/gmime.h>", True),
    ("app/front/a.cc", "#include <fmt/format.h>", True),
    ("app/front/b.cc", '#include "scanners/scanner.h"', True),
    ("app/lazaretd/a.cc", '#include "milter/session.h"', True),
    ("base/a.cc", "#include <boost/any.hpp>", True),
    ("base/b.cc", "#include <sys/mman.h>", False),
    ("base/c.cc", '#include "base/missing.h"', True),
    ("app/unknown/a.cc", '#include "base/result.h"', True),
    ("tests/scanners/clamav/a.cc", "#include <clamav.h>", False),
    ("tests/milter/a.cc", "#include <clamav.h>", True),
]


def self_test():
    wrong = 0
    for path, line, must_find in SELF_TEST:
        with tempfile.TemporaryDirectory() as root:
            for header in ("mail/reader.h", "base/result.h", "policy/finding.h", "db/store.h",
                           "scanners/scanner.h", "milter/session.h"):
                os.makedirs(os.path.join(root, os.path.dirname(header)), exist_ok=True)
                open(os.path.join(root, header), "w").close()
            os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
            with open(os.path.join(root, path), "w") as out:
                out.write(line + "\n")
            problems, _ = check_tree(root)
            if bool(problems) != must_find:
                wrong += 1
                print("self-test: %s: %s: %s" % (path, line, problems or "nothing found"))
    return wrong


def main(arguments):
    if arguments[:1] == ["--self-test"]:
        wrong = self_test()
        print("layers self-test: %d cases, %d wrong" % (len(SELF_TEST), wrong))
        return 1 if wrong else 0
    root = arguments[0] if arguments else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    problems, count = check_tree(root)
    for line in problems:
        print(line)
    print("layers: %d files, %d broken rules" % (count, len(problems)))
    return 1 if problems or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
