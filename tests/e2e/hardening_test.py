#!/usr/bin/env python3
"""Lazaret as `cmake --install` lays it down and as deploy/systemd boxes it: mail passes, and is stopped."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from stand import samples, smtp
from support import net, postfix, processes
from support.lazaret import default_bin
from support.sink import Sink
from support.unit import Unit

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.dirname(os.path.abspath(default_bin()))
UNIT_PY = os.path.join(TOP, "tests/support/unit.py")


def install(stage, prefix):
    subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], check=True, capture_output=True,
                   env={**os.environ, "DESTDIR": stage})


def make_users_and_folders(stage):
    os.makedirs(stage + "/etc", exist_ok=True)
    for name in ("passwd", "group"):
        shutil.copy("/etc/" + name, stage + "/etc")
    for program in ("systemd-sysusers", "systemd-tmpfiles --create"):
        command = program.split()
        subprocess.run([command[0], "--root=" + stage, *command[1:]], check=True, capture_output=True)


class Installed(unittest.TestCase):
    def test_all_that_the_texts_name_is_installed_below_the_prefix(self):
        with tempfile.TemporaryDirectory(prefix="lazaret-") as stage:
            install(stage, "/opt/lazaret")
            unit = Unit(stage + "/opt/lazaret/lib/systemd/system/lazaretd.service")
            for command in (unit.one("ExecStart"), unit.one("ExecReload").lstrip("+")):
                self.assertTrue(os.access(stage + command.split()[0], os.X_OK), command)
            document = unit.one("Documentation", "Unit")
            self.assertTrue(document.startswith("file:///opt/lazaret/"), document)
            self.assertTrue(os.path.isfile(stage + document[len("file://"):]), document)
            for path in ("lib/sysusers.d/lazaret.conf", "lib/tmpfiles.d/lazaret.conf", "bin/lazaret-front",
                         "bin/lazaret-analyzer", "bin/lazaret-outbound", "bin/lazaret-admin", "bin/lazaret",
                         "share/lazaret/config/policy.yaml", "share/doc/lazaret/deploy/postfix/main.cf.snippet"):
                self.assertTrue(os.path.isfile(stage + "/opt/lazaret/" + path), path)
            packs = os.listdir(os.path.join(TOP, "rules/packs"))
            self.assertEqual(sorted(os.listdir(stage + "/opt/lazaret/share/lazaret/rules")),
                             sorted(one for one in packs if one.endswith(".yaml")))
            with open(stage + "/opt/lazaret/lib/tmpfiles.d/lazaret.conf") as text:
                self.assertNotIn("/usr/local", text.read())


class Boxed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="lazaret-")
        os.chmod(cls.dir, 0o755)
        cls.stage = os.path.join(cls.dir, "stage")
        install(cls.stage, "/usr/local")
        make_users_and_folders(cls.stage)
        cls.sink = Sink()
        cls.postfix = postfix.Postfix(os.path.join(cls.dir, "postfix"), cls.sink.port)
        # The milter's folder as tmpfiles.d made it, in the private Postfix's queue.
        os.rmdir(cls.postfix.milter_folder)
        os.rename(cls.stage + "/var/spool/postfix/lazaret", cls.postfix.milter_folder)
        cls.configure()
        cls.process = None

    @classmethod
    def configure(cls):
        """As installed, but for signatures, which this machine need not have."""
        path = cls.stage + "/etc/lazaret/lazaret.yaml"
        with open(path) as text:
            shipped = text.read()
        with open(path, "w") as out:
            out.write(shipped.replace("clamav:\n", "clamav:\n  builtin_only: true\n"))

    @classmethod
    def tearDownClass(cls):
        cls.postfix.stop()
        if cls.process is not None and cls.process.poll() is None:
            cls.process.kill()
            cls.process.wait()
        cls.sink.stop()
        shutil.rmtree(cls.dir, ignore_errors=True)

    def start(self):
        unit = self.stage + "/usr/local/lib/systemd/system/lazaretd.service"
        # All of /etc that the programs need is there; the rest of this machine's stays out of sight.
        for name in ("ld.so.cache", "nsswitch.conf", "localtime", "magic"):
            if os.path.exists("/etc/" + name):
                shutil.copy("/etc/" + name, self.stage + "/etc")
        log = open(os.path.join(self.dir, "log"), "ab")
        self.addCleanup(log.close)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.notify.close)
        os.mkdir(self.stage + "/run/systemd")
        self.notify.bind(self.stage + "/run/systemd/notify")
        binds = [self.stage + "/etc=/etc", self.stage + "/run=/run", self.stage + "/usr/local=/usr/local",
                 self.stage + "/var/lib=/var/lib", self.postfix.queue + "=/var/spool/postfix"]
        type(self).process = subprocess.Popen(
            ["unshare", "-m", "/usr/bin/python3", UNIT_PY, unit, *binds], stdin=subprocess.DEVNULL, stdout=log,
            stderr=log, env={"PATH": os.environ["PATH"], "NOTIFY_SOCKET": "/run/systemd/notify"})
        net.wait_until("READY=1, or its end", lambda: self.process.poll() is not None or self.is_ready(), 30)
        self.assertIsNone(self.process.poll(), self.said())

    def is_ready(self):
        try:
            return b"READY=1" in self.notify.recv(4096, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False

    def said(self):
        with open(os.path.join(self.dir, "log"), errors="replace") as text:
            return text.read()[-4000:]

    def inside(self, *command):
        """Beside lazaretd, outside its box but for the mounts, as an administrator's shell is."""
        return subprocess.run(["nsenter", "-m", "-t", str(self.process.pid), *command], capture_output=True,
                              text=True, timeout=60)

    def status_of(self, pid, *names):
        with open("/proc/%d/status" % pid) as text:
            fields = dict(line.split(":", 1) for line in text)
        return [fields[name].split() for name in names]

    def send(self, data, name):
        return smtp.send(self.postfix.inbound, "sender@outside.test", [name + "@lazaret.test"], data)

    def assert_filters(self, name):
        net.wait_until("accepting", lambda: self.send(samples.clean_plain(name), name).code == 250, 30, 0.3)
        self.sink.wait_for_recipient(name + "@lazaret.test")
        self.assertEqual(self.send(samples.eicar_zip(name), name).code, 550)

    def test_mail_passes_and_is_stopped_inside_the_units_box(self):
        self.start()
        self.postfix.start()
        self.assert_filters("boxed")
        pid = self.process.pid
        roles = {one.program: one.pid for one in processes.below(pid) if one.parent == pid}
        only = (1 << 5) | (1 << 6) | (1 << 7) | (1 << 18)
        bounding, effective, new = self.status_of(pid, "CapBnd", "CapEff", "NoNewPrivs")
        self.assertEqual((int(bounding[0], 16), int(effective[0], 16), new), (only, only, ["1"]))
        users = set()
        for program in ("lazaret-front", "lazaret-analyzer", "lazaret-outbound", "lazaret-admin"):
            uid, permitted = self.status_of(roles[program], "Uid", "CapPrm")
            self.assertEqual(int(permitted[0], 16), 0, program)
            self.assertNotEqual(uid[0], "0")
            users.add(uid[0])
        self.assertEqual(len(users), 4)

        tree = processes.below(pid)
        workers = [one.pid for one in tree if one.program == "lazaret-analyzer"
                   and not any(other.parent == one.pid for other in tree)]
        self.assertTrue(workers)
        for worker in workers:  # what the kernel takes first when memory is short
            with open("/proc/%d/oom_score_adj" % worker) as adjusted:
                self.assertEqual(adjusted.read().strip(), "500")

        status = self.inside("/usr/local/bin/lazaret", "status")
        self.assertEqual(status.returncode, 0, status)
        self.assertRegex(status.stdout, "confinement +namespaces?")
        check = self.inside("/usr/local/bin/lazaret", "check")
        self.assertNotIn("paths.", check.stderr)
        reload_ = Unit(self.stage + "/usr/local/lib/systemd/system/lazaretd.service").one("ExecReload").lstrip("+")
        self.assertEqual(self.inside(*reload_.split()).returncode, 0, self.said())

        # A role of another user is ended, and started again.
        os.kill(roles["lazaret-front"], signal.SIGKILL)
        self.assert_filters("again")
        log = self.inside("/usr/local/bin/lazaret", "log", "query", "--recipient", "boxed@lazaret.test")
        self.assertIn("malicious", log.stdout)
        modes = {path: oct(os.stat(self.stage + path).st_mode & 0o7777)
                 for path in ("/var/lib/lazaret", "/var/lib/lazaret/db", "/var/lib/lazaret/db/verdicts.db")}
        self.assertEqual(modes, {"/var/lib/lazaret": "0o751", "/var/lib/lazaret/db": "0o2750",
                                 "/var/lib/lazaret/db/verdicts.db": "0o640"})
        self.process.terminate()
        self.assertEqual(self.process.wait(60), 0, self.said())
        self.assertNotIn("cannot", self.said())
        self.assertFalse(os.path.exists(self.stage + "/run/lazaret/lazaretd.sock"))


if __name__ == "__main__":
    unittest.main()
