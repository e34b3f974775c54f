#!/usr/bin/env python3
"""Stop, other programs, start: no message is lost or doubled, whatever the moment."""
import collections
import os
import random
import shutil
import threading
import time
import unittest

from stand import Stand, samples, smtp
from support import net, postfix, processes

MESSAGES = 120   # through the sending Postfix
SESSIONS = 200   # at least so many are cut at random points
SENDERS = 8
STOPS = 5


def copy_of(bin_folder, to):
    """Another version: the same programs in another folder, with the rules beside them."""
    shutil.copytree(bin_folder, os.path.join(to, "bin"))
    shutil.copytree(os.path.join(os.path.dirname(bin_folder.rstrip("/")), "share"), os.path.join(to, "share"))
    return os.path.join(to, "bin")


def id_of(delivery):
    return delivery.recipients[0].partition("@")[0]


class Upgrade(unittest.TestCase):
    def setUp(self):
        self.stand = Stand({"limits": {"deadline_seconds": 20, "drain_seconds": 15, "workers": 2}})
        self.addCleanup(self.stand.stop)

    def accepted(self):
        """{id: number of records that accept it}."""
        return collections.Counter(one["recipients"][0]["address"].partition("@")[0] for one in
                                   self.stand.lazaret.query("--action", "accept", "--limit", "100000"))

    def assert_whole(self, wanted, replies=None):
        """Each id once at the mail store and once accepted in the log, and the chain holds."""
        at_sink = collections.Counter(id_of(one) for one in self.stand.sink.messages)
        self.assertEqual(set(at_sink), wanted)
        self.assertEqual(max(at_sink.values()), 1, [one for one in at_sink if at_sink[one] > 1])
        accepted = self.accepted()
        self.assertLessEqual(wanted, set(accepted))
        self.assertEqual(self.stand.lazaret.cli("log", "verify").returncode, 0)
        return accepted

    def test_an_upgrade_under_live_mail_loses_and_doubles_nothing(self):
        lazaret = self.stand.lazaret
        sender = postfix.Postfix(os.path.join(self.stand.dir, "sender"), self.stand.sink.port,
                                 next_hop=self.stand.postfix.inbound)
        self.addCleanup(sender.stop)
        sender.start()
        versions = [lazaret.bin, copy_of(lazaret.bin, os.path.join(self.stand.dir, "v2"))]
        wanted, failed = {"load-%d" % at for at in range(MESSAGES)}, []

        def submit(part):
            try:
                for at in range(part, MESSAGES, 4):
                    name = "load-%d" % at
                    reply = smtp.send(sender.inbound, "sender@outside.test", [name + "@lazaret.test"],
                                      samples.clean_plain(name))
                    if reply.code != 250:
                        raise RuntimeError(str(reply))
                    time.sleep(0.05)
            except Exception as error:  # told below
                failed.append(error)
        threads = [threading.Thread(target=submit, args=(part,), daemon=True) for part in range(4)]
        # Open since before, with a recipient, and its message comes after the upgrade.
        stale = smtp.Raw(self.stand.postfix.inbound)
        self.addCleanup(stale.close)
        for line in (b"EHLO stale.test", b"MAIL FROM:<sender@outside.test>", b"RCPT TO:<stale@lazaret.test>"):
            self.assertEqual(stale.command(line).code, 250)
        for one in threads:
            one.start()
        for version in (versions[1], versions[0]):
            time.sleep(0.7)
            lazaret.process.terminate()
            self.assertEqual(lazaret.process.wait(30), 0, lazaret.log_text()[-2000:])
            lazaret.bin = version
            lazaret.start()
            program = os.readlink("/proc/%d/exe" % lazaret.role("lazaret-front").pid)
            self.assertEqual(program, os.path.join(version, "lazaret-front"))
        for one in threads:
            one.join()
        self.assertEqual(failed, [])
        self.assertEqual(stale.command(b"DATA").code // 100, 4)
        # What was answered 451 is tried again; nobody has to do anything but wait.
        sender.command("postqueue", "-c", sender.conf, "-f")
        sender.wait_empty(60)
        self.stand.postfix.wait_empty(30)
        accepted = self.assert_whole(wanted)
        self.assertEqual({name for name, count in accepted.items() if count > 1}, set())

    def session(self, number, results):
        """Two messages in one session; what became of each: an SMTP code, or 0 when there was no reply."""
        names = ["cut-%d-%d" % (number, at) for at in (0, 1)]
        codes = dict.fromkeys(names, 0)
        try:
            raw = smtp.Raw(self.stand.postfix.inbound, timeout=40)
            raw.command(b"EHLO cut.test")
            for name in names:
                codes[name] = self.message(raw, name)
            raw.write(b"QUIT\r\n")
            raw.close()
        except ConnectionError:
            pass
        results.update(codes)

    def message(self, raw, name):
        for line in (b"MAIL FROM:<sender@outside.test>", b"RCPT TO:<%s@lazaret.test>" % name.encode(), b"DATA"):
            reply = raw.command(line)
            if reply.code not in (250, 354):
                raw.command(b"RSET")
                return reply.code
            time.sleep(random.random() * 0.01)
        raw.write(samples.clean_plain(name) + b"\r\n")
        time.sleep(random.random() * 0.02)
        raw.write(b".\r\n")
        return raw.read().code

    def test_stops_at_random_points_of_many_sessions_answer_each_of_them(self):
        lazaret, results, numbers = self.stand.lazaret, {}, iter(range(100_000))
        enough, longest = threading.Event(), [0.0]

        def run():
            while not enough.is_set():
                began = time.monotonic()
                self.session(next(numbers), results)
                longest[0] = max(longest[0], time.monotonic() - began)
                time.sleep(0.02)
        threads = [threading.Thread(target=run, daemon=True) for _ in range(SENDERS)]
        for one in threads:
            one.start()
        try:
            for _ in range(STOPS):
                time.sleep(0.2 + random.random() * 0.5)
                lazaret.process.terminate()
                self.assertEqual(lazaret.process.wait(30), 0, lazaret.log_text()[-2000:])
                lazaret.start()
            net.wait_until("enough sessions", lambda: len(results) >= 2 * SESSIONS, 60)
        finally:
            enough.set()
        for one in threads:
            one.join(60)
        self.assertLess(longest[0], 25)
        self.assertEqual({code for code in results.values()} - {250, 451, 450, 421, 0}, set())
        self.assertGreater(sum(code == 250 for code in results.values()), SENDERS)
        self.assertGreater(sum(code in (421, 450, 451) for code in results.values()), 0, "no stop was felt")
        self.stand.postfix.wait_empty(30)
        accepted = self.assert_whole({name for name, code in results.items() if code == 250})
        # One that was recorded and whose answer was lost would be a record too many: none in an orderly stop.
        self.assertEqual(set(accepted) - {name for name, code in results.items() if code == 250}, set())
        self.assertEqual(max(accepted.values()), 1)
        self.assertFalse([one for one in processes.snapshot().values() if one.program == "lazaret-analyzer"
                          and one.parent == 1])


if __name__ == "__main__":
    unittest.main()
