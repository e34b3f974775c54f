#!/usr/bin/env python3
"""A worker that answers badly, behind a real Postfix: 4xx within the deadline, nothing accepted."""
import os
import shutil
import tempfile
import time
import unittest

from stand import Stand, samples
from support.lazaret import default_bin

DEADLINE = 6  # seconds, limits.deadline_seconds below
ROLES = ("lazaret-front", "lazaret-outbound", "lazaret-admin")


class BadWorker(unittest.TestCase):
    def setUp(self):
        self.roles = tempfile.mkdtemp(prefix="lazaret-roles-")
        for name in ROLES:
            os.symlink(os.path.join(default_bin(), name), os.path.join(self.roles, name))
        os.symlink(os.environ["LAZARET_BAD_ANALYZER"], os.path.join(self.roles, "lazaret-analyzer"))
        self.stand = None

    def tearDown(self):
        if self.stand:
            self.stand.stop()
        shutil.rmtree(self.roles)

    def answer(self, mode):
        with open(os.path.join(self.roles, "mode"), "w") as out:
            out.write(mode)
        self.stand = Stand({"limits": {"deadline_seconds": DEADLINE}}, roles_folder=self.roles)
        began = time.monotonic()
        reply = self.stand.send(samples.clean_plain(mode), mode + "@lazaret.test")
        took = time.monotonic() - began
        records = self.stand.lazaret.query()
        return reply, took, records

    def check(self, mode, code):
        reply, took, records = self.answer(mode)
        self.assertTrue(400 <= reply.code < 500, reply)
        self.assertLess(took, DEADLINE + 1)
        self.assertFalse(self.stand.sink.messages)
        self.assertEqual([(one["class"], one["action"]) for one in records], [("error", "tempfail")])
        explained = self.stand.lazaret.cli("log", "explain", records[0]["id"]).out
        self.assertIn(code, explained)

    def test_an_answer_without_fault_would_pass(self):
        reply, _, records = self.answer("honest")
        self.assertEqual(reply.code, 250, reply)
        self.assertEqual(records[0]["class"], "clean")

    def test_bytes_that_are_no_frame(self):
        self.check("garbage", "scan.error.analyzer")

    def test_an_answer_to_another_message(self):
        self.check("wrong-nonce", "scan.error.analyzer")

    def test_a_result_that_could_still_change(self):
        self.check("unsealed", "scan.error.analyzer")

    def test_a_result_that_breaks_its_format(self):
        self.check("undecodable", "scan.error.analyzer")

    def test_a_result_without_the_mandatory_scanners(self):
        self.check("not-looked", "scan.error.clamav")

    def test_a_worker_that_closes(self):
        self.check("close", "scan.error.analyzer")

    def test_a_worker_that_never_answers(self):
        self.check("silent", "scan.error.analyzer")


if __name__ == "__main__":
    unittest.main()
