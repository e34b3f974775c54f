#!/usr/bin/env python3
"""Holds docs/findings.md against the sources: every code that is reported stands in its table, and
every code in the table is reported.

  tests/findings_docs.py [ROOT]      exit 0 and one line, or one line a difference and exit 1
  tests/findings_docs.py --self-test a code missing on either side must be found
"""
import glob
import os
import re
import sys
import tempfile

FOLDERS = ["policy", "mail", "scanners", "rules", "milter", "app/front", "app/judge"]
CODE = re.compile(r'"((?:scan|mime|mail|file|clamav|archive|dlp|rule)\.[a-z0-9-]*(?:\.[a-z0-9-]*)*)"')
DETECTOR = re.compile(r'\{"([a-z0-9_]+)", *Find')
RULE_CODE = re.compile(r"^\s*code:\s*['\"]?([a-z0-9._-]+)", re.M)
# Ends of codes that libclamav names, not our sources.
FROM_LIBCLAMAV = {"maxscansize", "maxfiles", "maxrecursion"}
CLASSES = {"malicious", "error", "unscannable", "policy", "ambiguous", "suspicious", "clean"}
SEVERITIES = {"info", "low", "medium", "high", "critical"}


def read(path):
    with open(path, encoding="utf-8") as text:
        return text.read()


def documented(root):
    """(codes, families, faults): whole codes, beginnings that stand for all below, bad rows."""
    codes, families, faults = set(), set(), []
    for number, line in enumerate(read(os.path.join(root, "docs/findings.md")).splitlines(), 1):
        if not line.startswith("| `"):
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        place = "docs/findings.md:%d: " % number
        if len(cells) != 5 or not all(cells):
            faults.append(place + "code, class, severity, meaning, what to do are expected")
            continue
        if not CLASSES & set(re.findall(r"[a-z]+", cells[1])) and "recorded only" not in cells[1] \
                and "by rule" not in cells[1]:
            faults.append(place + "the second column names no class")
        if not SEVERITIES & set(re.findall(r"[a-z]+", cells[2])) and "by rule" not in cells[2]:
            faults.append(place + "the third column names no severity")
        whole = ""
        for code in re.findall(r"`([^`]*)`", cells[0]):
            if code.startswith("."):
                code = whole.rpartition(".")[0] + code
            whole = code
            family, bracket, _ = code.partition("<")
            if bracket:
                families.add(family)
                continue
            if code in codes:
                faults.append(place + code + " stands twice")
            codes.add(code)
    return codes, families, faults


def reported(root):
    """(codes, beginnings, words): whole codes in the sources, those that are put together there, and
    every short text, which may be the end of one."""
    codes, beginnings, words = {}, {}, set()
    for folder in FOLDERS:
        for path in sorted(glob.glob(os.path.join(root, folder, "**", "*.*"), recursive=True)):
            if not path.endswith((".cc", ".h")):
                continue
            text = read(path)
            words.update(re.findall(r'"([a-z0-9-]+)"', text))
            for code in CODE.findall(text):
                (beginnings if code.endswith(".") else codes).setdefault(code, os.path.relpath(path, root))
    for path in sorted(glob.glob(os.path.join(root, "rules/packs/*.yaml"))):
        for code in RULE_CODE.findall(read(path)):
            codes.setdefault(code, os.path.relpath(path, root))
    for path in sorted(glob.glob(os.path.join(root, "rules/detectors/*.cc"))):
        for name in DETECTOR.findall(read(path)):
            codes.setdefault("dlp." + name, os.path.relpath(path, root))
    return codes, beginnings, words


def compare(root):
    in_docs, families, faults = documented(root)
    in_sources, beginnings, words = reported(root)
    if not in_docs or not in_sources:
        faults.append("no codes found: the table or the sources lie elsewhere")
    for code, path in sorted(in_sources.items()):
        # `scan.error` alone is a prefix that policy names.
        if code not in in_docs and not any(code.startswith(one) for one in families) \
                and code + "." not in families:
            faults.append("%s: %s does not stand in docs/findings.md" % (path, code))
    for begin, path in sorted(beginnings.items()):
        if begin not in families and not any(code.startswith(begin) for code in in_docs):
            faults.append("%s: %s<...> does not stand in docs/findings.md" % (path, begin))
    for code in sorted(in_docs - set(in_sources)):
        begin, _, end = code.rpartition(".")
        composed = begin + "." in beginnings and (end in words or end in FROM_LIBCLAMAV)
        if not composed:
            faults.append("docs/findings.md: %s is reported nowhere" % code)
    return faults


def self_test():
    def faults(docs, source):
        with tempfile.TemporaryDirectory() as root:
            for path, text in (("docs/findings.md", docs), ("mail/a.cc", source)):
                os.makedirs(os.path.dirname(os.path.join(root, path)))
                with open(os.path.join(root, path), "w") as out:
                    out.write(text)
            return compare(root)
    row = "| `mime.a` | ambiguous | high | m | w |\n"
    assert faults(row, 'x("mime.a");') == []
    assert "does not stand" in faults(row, 'x("mime.a"); x("mime.b");')[0]
    assert "reported nowhere" in faults(row + row.replace("mime.a", "mime.b"), 'x("mime.a");')[0]
    assert "stands twice" in faults(row + row, 'x("mime.a");')[0]
    assert "are expected" in faults(row + "| `mime.b` | ambiguous |\n", 'x("mime.a");')[0]
    assert "no class" in faults(row.replace("ambiguous", "odd"), 'x("mime.a");')[0]
    assert "no severity" in faults(row.replace("high", "odd"), 'x("mime.a");')[0]
    assert faults(row + "| `scan.x.<y>` | error | low | m | w |\n",
                  'x("mime.a", "scan.x." + y);') == []
    print("findings_docs: self-test passed")


def main():
    if "--self-test" in sys.argv:
        return self_test()
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    faults = compare(root)
    print("\n".join(faults) if faults else "findings_docs: the table and the sources agree")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
