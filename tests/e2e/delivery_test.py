#!/usr/bin/env python3
"""What arrives, what is stopped, and that the record and the mail store agree."""
import collections
import unittest

from stand import StandCase, header_list, samples, smtp
from support.lazaret import verdict_id
from support.postfix import queue_id
from support.sink import split_header


class Delivery(StandCase):
    def codes(self, recipient):
        record = self.stand.lazaret.record_of(recipient)
        return record, [one["code"] for one in record["findings"]]

    def test_clean_mail_arrives_byte_for_byte(self):
        for build in (samples.clean_plain, samples.clean_html, samples.clean_documents,
                      samples.clean_chinese):
            name = build.__name__.replace("_", "-") + "-bytes"
            data = build(name)
            with self.subTest(name):
                self.assert_accepted(self.stand.send(data, name + "@lazaret.test"))
                got = self.stand.sink.wait_for_recipient(name + "@lazaret.test")
                head, _, body = data.partition(b"\r\n\r\n")
                self.assertEqual(got.body, body)
                self.assertEqual(header_list(got.header_lines), header_list(split_header(head)))
                record, _ = self.codes(name + "@lazaret.test")
                self.assertEqual((record["class"], record["action"]), ("clean", "accept"))

    def test_delivered_mail_carries_its_verdict_id(self):
        self.assert_accepted(self.stand.send(samples.clean_plain("carries"), "carries@lazaret.test"))
        got = self.stand.sink.wait_for_recipient("carries@lazaret.test")
        ours = [value for name, value in got.header_lines if name.lower().startswith(b"x-lazaret-")]
        self.assertTrue(ours, "no X-Lazaret header")
        record, _ = self.codes("carries@lazaret.test")
        self.assertIn(record["id"], b" ".join(ours).decode())

    def test_eicar_is_rejected_plain_and_in_a_zip(self):
        for build in (samples.eicar_plain, samples.eicar_zip):
            name = build.__name__.replace("_", "-")
            with self.subTest(name):
                reply = self.stand.send(build(name), name + "@lazaret.test")
                self.assert_rejected(reply)
                record, codes = self.codes(name + "@lazaret.test")
                self.assertEqual((record["class"], record["action"]), ("malicious", "reject"))
                self.assertTrue(any(code.startswith("clamav.") for code in codes), codes)
                self.assertEqual(verdict_id(reply.text), record["id"])
                self.assertNotIn("Eicar", reply.text)  # replies stay neutral

    def test_a_program_named_pdf_is_stopped(self):
        reply = self.stand.send(samples.program_named_pdf("pdf-exe"), "pdf-exe@lazaret.test")
        record, codes = self.codes("pdf-exe@lazaret.test")
        self.assertIn(record["action"], samples.STOPPED)
        self.assertTrue(any(code.startswith("file.") for code in codes), codes)
        if record["action"] == "reject":
            self.assert_rejected(reply)

    def test_a_double_extension_is_stopped(self):
        self.stand.send(samples.double_extension("double"), "double@lazaret.test")
        record, codes = self.codes("double@lazaret.test")
        self.assertIn(record["action"], samples.STOPPED)
        self.assertIn("file.double-extension", codes)

    def test_a_card_list_going_out_is_held_and_can_be_released(self):
        recipient = "cards@outside.test"
        reply = self.stand.send(samples.card_list("cards"), recipient, "staff@lazaret.test",
                                outbound=True)
        self.assert_accepted(reply)
        held = [one for one in self.stand.postfix.held() if one["queue_id"] == queue_id(reply.text)]
        self.assertEqual(len(held), 1, self.stand.postfix.queued())
        record, codes = self.codes(recipient)
        self.assertEqual(record["action"], "hold")
        self.assertTrue(any("card" in code for code in codes), codes)
        self.assertFalse([one for one in self.stand.sink.messages if recipient in one.recipients])
        self.stand.postfix.release(held[0]["queue_id"])
        self.stand.sink.wait_for_recipient(recipient)

    def test_the_log_never_holds_a_card_number_in_clear(self):
        self.stand.send(samples.card_list("clear"), "clear@outside.test", "staff@lazaret.test",
                        outbound=True)
        record = self.stand.lazaret.record_of("clear@outside.test")
        shown = (str(record) + self.stand.lazaret.cli("log", "show", record["id"]).out
                 + self.stand.lazaret.cli("log", "explain", record["id"]).out)
        for number in samples.card_numbers(12):
            self.assertNotIn(number, shown)
            self.assertNotIn(samples.grouped(number), shown)

    def test_mixed_recipients_get_the_strictest_action(self):
        reply = self.stand.send(samples.eicar_plain("mixed"), ["one@lazaret.test", "two@lazaret.test"])
        self.assert_rejected(reply)
        record = self.stand.lazaret.record_of("two@lazaret.test")
        self.assertEqual(record["action"], "reject")
        self.assertIn("one@lazaret.test", str(record))


class Conservation(StandCase):
    def test_what_the_sink_has_is_what_the_log_accepted(self):
        sent = [samples.clean_plain("keep-%d" % at) + b"line %d\r\n" % at for at in range(20)]
        sent += [samples.eicar_plain("keep-bad"), samples.clean_documents("keep-doc")]
        accepted = 0
        for at, data in enumerate(sent):
            accepted += self.stand.send(data, "keep%d@lazaret.test" % at).code == 250
        self.assertEqual(accepted, 21)
        self.stand.postfix.wait_empty()
        at_sink = collections.Counter()
        for one in self.stand.sink.messages:
            ids = [verdict_id(value.decode()) for name, value in one.header_lines
                   if name.lower().startswith(b"x-lazaret-") and verdict_id(value.decode())]
            at_sink[(ids[0], one.body_sha256())] += 1
        in_log = collections.Counter(
            (one["id"], one["body_sha256"])
            for one in self.stand.lazaret.query("--limit", "100")
            if one["action"] in ("accept", "tag"))
        self.assertEqual(at_sink, in_log)

    def test_the_chain_verifies(self):
        self.stand.send(samples.clean_plain("chain"), "chain@lazaret.test")
        self.stand.lazaret.record_of("chain@lazaret.test")
        self.assertEqual(self.stand.lazaret.cli("log", "verify").returncode, 0)


if __name__ == "__main__":
    unittest.main()
