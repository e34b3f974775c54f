#!/usr/bin/env python3
"""What `cmake --install` lays down as texts: every relative link between them leads to a file.

  installed_links.py BUILD_FOLDER
"""
import os
import re
import subprocess
import sys
import tempfile
import unittest

BUILD = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else None
LINK = re.compile(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)")


def without_code(text):
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))


def dead_links(top):
    """(page, target) of every link that leads nowhere or out of `top`, and how many links there are."""
    dead, seen = [], 0
    for folder, _, names in os.walk(top):
        for name in sorted(one for one in names if one.endswith(".md")):
            page = os.path.join(folder, name)
            with open(page, encoding="utf-8") as text:
                for target in LINK.findall(without_code(text.read())):
                    seen += 1
                    path = os.path.normpath(os.path.join(folder, target))
                    if not path.startswith(top) or not os.path.exists(path):
                        dead.append((os.path.relpath(page, top), target))
    return dead, seen


class InstalledLinks(unittest.TestCase):
    def test_every_relative_link_leads_to_an_installed_file(self):
        with tempfile.TemporaryDirectory() as stage:
            # Texts and rules alone: the script's other parts want built programs.
            script = os.path.join(stage, "docs.cmake")
            with open(os.path.join(BUILD, "cmake_install.cmake"), encoding="utf-8") as text:
                with open(script, "w", encoding="utf-8") as out:
                    out.write(only_documents(text.read()))
            subprocess.run(["cmake", "-DCMAKE_INSTALL_PREFIX=" + stage + "/usr", "-P", script], check=True,
                           capture_output=True)
            dead, seen = dead_links(os.path.join(stage, "usr/share/doc/lazaret"))
        self.assertGreater(seen, 40)
        self.assertEqual(dead, [])


def only_documents(script):
    """The file(INSTALL ...) commands that go below share/doc."""
    found = re.findall(r"^\s*file\(INSTALL DESTINATION \"[^\"]*share/doc/lazaret\"[^)]*\)", script, re.M)
    return "\n".join(found) + "\n"


if __name__ == "__main__":
    unittest.main()
