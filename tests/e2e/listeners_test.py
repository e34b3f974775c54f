#!/usr/bin/env python3
"""Postfix reaches Lazaret over TCP as well as over a unix socket."""
import os
import socket
import subprocess
import tempfile
import unittest

from stand import StandCase, samples
from support.lazaret import default_bin


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


class Listener:
    def test_good_mail_passes_and_bad_mail_does_not(self):
        self.assert_accepted(self.stand.send(samples.clean_plain("good"), "good@lazaret.test"))
        self.stand.sink.wait_for_recipient("good@lazaret.test")
        self.assert_rejected(self.stand.send(samples.eicar_plain("bad"), "bad@lazaret.test"))

    def test_check_sees_that_postfix_is_attached(self):
        done = self.stand.lazaret.cli("check", "--postfix", self.stand.postfix.conf, "--set",
                                      "limits.deadline_seconds=30")
        self.assertNotIn("does not ask Lazaret", done.err)


class Inet(Listener, StandCase):
    listen = "inet"


class FromTheChroot(Listener, StandCase):
    """The stand names the socket relative to the queue directory; this is the chroot's own name."""
    listen = "unix:/"


@unittest.skipUnless(has_ipv6(), "no IPv6 on this machine")
class Inet6(Listener, StandCase):
    listen = "inet6"


class Refused(unittest.TestCase):
    def test_a_port_that_is_taken_is_named_with_the_reason(self):
        with socket.socket() as taken, tempfile.TemporaryDirectory() as folder:
            taken.bind(("127.0.0.1", 0))
            taken.listen(1)
            port = taken.getsockname()[1]
            done = subprocess.run(
                [os.path.join(default_bin(), "lazaretd"), "--foreground", "--set", "paths.root=" + folder,
                 "--set", "clamav.builtin_only=true", "--set", "milter.listen=inet:%d@127.0.0.1" % port],
                capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("cannot be opened: Address already in use", done.stderr)


if __name__ == "__main__":
    unittest.main()
