#!/usr/bin/env python3
"""README.md tells the truth: its two commands exist, its `lazaret` examples run, its links lead somewhere."""
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

from stand import StandCase, samples
from support import net
from support.lazaret import default_bin

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGES = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs/ARCHITECTURE.md",
         "docs/operations.md", "docs/policy.md", "docs/rules.md", "deploy/postfix/README.md"]


def read(page):
    with open(os.path.join(TOP, page), encoding="utf-8") as text:
        return text.read()


def commands(page):
    """Lines of ```sh fences, continuation lines joined, comments dropped."""
    found = []
    for block in re.findall(r"```sh\n(.*?)```", read(page), re.S):
        for line in block.replace("\\\n", " ").splitlines():
            line = line.split(" #")[0].strip()
            if line and not line.startswith("#"):
                found.append(line)
    return found


class Readme(unittest.TestCase):
    """What README.md shows, word for word, after the demo that it tells to run first."""

    @classmethod
    def setUpClass(cls):
        done = subprocess.run([sys.executable, os.path.join(TOP, "tests/support/demo.py")],
                              capture_output=True, text=True, timeout=300, cwd=TOP)
        cls.demo = done

    def test_the_demo_ends_well_and_says_where_its_log_is(self):
        self.assertEqual(self.demo.returncode, 0, self.demo.stdout + self.demo.stderr)
        self.assertIn("build/demo/lazaret.yaml", self.demo.stdout)

    def test_the_lazaret_examples_run_word_for_word_after_the_demo(self):
        examples = [line for line in commands("README.md")
                    if line.startswith("build/release/bin/lazaret ")]
        self.assertGreaterEqual(len(examples), 6, "README shows too few lazaret commands")
        for line in examples:
            with self.subTest(line):
                here = line.replace("build/release/bin", default_bin(), 1)
                done = subprocess.run(["bash", "-c", here], capture_output=True, text=True,
                                      timeout=120, cwd=TOP)
                wanted = 1 if " scan " in line else 0
                self.assertEqual(done.returncode, wanted, done.stdout + done.stderr)
                self.assertTrue(done.stdout)


