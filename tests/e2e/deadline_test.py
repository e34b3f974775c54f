#!/usr/bin/env python3
"""No reply comes later than the deadline and a second, whatever hangs: a worker, all of them, their zygote,
the log's disk; at 32 messages at once, with a full queue and a reload in progress. Speaks the milter protocol
itself, so that each reply's time is its own and not the MTA's."""
import collections
import os
import random
import shutil
import signal
import sqlite3
import tempfile
import threading
import time
import unittest

from stand import Lazaret, samples
from support import milter, net, processes
from support.lazaret import verdict_id

DEADLINE = 5           # seconds, limits.deadline_seconds
SENDERS = 32
LATEST = DEADLINE + 1
AT_END = 0.5           # seconds after which every sender has a message at its end again
RULE = "id: SITE-%d\nname: word %d\nscope: [subject]\nmatch:\n  keywords: [word%d]\naction: reject\n"


def heavy(name, random_):
    """About a tenth of a second of work: a queue of these is a queue in time, not only in number."""
    text = "note\n" + random_.randbytes(150_000).hex()
    return samples.attachment(name, "Archive", [
        ("papers.zip", "application/zip", samples.zip_of([("%d.txt" % at, text[:-1 - at]) for at in range(6)]))])


class Sender(threading.Thread):
    """Message after message until told to stop; every answer is kept."""

    def __init__(self, address, name, number, ended):
        super().__init__(daemon=True)
        self.address, self.name_, self.number, self.ended = address, name, number, ended
        self.random, self.answers, self.lost = random.Random(number), [], []

    def run(self):
        session = None
        while not self.ended.is_set():
            recipient = "%s-%d-%d@lazaret.test" % (self.name_, self.number, len(self.answers))
            data = heavy(recipient, self.random) if self.random.random() < 0.3 else samples.clean_plain(recipient)
            try:
                session = session or milter.Session(self.address, timeout=4 * DEADLINE)
                answer = session.send(data, recipient)
            except OSError as lost:
                self.lost.append((recipient, lost))
                session = None
                continue
            self.answers.append((recipient, answer))
            if answer.code != 250:
                self.ended.wait(0.02)
        if session:
            session.quit()


class Load:
    def __init__(self, address, name, senders=SENDERS):
        self.ended = threading.Event()
        self.senders = [Sender(address, name, number, self.ended) for number in range(senders)]
        for one in self.senders:
            one.start()

    def count(self):
        return sum(len(one.answers) for one in self.senders)

    def stop(self):
        self.ended.set()
        for one in self.senders:
            one.join(6 * DEADLINE)
        return [one for sender in self.senders for one in sender.answers]

    def lost(self):
        return [one for sender in self.senders for one in sender.lost]


