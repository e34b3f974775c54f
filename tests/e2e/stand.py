"""What every end-to-end test stands on: a sink, a private Postfix and a Lazaret between them."""
import os
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import net, postfix, samples, smtp  # noqa: E402
from support.lazaret import Lazaret  # noqa: E402
from support.sink import Sink  # noqa: E402


class Stand:
    def __init__(self, settings=None, start=True, content_timeout=60, roles_folder=None,
                 listen="unix"):
        if os.geteuid() != 0:
            raise RuntimeError("end-to-end tests need root: Postfix's master starts only so")
        if not postfix.is_installed():
            raise RuntimeError("end-to-end tests need Postfix: run scripts/install-deps")
        self.dir = tempfile.mkdtemp(prefix="lazaret-")
        os.chmod(self.dir, 0o755)
        self.sink = Sink()
        self.postfix = postfix.Postfix(os.path.join(self.dir, "postfix"), self.sink.port,
                                       content_timeout)
        self.lazaret = Lazaret(os.path.join(self.dir, "lazaret"), self.listen_on(listen), settings,
                               roles_folder=roles_folder)
        try:
            if start:
                self.lazaret.start()
            self.postfix.start()
        except BaseException:
            self.stop()
            raise

    def listen_on(self, family):
        """What Lazaret listens on; Postfix is told the same in its own words."""
        if family in ("unix", "unix:/"):
            if family == "unix:/":
                self.postfix.milter = "unix:/lazaret/milter.sock"
            return self.postfix.milter_socket
        (port,) = net.free_ports(1)
        if family == "inet":
            self.postfix.milter = "inet:127.0.0.1:%d" % port
            return "inet:%d@127.0.0.1" % port
        self.postfix.milter, self.postfix.protocols = "inet:[::1]:%d" % port, "all"
        return "inet6:%d@::1" % port

    def send(self, data, recipient="bob@lazaret.test", sender="sender@outside.test", outbound=False,
             **more):
        recipients = [recipient] if isinstance(recipient, str) else recipient
        port = self.postfix.outbound if outbound else self.postfix.inbound
        return smtp.send(port, sender, recipients, data, **more)

    def send_sample(self, sample):
        return self.send(sample.data, sample.recipient, sample.sender, sample.outbound)

    def stop(self):
        self.postfix.stop()
        self.lazaret.stop()
        self.sink.stop()
        if os.environ.get("LAZARET_KEEP"):
            print("kept: " + self.dir)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)


class StandCase(unittest.TestCase):
    """One Stand for a whole class; `settings` may be set by the class."""
    settings = None
    content_timeout = 60
    listen = "unix"

    @classmethod
    def setUpClass(cls):
        cls.stand = Stand(cls.settings, content_timeout=cls.content_timeout, listen=cls.listen)

    @classmethod
    def tearDownClass(cls):
        cls.stand.stop()

    def assert_accepted(self, reply):
        self.assertEqual(reply.code, 250, reply)

    def assert_tempfail(self, reply):
        self.assertTrue(400 <= reply.code < 500, reply)

    def assert_rejected(self, reply):
        self.assertTrue(500 <= reply.code < 600, reply)


def header_list(head_lines, drop=("received", "return-path", "delivered-to")):
    """[(name, value)] of a message without what the way adds."""
    return [(name, value) for name, value in head_lines
            if name.decode().lower() not in drop and not name.lower().startswith(b"x-lazaret-")]


__all__ = ["Lazaret", "Stand", "StandCase", "header_list", "samples", "smtp"]
