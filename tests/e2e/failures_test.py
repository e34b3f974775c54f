#!/usr/bin/env python3
"""Every part broken in mid-message: the answer is a 4xx in time, nothing passes unscanned, it mends."""
import os
import signal
import subprocess
import threading
import time
import unittest

from stand import Lazaret, Stand, StandCase, samples
from support import net, processes

DEADLINE = 8  # seconds, limits.deadline_seconds below


class Background:
    """Sends a message in a thread; reply() waits for the answer."""

    def __init__(self, stand, data, recipient):
        self.began, self.answer, self.failed = time.monotonic(), None, None
        self.thread = threading.Thread(target=self.run, args=(stand, data, recipient), daemon=True)
        self.thread.start()

    def run(self, stand, data, recipient):
        try:
            self.answer = stand.send(data, recipient)
            self.took = time.monotonic() - self.began
        except Exception as failed:  # shown by reply()
            self.failed = failed

    def reply(self, seconds=60):
        self.thread.join(seconds)
        if self.failed:
            raise self.failed
        if self.answer is None:
            raise TimeoutError("no SMTP reply within %d s" % seconds)
        return self.answer


class Failures(StandCase):
    settings = {"limits": {"deadline_seconds": DEADLINE, "workers": 2}}

    def setUp(self):
        self.lazaret = self.stand.lazaret
        self.name = self.id().rsplit(".", 1)[1].replace("_", "-")[:50]
        self.recipient = self.name + "@lazaret.test"

    def assert_nothing_passed(self):
        self.assertFalse([one for one in self.stand.sink.messages if self.recipient in one.recipients])

    def assert_mended(self):
        def works():
            return self.stand.send(samples.clean_plain("mend"), "mend@lazaret.test").code == 250
        net.wait_until("accepting again", works, 30, 0.3)
        self.assert_rejected(self.stand.send(samples.eicar_plain("mend-bad"), "mend-bad@lazaret.test"))

    def freeze_workers(self):
        workers = self.lazaret.workers()
        self.assertTrue(workers, "no workers found")
        for one in workers:
            processes.kill(one.pid, signal.SIGSTOP)
        return workers

    def message_taken(self):
        """Until Postfix has the whole message and asks about it."""
        def taken():
            text = self.stand.postfix.maillog()
            return self.name in text
        net.wait_until("the message at the milter", taken, 20)
        time.sleep(0.5)  # cleanup logs the message id just before it plays the end to the milter

    def test_a_stopped_worker_ends_in_a_tempfail_before_the_deadline(self):
        frozen = self.freeze_workers()
        sent = Background(self.stand, samples.clean_plain(self.name), self.recipient)
        reply = sent.reply()
        self.assert_tempfail(reply)
        self.assertLess(sent.took, DEADLINE + 2)
        self.assert_nothing_passed()
        for one in frozen:
            processes.kill(one.pid, signal.SIGCONT)
        self.assert_mended()
        record = self.lazaret.record_of(self.recipient)
        self.assertEqual((record["class"], record["action"]), ("error", "tempfail"))

    def test_a_stopped_analyzer_with_all_its_zygotes_ends_in_tempfails_before_the_deadline(self):
        analyzer = self.lazaret.role("lazaret-analyzer")
        frozen = [analyzer, *processes.below(analyzer.pid)]
        self.assertGreater(len(frozen), 3)
        for one in frozen:
            processes.kill(one.pid, signal.SIGSTOP)
        # More than there are workers: some wait in the queue.
        sent = [Background(self.stand, samples.clean_plain(self.name), self.recipient) for _ in range(6)]
        for one in sent:
            self.assert_tempfail(one.reply())
            self.assertLess(one.took, DEADLINE + 2)
        self.assert_nothing_passed()
        for one in frozen:
            processes.kill(one.pid, signal.SIGCONT)
        self.assert_mended()

    def test_a_worker_killed_in_mid_message_ends_in_a_tempfail(self):
        frozen = self.freeze_workers()
        sent = Background(self.stand, samples.clean_plain(self.name), self.recipient)
        self.message_taken()
        for one in frozen:
            processes.kill(one.pid, signal.SIGKILL)
        reply = sent.reply()
        self.assertIn(reply.code // 100, (2, 4), reply)
        self.assertLess(sent.took, DEADLINE + 2)
        record = self.lazaret.record_of(self.recipient)
        if reply.code == 250:  # a fresh worker took it: then it was scanned
            self.assertEqual(record["class"], "clean")
        else:
            self.assertEqual((record["class"], record["action"]), ("error", "tempfail"))
            self.assert_nothing_passed()
        self.assert_mended()

    def test_workers_killed_while_idle_are_replaced(self):
        before = {one.pid for one in self.lazaret.workers()}
        for pid in before:
            processes.kill(pid, signal.SIGKILL)
        self.assert_mended()
        self.assertTrue({one.pid for one in self.lazaret.workers()} - before)
        self.assertRegex(self.lazaret.cli("status", check=False).out,
                         r"worker ends [0-9]+, the last: worker [0-9]+: (signal 9|front asked: )")

    def runs_anew(self, program, old_pid):
        role = self.lazaret.role(program)
        return role is not None and role.pid != old_pid

    def test_a_killed_role_is_started_again(self):
        for program in ("lazaret-front", "lazaret-analyzer", "lazaret-outbound", "lazaret-admin"):
            with self.subTest(program):
                role = self.lazaret.role(program)
                self.assertIsNotNone(role, "%s does not run" % program)
                processes.kill(role.pid, signal.SIGKILL)
                net.wait_until(program + " again", lambda: self.runs_anew(program, role.pid), 30)
        self.assert_mended()

    def test_the_front_killed_in_mid_message_lets_nothing_pass(self):
        frozen = self.freeze_workers()
        sent = Background(self.stand, samples.clean_plain(self.name), self.recipient)
        self.message_taken()
        processes.kill(self.lazaret.role("lazaret-front").pid, signal.SIGKILL)
        self.assert_tempfail(sent.reply())
        self.assert_nothing_passed()
        for one in frozen:
            processes.kill(one.pid, signal.SIGCONT)
        self.assert_mended()

    def test_no_process_outlives_the_supervisor(self):
        stand = Stand({"limits": {"workers": 1}})
        try:
            tree = processes.below(stand.lazaret.process.pid)
            self.assertTrue(tree)
            stand.lazaret.process.kill()
            stand.lazaret.process.wait()
            net.wait_until("all roles gone", lambda: not any(
                processes.is_alive(one.pid) for one in tree), 20)
            self.assert_tempfail(stand.send(samples.clean_plain("orphan"), "orphan@lazaret.test"))
        finally:
            stand.stop()


    def test_a_supervisor_that_is_killed_and_started_at_once_takes_over(self):
        stand = Stand({"limits": {"deadline_seconds": DEADLINE, "workers": 1}})
        try:
            for one in stand.lazaret.workers():
                processes.kill(one.pid, signal.SIGSTOP)
            sent = [Background(stand, samples.clean_plain(name), name + "@lazaret.test")
                    for name in ("over-1", "over-2")]  # the second waits for a worker
            net.wait_until("both at the milter", lambda: all(
                "over-%d@samples.test" % n in stand.postfix.maillog() for n in (1, 2)), 20)
            time.sleep(0.5)  # see message_taken
            stand.lazaret.process.kill()
            stand.lazaret.process.wait()
            stand.lazaret.start()  # the former front may not have ended yet
            for one in sent:
                self.assert_tempfail(one.reply())
            self.assert_accepted(stand.send(samples.clean_plain("anew"), "anew@lazaret.test"))
        finally:
            stand.stop()


class Drain(unittest.TestCase):
    def test_sigterm_answers_the_message_in_flight_and_then_ends(self):
        stand = Stand({"limits": {"deadline_seconds": 20, "workers": 1}})
        try:
            frozen = stand.lazaret.workers()
            for one in frozen:
                processes.kill(one.pid, signal.SIGSTOP)
            sent = Background(stand, samples.clean_plain("drain"), "drain@lazaret.test")
            net.wait_until("the message at the milter", lambda: "drain" in stand.postfix.maillog(), 20)
            time.sleep(0.5)
            stand.lazaret.process.terminate()
            time.sleep(1)
            self.assertIsNone(sent.answer, "answered although no worker could")
            for one in frozen:
                processes.kill(one.pid, signal.SIGCONT)
            reply = sent.reply()
            self.assertIn(reply.code // 100, (2, 4), reply)
            self.assertEqual(stand.lazaret.process.wait(40), 0)
            record = stand.lazaret.record_of("drain@lazaret.test")
            self.assertEqual(record["action"], "accept" if reply.code == 250 else "tempfail")
            self.assertEqual(reply.code, 250, "the message in flight lost its answer")
        finally:
            stand.stop()


class LogFolder(unittest.TestCase):
    """The verdict log lies on a small file system of its own."""

    def setUp(self):
        self.stand = Stand(start=False)
        self.folder = os.path.join(self.stand.lazaret.root, "var/lib/lazaret/db")
        os.makedirs(self.folder)
        self.mount("-t", "tmpfs", "-o", "size=2m,mode=0750", "none", self.folder)

    def mount(self, *arguments):
        subprocess.run(["mount", *arguments], check=True)

    def tearDown(self):
        self.stand.lazaret.stop()
        subprocess.run(["umount", "-l", self.folder], check=False)
        self.stand.stop()

    def test_a_full_log_answers_tempfail_and_recovers(self):
        self.stand.lazaret.start()
        self.assertEqual(self.stand.send(samples.clean_plain("room"), "room@lazaret.test").code, 250)
        filler = os.path.join(self.folder, "filler")
        with open(filler, "wb", buffering=0) as out:
            try:
                while True:
                    out.write(b"x" * 4096)
            except OSError:
                pass
        # A WAL that already has room may take a record or two.
        replies = [self.stand.send(samples.clean_documents("full-%d" % at), "full@lazaret.test")
                   for at in range(12)]
        accepted = [one for one in replies if one.code == 250]
        self.assertEqual(replies[-1].code // 100, 4, replies)
        os.unlink(filler)
        net.wait_until("accepting again", lambda: self.stand.send(
            samples.clean_plain("again"), "again@lazaret.test").code == 250, 30, 0.3)
        self.assertEqual(len(self.stand.lazaret.query("--recipient", "full@lazaret.test",
                                                      "--action", "accept")), len(accepted))

    def test_a_read_only_log_never_accepts(self):
        self.mount("-o", "remount,ro", self.folder)
        self.stand.lazaret.start(wait_seconds=0)
        for at in range(5):
            reply = self.stand.send(samples.clean_plain("ro-%d" % at), "ro@lazaret.test")
            self.assertEqual(reply.code // 100, 4, reply)
            time.sleep(0.3)
        self.assertEqual(self.stand.sink.messages, [])


class MissingParts(unittest.TestCase):
    def refuses(self, settings, *words):
        stand = Stand(start=False)
        try:
            stand.lazaret.settings.update(settings)
            stand.lazaret.write_config()
            stand.lazaret.start(wait_seconds=0)
            self.assertNotEqual(stand.lazaret.process.wait(60), 0)
            for word in words:
                self.assertIn(word, stand.lazaret.log_text())
            self.assert_tempfail_code(stand.send(samples.clean_plain("none"), "none@lazaret.test"))
        finally:
            stand.stop()

    def assert_tempfail_code(self, reply):
        self.assertEqual(reply.code // 100, 4, reply)

    def test_a_missing_database_refuses_to_start_unless_builtin_only(self):
        self.refuses({"clamav": {"builtin_only": False, "database": "/nonexistent/signatures"}},
                     "/nonexistent/signatures")

    def test_two_daemons_never_share_one_state_folder(self):
        stand = Stand({"limits": {"workers": 1}})
        try:
            second = Lazaret(os.path.join(stand.dir, "second"),
                             os.path.join(stand.dir, "second.sock"),
                             {"paths": {"root": stand.lazaret.root}, "limits": {"workers": 1}})
            second.start(wait_seconds=0)
            try:
                net.wait_until("the second to give up", lambda: second.process.poll() is not None, 60)
                self.assertNotEqual(second.process.returncode, 0)
            finally:
                second.stop()
            self.assertEqual(stand.send(samples.clean_plain("own"), "own@lazaret.test").code, 250)
        finally:
            stand.stop()

    def test_an_unknown_key_refuses_to_start_with_file_and_line(self):
        self.refuses({"limits": {"deadline_secs": 5}}, "lazaret.yaml:", "deadline_secs")


if __name__ == "__main__":
    unittest.main()
