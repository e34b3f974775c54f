#!/usr/bin/env python3
"""The shipped analyzer with its ground taken away: never ready, never clean."""
import ctypes
import glob
import os
import platform
import signal
import struct
import subprocess
import tempfile
import unittest

from stand import Lazaret, samples
from support import net, processes
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


def refuse_unshare():
    """From here on this process and its children can make no namespace: unshare answers EPERM."""
    class Filter(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]
    program = b"".join(struct.pack("<HBBI", *one) for one in (
        (0x20, 0, 0, 0),                # the number of the system call
        (0x15, 0, 1, 272),              # unshare
        (0x06, 0, 0, 0x00050000 | 1),   # EPERM
        (0x06, 0, 0, 0x7fff0000)))      # any other goes on
    code = ctypes.create_string_buffer(program, len(program))
    libc = ctypes.CDLL(None, use_errno=True)
    filter_ = Filter(len(program) // 8, ctypes.cast(code, ctypes.c_void_p))
    if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, ctypes.byref(filter_), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


class WithoutNamespaces(Lazaret):
    def start(self, wait_seconds=60):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [os.path.join(self.bin, "lazaretd"), "--foreground", "--config", self.config],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=refuse_unshare)
        if wait_seconds:
            self.wait_ready(wait_seconds)


@unittest.skipUnless(platform.machine() == "x86_64", "knows the system call's number there only")
class Chroot(unittest.TestCase):
    """As root where user namespaces are refused."""

    def daemon(self, **settings):
        folder = tempfile.TemporaryDirectory(prefix="lazaret-", dir="/var/tmp")
        self.addCleanup(folder.cleanup)
        lazaret = WithoutNamespaces(folder.name, os.path.join(folder.name, "milter.sock"), settings)
        self.addCleanup(lazaret.stop)
        return lazaret

    def boxes(self, zygote):
        return glob.glob("/tmp/lazaret-box-%d-*" % zygote)

    def zygote(self, lazaret):
        return lazaret.workers()[0].parent

    def scan(self, message):
        return subprocess.run([LAZARET, "scan", "--json", "--set", "clamav.builtin_only=true", "-"], input=message,
                              capture_output=True, timeout=120, preexec_fn=refuse_unshare)

    def test_it_finds_and_passes_in_a_chroot(self):
        self.assertEqual(self.scan(samples.clean_plain("x")).returncode, 0)
        self.assertEqual(self.scan(samples.eicar_zip("x")).returncode, 1)

    def test_a_user_of_its_own_for_the_analyzer_is_refused_with_the_way_out(self):
        lazaret = self.daemon(users={"scan": "nobody", "front": "nobody"})
        os.chmod(lazaret.dir, 0o777)
        lazaret.start(wait_seconds=0)
        try:
            net.wait_until("the reason in the log", lambda: "users.scan empty" in lazaret.log_text(), 10)
        except TimeoutError as late:
            raise AssertionError(lazaret.log_text()) from late
        self.assertNotEqual(lazaret.cli("status", check=False).returncode, 0)

    def test_a_front_that_may_not_be_reached_is_said(self):
        lazaret = self.daemon(users={"scan": "nobody"})
        os.chmod(lazaret.dir, 0o755)
        lazaret.start(wait_seconds=0)
        net.wait_until("the reason in the log", lambda: "front cannot be reached" in lazaret.log_text(), 30)
        self.assertIn("front cannot be reached", lazaret.cli("status", check=False).out)

    def test_what_killed_zygotes_leave_is_swept(self):
        lazaret = self.daemon(limits={"workers": 2})
        lazaret.start()
        self.assertRegex(lazaret.cli("status").out, "confinement +chroot")
        first = self.zygote(lazaret)
        net.wait_until("a box for each worker", lambda: len(self.boxes(first)) == 2, 30)
        os.kill(first, signal.SIGKILL)
        net.wait_until("its boxes are gone", lambda: not self.boxes(first), 30)
        net.wait_until("ready again", lazaret.is_ready, 30)
        second = self.zygote(lazaret)
        tree = processes.below(lazaret.process.pid)
        os.kill(lazaret.role("lazaret-analyzer").pid, signal.SIGSTOP)  # starts no other meanwhile
        os.kill(second, signal.SIGKILL)
        lazaret.process.kill()
        lazaret.process.wait()
        net.wait_until("all ended", lambda: not any(processes.is_alive(one.pid) for one in tree), 30)
        self.assertTrue(self.boxes(second))
        lazaret.start()
        self.assertEqual(self.boxes(second), [])
        third = self.zygote(lazaret)
        engine = lazaret.role("lazaret-analyzer").pid
        self.assertEqual(lazaret.stop(), 0)
        self.assertEqual(self.boxes(third), [])
        self.assertEqual(glob.glob("/tmp/lazaret-warm-%d-*" % engine), [])


if __name__ == "__main__":
    unittest.main()
