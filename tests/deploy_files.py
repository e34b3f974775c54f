#!/usr/bin/env python3
"""deploy/systemd against the sources and against itself: times, users, folders, privileges, exposure."""
import os
import re
import subprocess
import sys
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "tests"))
from support.unit import Unit  # noqa: E402

WORST_EXPOSURE = 2.9  # what systemd 252 says; 10 is a service without any restriction


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as text:
        return text.read()


def lines_of(path):
    return [line.split() for line in read(path).splitlines() if line and line[0] != "#"]


def number(path, pattern):
    return int(re.search(pattern, read(path)).group(1).replace("'", ""))


class Files(unittest.TestCase):
    def setUp(self):
        self.unit = Unit(os.path.join(TOP, "deploy/systemd/lazaretd.service"))
        self.folders = {line[1]: line for line in lines_of("deploy/systemd/tmpfiles.conf")}
        self.users = {line[1] for line in lines_of("deploy/systemd/sysusers.conf") if line[0] in "ug"}

    def test_the_manager_waits_longer_than_lazaretd_gives_messages_in_flight(self):
        drain = number("app/config/config.h", r"drain_seconds = ([0-9']+)")
        stop = number("app/lazaretd/supervisor.cc", r"kStopMillis = ([0-9']+)") / 1000
        roles = len(re.findall(r'"lazaret-[a-z]+"', read("app/lazaretd/roles.cc")))
        self.assertGreaterEqual(roles, 4)
        self.assertGreater(int(self.unit.one("TimeoutStopSec")), drain + 2 * stop * (roles + 1))

    def test_the_service_is_watched_and_only_lazaretd_speaks_for_it(self):
        self.assertEqual(self.unit.one("Type"), "notify")
        self.assertEqual(self.unit.one("NotifyAccess"), "main")
        self.assertGreaterEqual(int(self.unit.one("WatchdogSec")), 30)
        self.assertEqual(self.unit.one("Restart"), "always")
        self.assertEqual(self.unit.one("KillMode"), "mixed")
        self.assertEqual(self.unit.one("OOMPolicy"), "continue")

    def test_it_keeps_no_privilege_beyond_the_contract(self):
        self.assertEqual(set(self.unit.one("CapabilityBoundingSet").split()),
                         {"CAP_SETUID", "CAP_SETGID", "CAP_KILL", "CAP_SYS_CHROOT"})
        self.assertEqual(self.unit.one("AmbientCapabilities"), "")
        self.assertEqual(self.unit.one("NoNewPrivileges"), "yes")

    def test_there_are_descriptors_for_all_sessions(self):
        sessions = number("app/config/config.h", r"sessions = ([0-9']+)")
        self.assertGreater(int(self.unit.one("LimitNOFILE")), 3 * sessions + 512)
        self.assertGreater(int(self.unit.one("TasksMax")), sessions)

    def test_each_user_of_the_shipped_configuration_is_made(self):
        users = re.search(r"^users:\n((?:  .*\n)+)", read("deploy/config/lazaret.yaml"), re.M).group(1)
        named = set(re.findall(r": *([a-z-]+)", users))
        self.assertEqual(len(named), 4)
        self.assertLessEqual(named, self.users)
        owners = {word for line in self.folders.values() for word in line[3:5]}
        self.assertLessEqual(owners - {"root", "postfix"}, self.users)

    def test_each_folder_it_may_write_is_made_and_named_in_the_texts(self):
        operations = read("docs/operations.md")
        for path in self.unit.one("ReadWritePaths").split():
            self.assertIn(path.lstrip("-"), self.folders)
            self.assertTrue("`%s`" % path.lstrip("-") in operations, path)

    def test_what_the_texts_say_to_run_is_what_is_installed(self):
        operations = read("docs/operations.md")
        for words in ("cmake --install build/release", "systemd-sysusers", "systemd-tmpfiles --create",
                      "systemctl reload lazaretd", "systemctl restart lazaretd"):
            self.assertTrue(words in operations, words)
        command = self.unit.one("ExecStart").split()
        self.assertEqual(command[1:], ["--foreground", "--config", "/etc/lazaret/lazaret.yaml"])

    def test_the_exposure_has_not_grown(self):
        said = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager",
                               os.path.join(TOP, "deploy/systemd/lazaretd.service")],
                              capture_output=True, text=True).stdout
        found = re.search(r"exposure level for lazaretd.service: ([0-9.]+)", said)
        self.assertIsNotNone(found, "systemd-analyze gives no figure:\n" + said[-500:])
        self.assertLessEqual(float(found.group(1)), WORST_EXPOSURE)


if __name__ == "__main__":
    unittest.main()
