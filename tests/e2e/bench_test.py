#!/usr/bin/env python3
"""The programs that scripts/bench measures with: they must answer, or its figures are of something else."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from stand import Lazaret
from support.lazaret import default_bin

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from bench import material, peers  # noqa: E402

PROGRAMS = os.environ["LAZARET_BENCH"]
MESSAGES, SESSIONS = 60, 40


class Bench(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="lazaret-")
        os.chmod(self.folder, 0o755)
        self.addCleanup(shutil.rmtree, self.folder, True)

    def start(self, roles=None):
        lazaret = Lazaret(os.path.join(self.folder, "own"), os.path.join(self.folder, "milter.sock"), {},
                          roles_folder=roles)
        self.addCleanup(lazaret.stop)
        lazaret.start()
        return "unix:" + lazaret.socket.replace("unix:", "")

    def null_roles(self):
        roles = os.path.join(self.folder, "roles")
        os.mkdir(roles)
        for role in ("lazaret-front", "lazaret-outbound", "lazaret-admin"):
            os.symlink(os.path.join(default_bin(), role), os.path.join(roles, role))
        os.symlink(os.path.join(PROGRAMS, "null_roles", "lazaret-analyzer"),
                   os.path.join(roles, "lazaret-analyzer"))
        return roles

    def load(self, *arguments):
        done = subprocess.run([os.path.join(PROGRAMS, "bench_load"), "send", *arguments],
                              stdout=subprocess.PIPE, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout)
        return json.loads(done.stdout)

    def test_a_null_analyzer_answers_every_message(self):
        socket = self.start(self.null_roles())
        answer = self.load(socket, material.plain_mail(self.folder), "8", str(MESSAGES))
        self.assertEqual(answer["replies"], {"accept": MESSAGES})
        self.assertGreater(answer["per_s"], 0)

    def test_the_load_generator_meets_the_true_analyzer(self):
        socket = self.start()
        answer = self.load(socket, material.plain_mail(self.folder), "2", str(MESSAGES))
        self.assertEqual(answer["replies"], {"accept": MESSAGES})

    def test_so_many_sessions_are_held_open(self):
        socket = self.start(self.null_roles())
        with subprocess.Popen([os.path.join(PROGRAMS, "bench_load"), "idle", socket, str(SESSIONS)],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as idle:
            self.assertEqual(idle.stdout.readline().strip(), "open")
            idle.stdin.close()

    def test_the_floor_scans_what_it_is_given(self):
        database = os.path.join(self.folder, "db")
        os.mkdir(database)
        with open(os.path.join(database, "one.ndb"), "w") as out:
            out.write("Marker.Test:0:*:%s\n" % b"a harmless marker of the bench".hex())
        mail = os.path.join(self.folder, "mail")
        os.mkdir(mail)
        for name, text in (("1", "nothing"), ("2", "a harmless marker of the bench")):
            with open(os.path.join(mail, name + ".eml"), "w") as out:
                out.write("From: a@example.net\nSubject: x\n\n%s\n" % text)
        floor = peers.Floor(PROGRAMS, database, self.folder)
        self.addCleanup(floor.stop)
        answer = floor.scan(mail, 2)
        self.assertEqual((answer["messages"], answer["found"]), (2, 1))


if __name__ == "__main__":
    unittest.main()
