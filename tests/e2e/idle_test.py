#!/usr/bin/env python3
"""Sessions that are open and say nothing: what they cost, and what comes after the last one that may be."""
import os
import resource
import shutil
import tempfile
import time
import unittest

from stand import Lazaret, samples
from support import milter, processes
from support.lazaret import default_bin

IDLE = 600
LIMIT = 96  # descriptors


class Case(unittest.TestCase):
    settings, descriptors = None, None

    def setUp(self):
        folder = tempfile.mkdtemp(prefix="lazaret-")
        os.chmod(folder, 0o755)
        self.addCleanup(shutil.rmtree, folder, True)
        self.lazaret = Lazaret(folder, os.path.join(folder, "milter.sock"), self.settings,
                               roles_folder=self.limited_roles(folder) if self.descriptors else None)
        self.addCleanup(self.lazaret.stop)
        self.lazaret.start()
        self.front = self.lazaret.role("lazaret-front").pid

    def limited_roles(self, folder):
        """The roles, with a front that starts with so few descriptors."""
        roles = os.path.join(folder, "roles")
        os.mkdir(roles)
        for name in ("analyzer", "outbound", "admin"):
            os.symlink(os.path.join(default_bin(), "lazaret-" + name), os.path.join(roles, "lazaret-" + name))
        path = os.path.join(roles, "lazaret-front")
        with open(path, "w") as out:
            out.write('#!/bin/sh\nulimit -n %d\nexec "%s" "$@"\n' % (
                self.descriptors, os.path.abspath(os.path.join(default_bin(), "lazaret-front"))))
        os.chmod(path, 0o755)
        return roles

    def open(self):
        one = milter.Session(self.lazaret.socket)
        self.addCleanup(one.close)
        return one

    def assert_passes(self, session, name):
        answer = session.send(samples.clean_plain(name), name + "@lazaret.test")
        self.assertEqual(answer.code, 250, answer)
        return answer

    def cpu_percent(self, seconds=1.0):
        before = processes.cpu_seconds(self.front)
        time.sleep(seconds)
        return (processes.cpu_seconds(self.front) - before) / seconds * 100


class Idle(Case):
    settings = {"limits": {"sessions": IDLE, "idle_seconds": 60, "half_open_seconds": 2}}

    def test_idle_sessions_cost_little_and_the_next_one_is_answered(self):
        first = self.open()
        self.assert_passes(first, "first")
        before = processes.pss_kib(self.front)
        for _ in range(IDLE - 1):
            self.assertEqual(self.open().greeting.code, 250)
        grown = processes.pss_kib(self.front) - before
        self.assertLess(grown, IDLE * 10, "more than 10 KiB a session")
        self.assertLess(self.cpu_percent(), 20)
        above = self.open().greeting
        self.assertEqual((above.code, above.text[:9]), (451, "451 4.3.2"))
        self.assertLess(self.assert_passes(first, "beside").seconds, 1)
        self.assertLess(processes.threads(self.front), 40)

    def test_half_packets_hold_no_thread_for_long(self):
        first = self.open()
        threads = processes.threads(self.front)
        for _ in range(100):
            one = self.open()
            one.socket.sendall(b"\0\0\0\x20M<")
        self.assert_passes(first, "beside")
        held = [one for one in range(10) if processes.threads(self.front) > threads + 20 and not time.sleep(1)]
        self.assertLess(len(held), 8)
        self.assert_passes(first, "after")


HARD = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
MANY = min(10_000, HARD // 2)  # connections; both ends' descriptors are of this machine
ALLOWED = MANY * 6 // 10


class Many(Case):
    settings = {"limits": {"sessions": ALLOWED, "idle_seconds": 300}}

    def test_ten_thousand_connections_get_an_answer_or_are_closed_and_mail_flows_on(self):
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        resource.setrlimit(resource.RLIMIT_NOFILE, (HARD, HARD))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, HARD))
        first, opened, refused, closed = self.open(), [], 0, 0
        for _ in range(MANY):
            try:
                opened.append(milter.Session(self.lazaret.socket))
                refused += opened[-1].greeting.code == 451
            except OSError:
                closed += 1
        self.assertEqual(len(opened) - refused, ALLOWED - 1)
        self.assertEqual(refused + closed, MANY - ALLOWED + 1)
        self.assertGreater(refused, 0)
        self.assertLess(self.assert_passes(first, "beside").seconds, 5)
        self.assertLess(processes.threads(self.front), 40)
        for one in opened:
            one.close()
        self.assert_served_again()

    def assert_served_again(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                one = self.open()
                if one.greeting.code == 250:
                    return self.assert_passes(one, "later")
            except OSError:
                pass
            time.sleep(0.1)
        return self.fail("nothing was accepted any more")


class Descriptors(Case):
    settings = {"limits": {"workers": 2}}
    descriptors = LIMIT

    def test_without_descriptors_new_ones_are_refused_and_open_ones_finish(self):
        running = [self.open() for _ in range(8)]
        others, refused = [], 0
        for _ in range(3 * LIMIT):
            try:
                others.append(self.open())
            except OSError:
                refused += 1
        self.assertGreater(len(others), 10)
        self.assertGreater(refused, LIMIT)
        self.assertLess(self.cpu_percent(), 20)
        for at, one in enumerate(running):
            self.assertIsNone(one.until_end(samples.clean_plain("run-%d" % at), "run-%d@lazaret.test" % at))
        for one in running:
            self.assertEqual(one.end().code, 250)
        self.assertLess(processes.descriptors(self.front), LIMIT)
        for one in others:
            one.close()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                self.assert_passes(self.open(), "later")
                return
            except OSError:
                time.sleep(0.1)
        self.fail("nothing was accepted any more")


if __name__ == "__main__":
    unittest.main()
