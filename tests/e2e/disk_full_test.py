#!/usr/bin/env python3
"""The verdict log's disk is full: nothing is accepted without its record, and room mends it at once."""
import os
import sys
import unittest

from stand import Stand, samples
from support import net

DISK_BYTES = 4 * 1024 * 1024
ALONE = "LAZARET_TEST_OWN_MOUNTS"


def in_own_mounts():
    """Starts this file again where its mounts are seen by nobody else and go away with it."""
    if os.environ.get(ALONE):
        return
    os.environ[ALONE] = "1"
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable] + sys.argv)


class DiskFull(unittest.TestCase):
    def setUp(self):
        self.stand = Stand(start=False)
        self.addCleanup(self.stand.stop)
        self.disk = os.path.join(self.stand.dir, "disk")
        os.mkdir(self.disk)
        self.assertEqual(os.spawnlp(os.P_WAIT, "mount", "mount", "-t", "tmpfs", "-o",
                                    "size=%d,mode=0755" % DISK_BYTES, "tmpfs", self.disk), 0)
        self.addCleanup(os.spawnlp, os.P_WAIT, "umount", "umount", "-l", self.disk)
        self.lazaret = self.stand.lazaret
        self.lazaret.settings["log"] = {"database": os.path.join(self.disk, "db", "verdicts.db")}
        self.lazaret.write_config()
        self.lazaret.start()
        self.accepted, self.refused, self.sent = set(), set(), 0

    def send(self):
        """One clean message to a recipient of its own; True when it was taken."""
        self.sent += 1
        recipient = "m%d@lazaret.test" % self.sent
        code = self.stand.send(samples.clean_plain("full-%d" % self.sent), recipient).code
        self.assertTrue(code == 250 or 400 <= code < 500, code)
        (self.accepted if code == 250 else self.refused).add(recipient)
        return code == 250

    def fill(self):
        with open(os.path.join(self.disk, "ballast"), "wb", buffering=0) as out:
            for size in (65536, 4096, 1):
                try:
                    while out.write(b"\0" * size):
                        pass
                except OSError:
                    pass

    def recorded(self):
        """Recipients that the log says a message was accepted for."""
        return [to["address"] for one in self.lazaret.query("--limit", "10000")
                if one["action"] in ("accept", "tag") for to in one["recipients"]]

    def test_a_full_disk_refuses_mail_until_there_is_room(self):
        self.assertTrue(self.send())
        front = self.lazaret.role("lazaret-front").pid
        self.fill()
        # What the log's files have room for already is still recorded, so it may be accepted.
        for _ in range(400):
            if not self.send():
                break
        self.assertTrue(self.refused, "a full disk never showed")
        for _ in range(3):
            self.assertFalse(self.send())
        status = self.lazaret.cli("status", check=False)
        self.assertEqual(status.returncode, 1, status.out)
        self.assertIn("PROBLEM", status.out)
        os.unlink(os.path.join(self.disk, "ballast"))
        net.wait_until("mail flowing again", self.send, 30, 0.2)
        self.assertTrue(self.send())
        self.assertEqual(self.lazaret.role("lazaret-front").pid, front, "it was restarted")
        self.assert_sums()

    def assert_sums(self):
        def arrived():
            return self.accepted <= {to for one in self.stand.sink.messages for to in one.recipients}
        net.wait_until("accepted mail at the sink", arrived, 60, 0.2)
        at_sink = {to for one in self.stand.sink.messages for to in one.recipients}
        self.assertEqual(at_sink, self.accepted, "refused mail arrived, or accepted mail did not")
        recorded = self.recorded()
        self.assertEqual(len(recorded), len(set(recorded)))
        self.assertTrue(self.accepted <= set(recorded), self.accepted - set(recorded))
        self.assertEqual(self.lazaret.cli("log", "verify").returncode, 0)
        self.assertEqual(self.lazaret.cli("status", check=False).returncode, 0)


if __name__ == "__main__":
    in_own_mounts()
    unittest.main(verbosity=2)
