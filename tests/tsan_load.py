#!/usr/bin/env python3
"""Live load on a front (and an outbound) built with the thread sanitizer; scripts/tsan runs it.

    tests/tsan_load.py --roles build/tsan/bin [--seconds 20]

The other programs are those of LAZARET_BIN (build/release/bin). Messages at once, sessions that come, go, break
off and stay, half packets, status and log questions, scans by the daemon, reloads, a stopped worker, then a drain.
Exit 0 when the sanitizer reported nothing and every message got its answer.
"""
import argparse
import glob
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "tests"))
from support import milter, processes, samples  # noqa: E402
from support.lazaret import Lazaret, default_bin  # noqa: E402

SENDERS = 12
KINDS = (samples.clean_plain, samples.eicar_zip, samples.clean_documents, samples.malformed)
RULE = "id: SITE-TSAN\nname: word %d\nscope: [subject]\nmatch:\n  keywords: [tsan%d]\naction: reject\n"


def make_roles(folder, sanitized):
    """A folder of roles: wrappers that start the sanitized ones with their reports below `folder`."""
    roles = os.path.join(folder, "roles")
    os.mkdir(roles)
    for name in ("front", "outbound"):
        path = os.path.join(roles, "lazaret-" + name)
        with open(path, "w") as out:
            out.write('#!/bin/sh\nexport TSAN_OPTIONS="suppressions=%s/tests/tsan.supp halt_on_error=0 log_path=%s/%s"\n'
                      'exec "%s/lazaret-%s" "$@"\n' % (TOP, folder, name, os.path.abspath(sanitized), name))
        os.chmod(path, 0o755)
    for name in ("analyzer", "admin"):
        os.symlink(os.path.abspath(os.path.join(default_bin(), "lazaret-" + name)),
                   os.path.join(roles, "lazaret-" + name))
    return roles


class Sender(threading.Thread):
    def __init__(self, address, number, ended):
        super().__init__(daemon=True)
        self.address, self.ended, self.random = address, ended, random.Random(number)
        self.codes, self.lost = {}, []

    def run(self):
        session = None
        while not self.ended.is_set():
            name = "m%d" % sum(self.codes.values())
            try:
                session = session or milter.Session(self.address)
                answer = session.send(self.random.choice(KINDS)(name), name + "@lazaret.test")
                self.codes[answer.code // 100] = self.codes.get(answer.code // 100, 0) + 1
                session = self.maybe_leave(session)
            except OSError as lost:
                self.lost.append(repr(lost))
                session = None

    def maybe_leave(self, session):
        chance = self.random.random()
        if chance < 0.1:
            session.quit()
        elif chance < 0.2:
            session.until_end(samples.clean_plain("half"), "half@lazaret.test")
            session.close()
        elif chance < 0.25:
            session.socket.sendall(b"\0\0\0\x20M<")
            session.close()
        else:
            return session
        return None


def disturb(lazaret, seconds):
    """Everything else that reaches the front while it works."""
    rules = os.path.join(lazaret.root, "etc/lazaret/rules.d")
    os.makedirs(rules, exist_ok=True)
    sample = os.path.join(lazaret.dir, "sample.eml")
    with open(sample, "wb") as out:
        out.write(samples.eicar_zip("scan"))
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        number += 1
        lazaret.cli("status", check=False)
        lazaret.cli("stats", "--prometheus", check=False)
        lazaret.query("--limit", "20")
        lazaret.cli("scan", "--daemon", sample, check=False)
        with open(os.path.join(rules, "site.yaml"), "w") as out:
            out.write(RULE % (number, number))
        lazaret.cli("reload", check=False)
        workers = lazaret.workers()
        if workers:
            processes.kill(random.choice(workers).pid, random.choice((signal.SIGKILL, signal.SIGSTOP)))


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--roles", required=True, help="folder with lazaret-front and lazaret-outbound")
    options.add_argument("--seconds", type=float, default=20)
    wanted = options.parse_args()
    folder = tempfile.mkdtemp(prefix="lazaret-")
    os.chmod(folder, 0o755)
    lazaret = Lazaret(folder, os.path.join(folder, "milter.sock"),
                      {"limits": {"workers": 2, "deadline_seconds": 5, "half_open_seconds": 2}},
                      roles_folder=make_roles(folder, wanted.roles))
    ended = threading.Event()
    try:
        lazaret.start(120)
        senders = [Sender(lazaret.socket, number, ended) for number in range(SENDERS)]
        for one in senders:
            one.start()
        disturb(lazaret, wanted.seconds)
        # The drain begins with messages in work: their senders may lose their sessions.
        lost = [text for one in senders for text in one.lost]
        answers = sum(sum(one.codes.values()) for one in senders)
        lazaret.stop(60)
        ended.set()
        for one in senders:
            one.join(30)
        reports = [one for one in glob.glob(os.path.join(folder, "front.*")) + glob.glob(os.path.join(folder, "outbound.*"))]
        for one in reports:
            with open(one) as text:
                print(text.read()[:20000])
        print("== live load: %d answers, %d lost, %d reports" % (answers, len(lost), len(reports)))
        return 1 if reports or lost or not answers else 0
    finally:
        ended.set()
        lazaret.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
