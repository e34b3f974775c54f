#!/usr/bin/env python3
"""Rules and policy change while mail flows: the next message is judged by the new ones, none is refused."""
import json
import os
import signal
import threading
import time
import unittest

from stand import StandCase, samples
from support import net, processes

RULE = """id: SITE-%s
name: word %s
scope: [subject, body]
match:
  keywords: [%s]
action: reject
"""
POLICY = """version: 1
defaults: {malicious: reject, error: tempfail, unscannable: hold, policy: %s, ambiguous: hold,
           suspicious: tag, clean: accept}
"""


class Light:
    """A message now and then in the background; refused holds every answer but 250."""

    def __init__(self, stand):
        self.stand, self.sent, self.refused, self.ended = stand, 0, [], threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.ended.is_set():
            reply = self.stand.send(samples.clean_plain("light-%d" % self.sent), "light@lazaret.test")
            self.sent += 1
            if reply.code != 250:
                self.refused.append(reply)
            self.ended.wait(0.05)

    def stop(self):
        self.ended.set()
        self.thread.join(60)


class Reload(StandCase):
    settings = {"limits": {"workers": 2}}

    def setUp(self):
        self.lazaret = self.stand.lazaret
        self.etc = os.path.join(self.lazaret.root, "etc/lazaret")
        os.makedirs(os.path.join(self.etc, "rules.d"), exist_ok=True)
        self.addCleanup(self.restore, self.config_text())

    def config_text(self):
        with open(self.lazaret.config) as text:
            return text.read()

    def restore(self, config):
        with open(self.lazaret.config, "w") as out:
            out.write(config)
        for name in os.listdir(os.path.join(self.etc, "rules.d")):
            os.unlink(os.path.join(self.etc, "rules.d", name))
        if os.path.exists(os.path.join(self.etc, "policy.yaml")):
            os.unlink(os.path.join(self.etc, "policy.yaml"))
        self.assertEqual(self.reload().returncode, 0)

    def write(self, name, text):
        with open(os.path.join(self.etc, name), "w") as out:
            out.write(text)

    def rule(self, word):
        self.write("rules.d/%s.yaml" % word, RULE % (word, word, word))

    def reload(self):
        return self.lazaret.cli("reload", check=False)

    def mail_with(self, word):
        return self.stand.send(samples.plain(word, word, "the word is %s\r\n" % word), word + "@lazaret.test")

    def generation(self):
        status = json.loads(self.lazaret.cli("status", "--json", check=False).stdout)
        front = next(role for role in status["roles"] if role["name"] == "front")
        return front["status"]["generation"]["id"]

    def generations(self):
        """The pids of the generation zygotes."""
        engine = self.lazaret.role("lazaret-analyzer").pid
        return [one.pid for one in processes.below(engine) if one.parent == engine]

    def test_a_new_rule_judges_the_next_message_and_no_message_is_refused(self):
        self.assert_accepted(self.mail_with("wordone"))
        before, engine = self.generation(), self.lazaret.role("lazaret-analyzer").pid
        light = Light(self.stand)
        try:
            for word in ("wordone", "wordtwo", "wordthree", "worda", "wordb", "wordc"):
                self.rule(word)
                began = time.monotonic()
                done = self.reload()
                took = time.monotonic() - began
                self.assertEqual(done.returncode, 0, done.out + done.err)
                self.assert_rejected(self.mail_with(word))
                self.assertLess(took, 3)
        finally:
            light.stop()
        self.assertGreater(light.sent, 6)
        self.assertEqual(light.refused, [])
        self.assertNotEqual(self.generation(), before)
        self.assertIn(self.generation()[:12], done.out)
        self.assertEqual(self.lazaret.record_of("wordc@lazaret.test")["generation"], self.generation())
        self.assertEqual(self.lazaret.role("lazaret-analyzer").pid, engine)
        net.wait_until("the old generations to end", lambda: len(self.generations()) == 1, 20)

    def test_a_broken_rule_is_refused_with_its_place_and_nothing_changes(self):
        self.rule("wordfour")
        self.assertEqual(self.reload().returncode, 0)
        net.wait_until("the generation before to end", lambda: len(self.generations()) == 1, 20)
        before, pids = self.generation(), self.generations()
        self.write("rules.d/broken.yaml", "id: SITE-9\nname: x\nmatch:\n  regex: '('\n")
        done = self.reload()
        self.assertEqual(done.returncode, 1, done.out)
        self.assertRegex(done.err, r"rules\.d/broken\.yaml:\d+:\d+: ")
        self.assertIn("broken.yaml", self.lazaret.cli("status", check=False).out)
        self.assertEqual(self.generation(), before)
        net.wait_until("the refused generation to end", lambda: self.generations() == pids, 20)
        self.assert_rejected(self.mail_with("wordfour"))

    def test_a_rule_whose_own_test_fails_is_refused(self):
        self.write("rules.d/failing.yaml", RULE % ("f", "f", "wordfive") + "tests:\n  should_match: ['other']\n")
        done = self.reload()
        self.assertEqual(done.returncode, 1, done.out)
        self.assertIn("failing.yaml", done.err)
        self.assert_accepted(self.mail_with("wordfive"))

    def test_a_new_policy_decides_the_next_message(self):
        self.rule("wordsix")
        self.assertEqual(self.reload().returncode, 0)
        self.assert_rejected(self.mail_with("wordsix"))
        self.write("policy.yaml", POLICY % "tag" + "blocks:\n  - name: all\n    codes:\n      rule: tag\n")
        done = self.reload()
        self.assertEqual(done.returncode, 0, done.err)
        self.assert_accepted(self.mail_with("wordsix"))
        self.write("policy.yaml", POLICY % "nonsense")
        done = self.reload()
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.err, r"policy\.yaml:2:\d+: ")
        self.assert_accepted(self.mail_with("wordsix"))

    def test_hangup_reloads_too(self):
        self.rule("wordseven")
        self.lazaret.process.send_signal(signal.SIGHUP)
        net.wait_until("the new rule", lambda: self.mail_with("wordseven").code == 550, 20, 0.2)

    def test_an_unchanged_bundle_changes_nothing(self):
        before = self.generation()
        done = self.reload()
        self.assertEqual(done.returncode, 0, done.err)
        self.assertIn("unchanged", done.out)
        self.assertEqual(self.generation(), before)

    def test_keys_that_need_a_restart_are_named(self):
        text = self.config_text()
        with open(self.lazaret.config, "w") as out:
            out.write(text.replace('node: "test"', 'node: "other"'))
        done = self.reload()
        self.assertEqual(done.returncode, 0, done.err)
        self.assertIn("restart", done.out)
        self.assertIn("node", done.out)
        with open(self.lazaret.config, "w") as out:
            out.write(text + "nonsense: 1\n")
        done = self.reload()
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.err, r"lazaret\.yaml:\d+:\d+: ")

    def test_a_message_under_way_is_judged_by_its_own_generation(self):
        frozen = self.lazaret.workers()
        for one in frozen:
            processes.kill(one.pid, signal.SIGSTOP)
        replies = []
        sending = threading.Thread(target=lambda: replies.append(self.mail_with("wordeight")), daemon=True)
        sending.start()
        status = lambda: json.loads(self.lazaret.cli("status", "--json", check=False).stdout)  # noqa: E731
        net.wait_until("a busy worker", lambda: next(
            r for r in status()["roles"] if r["name"] == "front")["status"]["busy"] == 1, 20)
        self.rule("wordeight")
        self.assertEqual(self.reload().returncode, 0)
        self.assertEqual(replies, [])
        self.assert_rejected(self.mail_with("wordeight"))
        for one in frozen:
            processes.kill(one.pid, signal.SIGCONT)
        sending.join(30)
        self.assert_accepted(replies[0])
        net.wait_until("the old generation to end", lambda: len(self.generations()) == 1, 20)

    def test_a_killed_generation_after_a_reload_comes_back_with_the_new_rules(self):
        self.rule("wordnine")
        self.assertEqual(self.reload().returncode, 0)
        net.wait_until("one generation", lambda: len(self.generations()) == 1, 20)
        for program in ("generation", "lazaret-analyzer", "lazaret-front"):
            pid = self.generations()[0] if program == "generation" else self.lazaret.role(program).pid
            processes.kill(pid, signal.SIGKILL)
            net.wait_until("mail again after " + program,
                           lambda: self.mail_with("wordnine").code == 550, 60, 0.3)

    def test_rollback_takes_the_bundle_before(self):
        self.rule("wordten")
        self.assertEqual(self.reload().returncode, 0)
        self.assert_rejected(self.mail_with("wordten"))
        done = self.lazaret.cli("rollback", check=False)
        self.assertEqual(done.returncode, 0, done.err)
        self.assert_accepted(self.mail_with("wordten"))


if __name__ == "__main__":
    unittest.main()
