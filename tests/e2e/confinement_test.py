#!/usr/bin/env python3
"""The shipped analyzer with its ground taken away: never ready, never clean."""
import os
import subprocess
import tempfile
import unittest

from stand import samples
from support.lazaret import default_bin

LAZARET = os.path.join(default_bin(), "lazaret")
BUILD = os.path.dirname(os.path.abspath(default_bin()))


def scan(message, before="true", *more):
    """`lazaret scan` of one message in a mount namespace of its own, after the shell words `before`."""
    with tempfile.NamedTemporaryFile(dir="/var/tmp", suffix=".eml") as file:
        file.write(message)
        file.flush()
        # The build may lie below a folder that is hidden: it is seen at /mnt first.
        command = "mount --bind '%s' /mnt && %s && exec /mnt/bin/lazaret scan --json --set " \
                  "clamav.builtin_only=true %s %s" % (BUILD, before, " ".join(more), file.name)
        return subprocess.run(["unshare", "-m", "sh", "-c", command], capture_output=True, text=True, timeout=120)


class Confinement(unittest.TestCase):
    def refused(self, done, *words):
        self.assertIn(done.returncode, (2, 3), done)
        self.assertNotIn('"clean"', done.stdout)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_in_order_it_finds_and_passes(self):
        self.assertEqual(scan(samples.clean_plain("x")).returncode, 0)
        self.assertEqual(scan(samples.eicar_zip("x")).returncode, 1)

    def test_a_temporary_folder_without_space(self):
        self.refused(scan(samples.clean_plain("x"), "mount -t tmpfs -o size=4k,nr_inodes=4 none /tmp"))

    def test_a_read_only_temporary_folder(self):
        self.refused(scan(samples.clean_plain("x"), "mount -t tmpfs -o ro none /tmp"), "/tmp")

    def test_no_table_of_types(self):
        self.refused(scan(samples.clean_plain("x"), "mount -t tmpfs none /usr/share/mime"), "/usr/share/mime")

    def test_no_magic_database(self):
        self.refused(scan(samples.clean_plain("x"), "mount -t tmpfs none /usr/lib/file && "
                          "mount -t tmpfs none /usr/share/misc"), "magic")

    def test_a_worker_without_room_for_temporary_files(self):
        # Enough to become ready, too little for what libclamav unpacks: could not look, never clean.
        data = samples.attachment("x", "Big", [("big.bin", "application/octet-stream", os.urandom(24 << 20))])
        self.assertEqual(scan(data).returncode, 0)
        done = scan(data, "true", "--set", "confine.tmpfs_bytes=16M")
        self.refused(done)
        self.assertIn('"error"', done.stdout)

    def test_where_no_box_can_be_made_nothing_starts(self):
        limit = "/proc/sys/user/max_user_namespaces"
        done = subprocess.run(
            ["unshare", "-Ur", "sh", "-c", "echo 0 > %s && exec %s scan --json --set clamav.builtin_only=true -"
             % (limit, LAZARET)],
            input=samples.clean_plain("x").decode("latin-1"), capture_output=True, text=True, timeout=120)
        self.refused(done, "confinement")


if __name__ == "__main__":
    unittest.main()