class Deadline(unittest.TestCase):
    settings = {"limits": {"deadline_seconds": DEADLINE, "workers": 2, "queue_messages": 20}}

    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="lazaret-")
        os.chmod(folder, 0o755)
        cls.addClassCleanup(shutil.rmtree, folder, True)
        cls.lazaret = Lazaret(folder, os.path.join(folder, "milter.sock"), cls.settings)
        cls.addClassCleanup(cls.lazaret.stop)
        cls.lazaret.start()

    def begin(self, name):
        """32 at once, and as many answered."""
        load = Load(self.lazaret.socket, name)
        net.wait_until("load", lambda: load.count() > SENDERS, 30)
        return load

    def account(self, load, records_expected=True):
        """Every reply in time; every one that is no acceptance is a 4xx, and has its record."""
        answers = load.stop()
        self.assertEqual(load.lost(), [])
        kinds = collections.Counter("%d %s" % (one.code, one.text[4:9]) for _, one in answers)
        latest = max(one.seconds for _, one in answers)
        print("\n%s: %d replies, latest %.2f s: %s" % (self.id().rsplit(".", 1)[1], len(answers), latest,
                                                    dict(kinds)), flush=True)
        self.assertLessEqual(latest, LATEST, [one for one in answers if one[1].seconds > LATEST])
        records = {one["id"]: one for one in self.lazaret.query("--limit", "100000")}
        for recipient, answer in answers:
            self.assertIn(answer.code // 100, (2, 4), (recipient, answer))
            if answer.code // 100 == 4 and records_expected:
                record = records.get(verdict_id(answer.text))
                self.assertIsNotNone(record, (recipient, answer))
                self.assertEqual((record["class"], record["action"]), ("error", "tempfail"))
        told = collections.Counter((one["recipients"][0]["address"], one["action"]) for one in records.values())
        for recipient, answer in answers:
            # A message over which two workers were lost is poison: held, never passed.
            action = "hold" if answer.held else "accept"
            if answer.code == 250:
                self.assertEqual(told[recipient, action], 1, (recipient, answer))
        return answers, kinds

    def assert_healthy(self):
        """Two workers, nothing in work, nothing waiting, and mail passes quickly again."""
        net.wait_until("healthy again", lambda: "2 ready, 0 busy" in self.lazaret.cli("status", check=False).out,
                       3 * DEADLINE, 0.1)
        session = milter.Session(self.lazaret.socket)
        answer = session.send(samples.clean_plain("after"), "after@lazaret.test")
        session.quit()
        self.assertEqual(self.lazaret.cli("status", check=False).returncode, 0)
        self.assertEqual(answer.code, 250)
        self.assertLess(answer.seconds, 2)

    def reload_again_and_again(self, ended, results):
        folder = os.path.join(self.lazaret.root, "etc/lazaret/rules.d")
        os.makedirs(folder, exist_ok=True)
        number = 0
        while not ended.is_set():
            number += 1
            with open(os.path.join(folder, "site.yaml"), "w") as out:
                out.write(RULE % (number, number, number))
            results.append(self.lazaret.cli("reload", check=False))

    def test_one_stopped_worker_a_reload_and_a_full_queue(self):
        load = self.begin("one")
        ended, results = threading.Event(), []
        reloading = threading.Thread(target=self.reload_again_and_again, args=(ended, results))
        reloading.start()
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            workers = self.lazaret.workers()
            if workers and not any(one.state == "T" for one in workers):
                processes.kill(random.choice(workers).pid, signal.SIGSTOP)
            time.sleep(0.2)
        ended.set()
        reloading.join(60)
        answers, kinds = self.account(load)
        self.assertTrue(any(key.startswith("451 4.3.2") for key in kinds), "the queue was never full")
        self.assertTrue(any(one.seconds > 0.3 * DEADLINE for _, one in answers), "nothing ever hung")
        busy = [one for _, one in answers if one.text.startswith("451 4.3.2")]
        self.assertLess(max(one.seconds for one in busy), 0.3 * DEADLINE, "busy is said at once")
        self.assertTrue(results)
        self.assertEqual({one.returncode for one in results}, {0}, results[-1].err)
        self.assert_healthy()

    def test_all_workers_stopped(self):
        load = self.begin("all")
        for one in self.lazaret.workers():
            processes.kill(one.pid, signal.SIGSTOP)
        time.sleep(AT_END)
        _, kinds = self.account(load)
        self.assertTrue(any(key.startswith("451") for key in kinds))
        self.assert_healthy()

    def test_workers_and_the_zygotes_that_would_kill_them_stopped(self):
        load = self.begin("zygotes")
        tree = [one for one in processes.below(self.lazaret.process.pid) if one.program == "lazaret-analyzer"]
        for one in tree:
            processes.kill(one.pid, signal.SIGSTOP)
        time.sleep(AT_END)
        load.stop()
        for one in tree:
            processes.kill(one.pid, signal.SIGCONT)
        _, kinds = self.account(load)
        self.assertTrue(any(key.startswith("451") for key in kinds))
        self.assert_healthy()

    def test_a_log_that_cannot_write(self):
        load = self.begin("log")
        path = os.path.join(self.lazaret.root, "var/lib/lazaret/db/verdicts.db")
        blocker = sqlite3.connect(path, isolation_level=None, timeout=30)
        blocker.execute("BEGIN IMMEDIATE")
        time.sleep(AT_END)
        load.stop()
        blocker.execute("ROLLBACK")
        blocker.close()
        _, kinds = self.account(load, records_expected=False)
        self.assertTrue(any(key.startswith("451 4.3.0") for key in kinds), "the log never failed")
        self.assert_healthy()


if __name__ == "__main__":
    unittest.main()
