#!/usr/bin/env python3
"""Holds docs/failures.md against the tests: F1 to F40 stand there once each, and every file and case that a
row names exists.

  tests/failures_docs.py [ROOT]      exit 0 and one line, or one line a fault and exit 1
  tests/failures_docs.py --self-test a missing row, file and case must be found
"""
import os
import re
import sys
import tempfile

WANTED = ["F%d" % number for number in range(1, 41)]
FILE = re.compile(r"(?:tests|scripts)/[A-Za-z0-9_./-]+")
LEAST_REASON = 20  # characters after "not shown:" and "not built:"


def read(path):
    with open(path, encoding="utf-8") as text:
        return text.read()


def rows(root):
    for line in read(os.path.join(root, "docs/failures.md")).splitlines():
        found = re.match(r"\| (F[0-9]+) \|", line)
        if found:
            yield found.group(1), [cell.strip() for cell in line.strip()[1:-1].split("|")]


def text_of(path):
    """The file; literals that the formatter divided over lines are whole again."""
    return re.sub(r'"\s*\n\s*"', "", read(path))


def faults_of(root, name, shown):
    """One row's last cell: `tests/file` `case` `case`, `tests/file` ..."""
    reason = re.match(r"not (?:shown|built): (.*)", shown)
    if reason:
        return [] if len(reason.group(1)) >= LEAST_REASON else [name + ": the reason is missing"]
    faults, path, cases = [], None, 0
    for word in re.findall(r"`([^`]+)`", shown):
        if FILE.fullmatch(word):
            path = os.path.join(root, word)
            if not os.path.isfile(path):
                faults.append("%s: %s does not exist" % (name, word))
                path = None
        elif path is not None:
            cases += 1
            if word not in text_of(path):
                faults.append("%s: %s has no %r" % (name, os.path.relpath(path, root), word))
    if cases == 0 and not faults:
        faults.append(name + ": no case is named")
    return faults


def compare(root):
    faults, seen = [], []
    for name, cells in rows(root):
        seen.append(name)
        if len(cells) != 5 or not all(cells[:2]):
            faults.append("%s: id, failure, what, how to see, shown by are expected" % name)
        else:
            faults += faults_of(root, name, cells[4])
    if seen != WANTED:
        faults.append("the rows are not F1 to F40 in order: %s" % sorted(set(WANTED) ^ set(seen)))
    return faults


def self_test():
    def faults(change):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(root + "/docs")
            os.makedirs(root + "/tests")
            with open(root + "/tests/a_test.cc", "w") as out:
                out.write('TEST_CASE("one: a case over "\n          "two lines") {')
            table = ["| %s | f | d | s | `tests/a_test.cc` `one: a case over two lines` |" % name for name in WANTED]
            with open(root + "/docs/failures.md", "w") as out:
                out.write("\n".join(change(table)))
            return compare(root)
    assert faults(lambda table: table) == []
    assert "not F1 to F40" in faults(lambda table: table[1:])[0]
    assert "has no" in faults(lambda table: [table[0].replace("two lines", "three")] + table[1:])[0]
    assert "does not exist" in faults(lambda table: [table[0].replace("a_test", "b_test")] + table[1:])[0]
    assert "no case" in faults(lambda table: ["| F1 | f | d | s | `tests/a_test.cc` |"] + table[1:])[0]
    assert "reason" in faults(lambda table: ["| F1 | f | d | s | not built: no |"] + table[1:])[0]
    assert "are expected" in faults(lambda table: ["| F1 | f | d | s |"] + table[1:])[0]
    print("failures_docs: self-test passed")


def main():
    if "--self-test" in sys.argv:
        return self_test()
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    faults = compare(root)
    print("\n".join(faults) if faults else "failures_docs: F1 to F40, every case is there")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