class Operations(StandCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stand.send(samples.eicar_plain("readme"), "readme@lazaret.test")
        cls.record = cls.stand.lazaret.record_of("readme@lazaret.test")
        cls.programs = os.path.join(cls.stand.dir, "programs")
        os.makedirs(cls.programs)
        wrapper = os.path.join(cls.programs, "lazaret")
        with open(wrapper, "w") as out:
            out.write("#!/bin/sh\nexec '%s' --config '%s' \"$@\"\n"
                      % (os.path.join(default_bin(), "lazaret"), cls.stand.lazaret.config))
        os.chmod(wrapper, 0o755)

    def test_the_lazaret_examples_run(self):
        examples = [line for line in commands("docs/operations.md") if line.startswith("lazaret ")
                    and not line.startswith("lazaret check")]  # judges the machine: CheckPostfix
        self.assertGreaterEqual(len(examples), 6)
        environment = dict(os.environ, PATH=self.programs + ":" + os.environ["PATH"])
        mail = os.path.join(self.stand.dir, "message.eml")
        with open(mail, "wb") as out:
            out.write(samples.eicar_plain("readme"))
        for line in examples:
            with self.subTest(line):
                line = re.sub(r"\bID\b", self.record["id"], line)
                done = subprocess.run(["bash", "-c", line], capture_output=True, text=True,
                                      env=environment, cwd=self.stand.dir, timeout=120)
                # 1: nothing fits, or something was found.
                allowed = (0, 1) if " query " in line or " scan " in line else (0,)
                self.assertIn(done.returncode, allowed, done.stdout + done.stderr)

    @unittest.skipUnless(shutil.which("sqlite3"), "no sqlite3")
    def test_the_log_is_backed_up_as_the_page_says(self):
        (block,) = [one for one in re.findall(r"```\n(sqlite3 .*?)```", read("docs/operations.md"), re.S)]
        folder = os.path.join(self.stand.dir, "backup")
        os.makedirs(folder)
        block = block.replace("/var/lib/lazaret", self.stand.lazaret.root + "/var/lib/lazaret")
        block = block.replace("/backup/", folder + "/")
        environment = dict(os.environ, PATH=self.programs + ":" + os.environ["PATH"])
        done = subprocess.run(["bash", "-ec", block], capture_output=True, text=True, env=environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"(?m)^head [0-9a-f]{64}$")

    def test_the_postfix_settings_are_ones_postfix_knows(self):
        settings = [line for page in ("README.md", "docs/operations.md") for line in commands(page)
                    if line.startswith("postconf -e")]
        self.assertTrue(settings)
        for line in settings:
            words = ["postconf", "-c", self.stand.postfix.conf, *shlex.split(line)[1:]]
            subprocess.run(words, check=True, capture_output=True)
        said = subprocess.run(["postconf", "-c", self.stand.postfix.conf, "-n"], capture_output=True,
                              text=True)
        self.assertNotIn("unused parameter", said.stderr)

    def test_the_two_commands_exist(self):
        for script in ("scripts/demo", "scripts/check", "scripts/install-deps", ".ci/run"):
            self.assertTrue(os.access(os.path.join(TOP, script), os.X_OK), script)
        for script in ("scripts/demo", "scripts/check"):
            self.assertIn(script, commands("README.md"))


class Trial(unittest.TestCase):
    """The trial without system folders and Postfix, line by line."""

    def test_the_trial_runs(self):
        (block,) = [one for one in re.findall(r"```sh\n(.*?)```", read("docs/operations.md"), re.S)
                    if "/tmp/trial" in one]
        make, check, start = block.strip().splitlines()
        (port,) = net.free_ports(1)
        with tempfile.TemporaryDirectory() as folder:
            environment = dict(os.environ, PATH=default_bin() + ":" + os.environ["PATH"])

            def here(line):
                return line.replace("/tmp/trial", folder + "/trial").replace("10025", str(port))

            def run(line):
                return subprocess.run(["bash", "-c", here(line)], capture_output=True, text=True,
                                      env=environment, timeout=60)
            for line in (make, check):
                done = run(line)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            with open(folder + "/log", "w") as log:
                daemon = subprocess.Popen(["bash", "-c", "exec " + here(start)], stderr=log, stdout=log,
                                          env=environment)
            try:
                net.wait_until("status", lambda: run("lazaret status --config /tmp/trial.yaml").returncode == 0)
            finally:
                daemon.terminate()
                self.assertEqual(daemon.wait(30), 0)
            with open(folder + "/log") as log:
                self.assertNotIn("correlate", log.read())


class Deploy(unittest.TestCase):
    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze")
    def test_the_systemd_unit_is_one_that_systemd_takes(self):
        with tempfile.TemporaryDirectory() as folder:
            unit = os.path.join(folder, "lazaretd.service")
            with open(unit, "w") as out:
                out.write(read("deploy/systemd/lazaretd.service").replace(
                    "/usr/local/bin", os.path.abspath(default_bin())))
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True,
                                  text=True)
            ours = [line for line in (done.stdout + done.stderr).splitlines() if "lazaretd" in line]
            self.assertEqual(ours, [])

    def test_what_the_pages_install_is_there(self):
        for page in ("docs/operations.md",):
            for line in commands(page):
                for path in re.findall(r"\b(?:deploy|scripts)/\S+", line):
                    self.assertTrue(os.path.exists(os.path.join(TOP, path)), line)

    def test_the_shipped_configuration_is_taken(self):
        done = subprocess.run([os.path.join(default_bin(), "lazaret"), "--config",
                               os.path.join(TOP, "deploy/config/lazaret.yaml"), "check"],
                              capture_output=True, text=True)
        # Users and the database may be missing here; the file itself has no fault.
        self.assertNotRegex(done.stderr, r"lazaret\.yaml:\d+:\d+: (?!users\.)")


class Links(unittest.TestCase):
    def test_every_relative_link_leads_to_a_file(self):
        for page in PAGES:
            for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", read(page)):
                path = os.path.normpath(os.path.join(TOP, os.path.dirname(page), target))
                self.assertTrue(os.path.exists(path), "%s links to %s" % (page, target))


if __name__ == "__main__":
    unittest.main()
