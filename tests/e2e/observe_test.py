#!/usr/bin/env python3
"""Observe mode: judge and record, stop nothing but errors; whole, per daemon name, per domain."""
import signal
import unittest

from stand import Stand, StandCase, samples
from support import processes


class ObserveAll(StandCase):
    settings = {"policy": {"mode": "observe"}, "limits": {"deadline_seconds": 6, "workers": 1}}

    def test_what_would_be_rejected_is_accepted_and_recorded(self):
        self.assert_accepted(self.stand.send(samples.eicar_plain("seen"), "seen@lazaret.test"))
        got = self.stand.sink.wait_for_recipient("seen@lazaret.test")
        self.assertTrue([name for name, _ in got.header_lines
                         if name.lower().startswith(b"x-lazaret-")])
        record = self.stand.lazaret.record_of("seen@lazaret.test")
        self.assertEqual((record["class"], record["action"]), ("malicious", "accept"))
        self.assertIn("reject", str(record))  # what it would have done

    def test_could_not_look_still_answers_tempfail(self):
        # All of it: a stopped worker alone is replaced, and the message is looked at after all.
        analyzer = self.stand.lazaret.role("lazaret-analyzer")
        frozen = [analyzer, *processes.below(analyzer.pid)]
        for one in frozen:
            processes.kill(one.pid, signal.SIGSTOP)
        reply = self.stand.send(samples.clean_plain("blind"), "blind@lazaret.test")
        for one in frozen:
            processes.kill(one.pid, signal.SIGCONT)
        self.assert_tempfail(reply)


class ObservePart(unittest.TestCase):
    def replies(self, policy):
        stand = Stand({"policy": policy})
        try:
            return [stand.send(samples.eicar_plain("p%d" % at), "p%d@%s" % (at, domain),
                               outbound=outbound).code // 100
                    for at, (domain, outbound) in enumerate(
                        [("lazaret.test", False), ("outside.test", False), ("lazaret.test", True)])]
        finally:
            stand.stop()

    def test_one_daemon_name_observes_while_the_rest_enforces(self):
        self.assertEqual(self.replies({"observe_daemons": ["outbound"]}), [5, 5, 2])

    def test_one_recipient_domain_observes_while_the_rest_enforces(self):
        self.assertEqual(self.replies({"observe_domains": ["outside.test"]}), [5, 2, 5])


if __name__ == "__main__":
    unittest.main()
