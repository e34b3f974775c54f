"""Who is measured: libclamav alone, clamav-milter on clamd, and Lazaret. Each listens below its own
folder and ends with stop()."""
import json
import os
import shutil
import socket
import subprocess
import sys

from bench.measure import Group, cpu_of
from support import net
from support.lazaret import Lazaret

LOAD_SECONDS = 180


def can_compare():
    """clamav-milter and clamd are installed."""
    return all(shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
               for program in ("clamd", "clamav-milter"))


def accepts(path):
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
            return True
        except OSError:
            return False


class Floor:
    """libclamav alone, one thread."""

    def __init__(self, programs, database, temporary):
        self.process = subprocess.Popen(
            [os.path.join(programs, "bench_floor"), database], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, env=dict(os.environ, TMPDIR=temporary))
        if self.process.stdout.readline().strip() != "loaded":
            raise RuntimeError("bench_floor could not load " + database)

    def scan(self, folder, count):
        self.process.stdin.write("%s %d\n" % (folder, count))
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if answer["failed"]:
            raise RuntimeError("bench_floor: %d messages failed" % answer["failed"])
        return answer

    def cpu(self):
        return cpu_of(self.process.pid)

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class ClamavMilter:
    """clamd and clamav-milter as Debian ships them, but for `threads` (None: the default) and the
    clean-file cache: with it, a second pass over the same messages would measure the cache."""

    def __init__(self, folder, database, threads):
        self.name = "clamav-milter" + (", MaxThreads %d" % threads if threads else ", default")
        self.folder = folder
        os.makedirs(folder)
        os.chmod(folder, 0o755)
        self.socket = "unix:" + os.path.join(folder, "milter.sock")
        self.group, self.running = Group(os.path.basename(folder)), []
        try:
            with self.group.starting():
                self.start_clamd(database, threads)
                self.start_milter()
        except BaseException:
            self.stop()
            raise

    def run(self, program, text, listens):
        path = os.path.join(self.folder, program + ".conf")
        with open(path, "w") as out:
            out.write(text)
        with open(path + ".log", "ab") as log:
            self.running.append(subprocess.Popen([program, "-c", path], stdout=log, stderr=log,
                                                 stdin=subprocess.DEVNULL))
        net.wait_until(program, lambda: accepts(listens), LOAD_SECONDS, 0.2)

    def start_clamd(self, database, threads):
        listens = os.path.join(self.folder, "clamd.sock")
        self.run("clamd", "Foreground yes\nLocalSocket %s\nLocalSocketMode 666\nDatabaseDirectory %s\n"
                 "DisableCache yes\nSelfCheck 0\nTemporaryDirectory %s\n%s"
                 % (listens, database, "/dev/shm", "MaxThreads %d\n" % threads if threads else ""),
                 listens)

    def start_milter(self):
        self.run("clamav-milter", "Foreground yes\nMilterSocket %s\nClamdSocket unix:%s\n"
                 "OnInfected Reject\nOnFail Defer\nTemporaryDirectory /dev/shm\n"
                 % (self.socket, os.path.join(self.folder, "clamd.sock")), self.socket[5:])

    def stop(self):
        for process in reversed(self.running):
            process.terminate()
        for process in reversed(self.running):
            process.wait()
        self.group.close()


class OwnDaemon:
    """Lazaret; with `roles`, a folder its roles are taken from instead of the build's."""

    def __init__(self, folder, settings, roles=None):
        self.name = "lazaret"
        os.makedirs(folder)
        self.group = Group(os.path.basename(folder))
        path = os.path.join(folder, "milter.sock")
        self.socket = "unix:" + path
        self.daemon = Lazaret(folder, path, settings, roles_folder=roles)
        try:
            with self.group.starting():
                self.daemon.start(LOAD_SECONDS)
        except BaseException:
            self.stop()
            raise

    def front_pids(self):
        return [self.daemon.role("lazaret-front").pid]

    def stop(self):
        code = self.daemon.stop()
        self.group.close()
        if code:
            print("lazaretd ended with %s\n%s" % (code, self.daemon.log_text()[-2000:]), file=sys.stderr)
