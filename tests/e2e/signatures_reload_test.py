#!/usr/bin/env python3
"""Signatures change while mail flows: a second engine is loaded beside the first, takes over when it is ready,
and no message is refused; a bad file, a kill or a lack of memory leave the old one in force."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from reload_test import RULE, Light
from stand import StandCase, samples
from support import net, processes

MARK = "harmless-marker-%s-for-tests"


def ndb(word):
    return "Test.Marker.%s:0:*:%s\n" % (word, (MARK % word).encode().hex())


class SignaturesCase(StandCase):
    """A database folder of its own, watched as `watch` says."""
    watch = False
    more = {}

    @classmethod
    def setUpClass(cls):
        cls.signatures = tempfile.mkdtemp(prefix="lazaret-signatures-")
        os.chmod(cls.signatures, 0o755)
        cls.database = os.path.join(cls.signatures, "db")
        cls.own = os.path.join(cls.signatures, "own")
        for folder in (cls.database, cls.own):
            os.mkdir(folder)
        with open(os.path.join(cls.database, "base.ndb"), "w") as out:
            out.write(ndb("base"))
        clamav = {"database": cls.database, "signatures_dir": cls.own, "builtin_only": False, **cls.more}
        cls.settings = {"limits": {"workers": 2, "deadline_seconds": 30}, "clamav": clamav,
                        "reload": {"watch": cls.watch}}
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        shutil.rmtree(cls.signatures, ignore_errors=True)

    def setUp(self):
        self.lazaret = self.stand.lazaret
        self.rules = os.path.join(self.lazaret.root, "etc/lazaret/rules.d")
        os.makedirs(self.rules, exist_ok=True)
        self.shelf = os.path.join(self.lazaret.root, "var/lib/lazaret/generations")
        self.addCleanup(self.restore)

    def restore(self):
        for folder in (self.database, self.own, self.rules):
            for name in os.listdir(folder):
                if name != "base.ndb":
                    os.unlink(os.path.join(folder, name))
        net.wait_until("peace", lambda: self.reload().returncode == 0, 60, 1)

    # --- what the administrator and freshclam do

    def write(self, folder, name, text):
        """As freshclam does: a file beside it, then a rename."""
        path = os.path.join(folder, name)
        with open(path + ".tmp", "w") as out:
            out.write(text)
        os.rename(path + ".tmp", path)

    def reload(self):
        return self.lazaret.cli("reload", check=False)

    def reload_in_force(self):
        done = self.reload()
        self.assertEqual(done.returncode, 0, done.out + done.err)
        return done

    # --- what is seen of it

    def mail_with(self, word):
        return self.stand.send(samples.plain(word, word, "text\r\n%s\r\n" % (MARK % word)),
                               word + "@lazaret.test")

    def status(self):
        return json.loads(self.lazaret.cli("status", "--json", check=False).stdout)

    def role(self, name):
        return next((one for one in self.status()["roles"] if one["name"] == name), None)

    def generation(self):
        return self.role("front")["status"]["generation"]["id"]

    def one_engine(self):
        net.wait_until("one engine", lambda: self.role("analyzer-old") is None and
                       self.role("analyzer-new") is None, 60, 0.2)
        return self.role("analyzer")["pid"]

    def problems(self):
        return "\n".join(self.status()["problems"])

    def candidate(self, first):
        """The second analyzer beside `first`, as soon as it runs."""
        known = self.lazaret.process.pid

        def other():
            return next((one for one in processes.below(known) if one.program == "lazaret-analyzer"
                         and one.parent == known and one.pid != first), None)
        return net.wait_until("a second analyzer", other, 30, 0.01)


class ByCommand(SignaturesCase):
    def test_new_signatures_judge_the_next_message_and_no_message_is_refused(self):
        self.assert_accepted(self.mail_with("own"))
        self.assert_rejected(self.mail_with("base"))
        before, engine = self.generation(), self.one_engine()
        light = Light(self.stand)
        try:
            for folder, name, word in ((self.own, "own.ndb", "own"), (self.database, "more.ndb", "more")):
                self.write(folder, name, ndb(word))
                done = self.reload_in_force()
                self.assert_rejected(self.mail_with(word))
                self.assertIn(self.generation()[:12], done.out)
                self.assertEqual(self.lazaret.record_of(word + "@lazaret.test")["generation"],
                                 self.generation())
                self.one_engine()
        finally:
            light.stop()
        self.assertGreater(light.sent, 4)
        self.assertEqual(light.refused, [])
        self.assertNotEqual(self.generation(), before)
        self.assertNotEqual(self.one_engine(), engine)
        net.wait_until("the engine in force and the one before on the shelf",
                       lambda: len(os.listdir(self.shelf)) == 2, 20)

    def test_files_that_changed_only_outside_load_no_engine(self):
        engine = self.one_engine()
        os.utime(os.path.join(self.database, "base.ndb"))
        self.assertIn("unchanged", self.reload_in_force().out)
        for name in ("daily.cvd.part", "mirrors.dat", "freshclam.dat", ".hidden.ndb"):
            self.write(self.database, name, "no signature")
        self.assertIn("unchanged", self.reload_in_force().out)
        self.assertEqual(self.one_engine(), engine)

    def test_rules_and_signatures_change_in_one_step(self):
        self.write(self.own, "both.ndb", ndb("both"))
        self.write(self.rules, "wordboth.yaml", RULE % ("wordboth", "wordboth", "wordboth"))
        before = self.generation()
        self.reload_in_force()
        self.assert_rejected(self.mail_with("both"))
        self.assert_rejected(self.stand.send(samples.plain("x", "x", "wordboth\r\n"), "w@lazaret.test"))
        self.assertNotEqual(self.generation(), before)

    def assert_refused(self, *words):
        before, engine, last = self.generation(), self.one_engine(), os.listdir(self.shelf)
        done = self.reload()
        self.assertEqual(done.returncode, 1, done.out)
        for word in words:
            self.assertIn(word, done.err)
        self.assertEqual(self.one_engine(), engine)
        self.assertEqual(self.generation(), before)
        self.assertIn("signatures on disk are not in force", self.problems())
        self.assertIn(words[0], self.problems())
        self.assert_rejected(self.mail_with("base"))
        net.wait_until("the refused snapshot to go", lambda: sorted(os.listdir(self.shelf)) == sorted(last), 20)

    def test_a_broken_file_is_refused_and_the_old_engine_stays(self):
        for folder, name, text in ((self.own, "broken.ndb", "Name:0:*:not-hex\n"),
                                   (self.own, "broken.yar", "rule x { condition: nonsense }\n"),
                                   (self.database, "daily.cvd", "ClamAV-VDB:torn off")):
            with self.subTest(name=name):
                path = os.path.join(folder, name)
                self.write(folder, name, text)
                self.assert_refused(folder)
                os.unlink(path)
                self.reload_in_force()
                self.assertEqual(self.problems(), "")

    def test_a_signature_that_hits_harmless_mail_is_refused(self):
        self.write(self.database, "storm.ndb", "Test.Storm:0:*:%s\n" % b"Content-Type: ".hex())
        self.assert_refused("canary", "Test.Storm")

    def test_a_candidate_killed_while_it_loads_changes_nothing(self):
        self.write(self.own, "killed.ndb", ndb("killed") + "".join(ndb("x%d" % i) for i in range(200_000)))
        before, engine = self.generation(), self.one_engine()
        answers = []
        asking = threading.Thread(target=lambda: answers.append(self.reload()), daemon=True)
        asking.start()
        processes.kill(self.candidate(engine).pid, signal.SIGKILL)
        asking.join(60)
        self.assertEqual(answers[0].returncode, 1, answers[0].out)
        self.assertIn("ended", answers[0].err)
        self.assertEqual((self.generation(), self.one_engine()), (before, engine))
        self.assert_accepted(self.mail_with("killed"))
        self.reload_in_force()
        self.assert_rejected(self.mail_with("killed"))

    def test_a_new_engine_killed_after_the_switch_comes_back_with_its_signatures(self):
        self.write(self.own, "stays.ndb", ndb("stays"))
        self.reload_in_force()
        engine, generation = self.one_engine(), self.generation()
        # What lies on disk now is nothing to it.
        self.write(self.own, "later.ndb", "broken\n")
        processes.kill(engine, signal.SIGKILL)
        net.wait_until("mail again", lambda: self.mail_with("stays").code == 550, 60, 0.3)
        self.assertEqual(self.generation(), generation)
        self.assertNotEqual(self.one_engine(), engine)

    def test_rollback_takes_the_signatures_before(self):
        self.write(self.database, "false.ndb", ndb("alarm"))
        first = self.generation()
        self.reload_in_force()
        self.assert_rejected(self.mail_with("alarm"))
        done = self.lazaret.cli("rollback", check=False)
        self.assertEqual(done.returncode, 0, done.err)
        self.assert_accepted(self.mail_with("alarm"))
        self.assert_rejected(self.mail_with("base"))
        self.assertEqual(self.generation(), first)
        self.one_engine()
        self.reload_in_force()
        self.assert_rejected(self.mail_with("alarm"))

    def test_a_message_under_way_keeps_its_engine(self):
        frozen = self.lazaret.workers()
        for one in frozen:
            processes.kill(one.pid, signal.SIGSTOP)
        replies = []
        sending = threading.Thread(target=lambda: replies.append(self.mail_with("under")), daemon=True)
        sending.start()
        net.wait_until("a busy worker", lambda: self.role("front")["status"]["busy"] == 1, 20)
        self.write(self.own, "under.ndb", ndb("under"))
        self.reload_in_force()
        self.assert_rejected(self.mail_with("under"))
        self.assertIsNotNone(self.role("analyzer-old"))
        self.assertEqual(replies, [])
        for one in frozen:
            processes.kill(one.pid, signal.SIGCONT)
        sending.join(30)
        self.assert_accepted(replies[0])
        self.one_engine()


class WithoutMemory(SignaturesCase):
    more = {"reload_reserve_bytes": "1000G"}

    def test_too_little_memory_keeps_the_old_engine_and_says_the_figures(self):
        self.write(self.own, "big.ndb", ndb("big"))
        done = self.reload()
        self.assertEqual(done.returncode, 1, done.out)
        self.assertIn("1024000 MiB must stay free", done.err)
        self.assertRegex(self.problems(), r"no memory for a second engine.* old")
        self.assert_accepted(self.mail_with("big"))
        self.assert_rejected(self.mail_with("base"))


class ByWatch(SignaturesCase):
    watch = True

    def wait_rejected(self, word, seconds=30):
        net.wait_until(word + " to be rejected", lambda: self.mail_with(word).code == 550, seconds, 0.1)

    def test_a_rule_is_in_force_in_under_three_seconds(self):
        for word in ("watchone", "watchtwo"):
            began = time.monotonic()
            self.write(self.rules, word + ".yaml", RULE % (word, word, MARK % word))
            self.wait_rejected(word)
            self.assertLess(time.monotonic() - began, 3)

    def test_signatures_come_into_force_by_themselves(self):
        for folder, word in ((self.own, "watchown"), (self.database, "watchdb")):
            self.write(folder, word + ".ndb", ndb(word))
            self.wait_rejected(word)

    def test_what_was_refused_or_rolled_back_is_not_tried_again_until_it_changes(self):
        self.write(self.own, "watchbad.ndb", ndb("watchbad"))
        self.wait_rejected("watchbad")
        self.one_engine()
        self.assertEqual(self.lazaret.cli("rollback", check=False).returncode, 0)
        self.one_engine()
        self.assert_accepted(self.mail_with("watchbad"))
        # A rule that changes brings the rule, and not the signatures.
        self.write(self.rules, "watchrule.yaml", RULE % ("watchrule", "watchrule", MARK % "watchrule"))
        self.wait_rejected("watchrule")
        self.assert_accepted(self.mail_with("watchbad"))
        self.write(self.own, "watchbad.ndb", "broken\n")
        net.wait_until("the refusal", lambda: "not in force" in self.problems(), 30, 0.2)
        self.assertIn("failed", self.status()["last_reload"])
        self.write(self.own, "watchbad.ndb", ndb("watchgood"))
        self.wait_rejected("watchgood")
        self.assertEqual(self.problems(), "")

    def test_a_broken_rule_holds_up_no_signatures(self):
        self.write(self.rules, "watchbroken.yaml", "id: SITE-9\nname: x\nmatch:\n  regex: '('\n")
        self.write(self.own, "beside.ndb", ndb("beside"))
        self.wait_rejected("beside")


class ByFreshclam(SignaturesCase):
    """Without a watch, so that the notice alone brings them."""

    def say(self, words):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(20)
            client.connect(os.path.join(self.lazaret.root, "run/lazaret/freshclam.sock"))
            client.sendall(words)
            return client.recv(64)

    def test_its_words_are_answered_as_clamd_does(self):
        for words, answer in ((b"PING", b"PONG\n"), (b"zPING\0", b"PONG\0"), (b"nPING\n", b"PONG\n")):
            self.assertEqual(self.say(words), answer)
        self.assertEqual(self.say(b"nSHUTDOWN\n"), b"")

    @unittest.skipUnless(shutil.which("freshclam"), "freshclam is not installed")
    def test_freshclam_itself_gives_notice(self):
        source = os.path.join(self.signatures, "fresh.ndb")
        for path, lines in ((source, [ndb("fresh").strip()]),
                            ("notify.conf", ["LocalSocket " + self.lazaret.root + "/run/lazaret/freshclam.sock"]),
                            ("freshclam.conf", ["DatabaseDirectory " + self.database, "DatabaseOwner root",
                                                "DatabaseMirror 127.0.0.1:1", "DNSDatabaseInfo no",
                                                "DatabaseCustomURL file://" + source,
                                                "NotifyClamd " + self.signatures + "/notify.conf"])):
            with open(os.path.join(self.signatures, path), "w") as out:
                out.write("\n".join(lines) + "\n")
        done = subprocess.run(["freshclam", "--config-file", self.signatures + "/freshclam.conf",
                               "--update-db=custom", "--stdout"], capture_output=True, text=True, timeout=60)
        self.assertIn("successfully notified", done.stdout, done.stderr)
        net.wait_until("fresh", lambda: self.mail_with("fresh").code == 550, 30, 0.1)
        os.unlink(os.path.join(self.database, "freshclam.dat"))

    def test_a_notice_brings_new_signatures_and_nothing_else(self):
        self.write(self.rules, "quiet.yaml", RULE % ("quiet", "quiet", MARK % "quiet"))
        for word, words, answer in (("raw", b"RELOAD", b"RELOADING\n"), ("nul", b"zRELOAD\0", b"RELOADING\0"),
                                    ("line", b"nRELOAD\n", b"RELOADING\n")):
            self.write(self.database, word + ".ndb", ndb(word))
            self.assertEqual(self.say(words), answer)
            net.wait_until(word, lambda w=word: self.mail_with(w).code == 550, 30, 0.1)
            self.one_engine()
        self.assert_accepted(self.mail_with("quiet"))


if __name__ == "__main__":
    unittest.main()
