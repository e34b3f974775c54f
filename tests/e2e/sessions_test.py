#!/usr/bin/env python3
"""The shapes of SMTP sessions: several messages, RSET, pipelining, odd senders, headers and sizes."""
import smtplib
import unittest

from stand import StandCase, samples, smtp


class Sessions(StandCase):
    def test_one_session_carries_good_bad_and_good_mail(self):
        client = smtplib.SMTP("127.0.0.1", self.stand.postfix.inbound, timeout=60)
        client.ehlo("several.samples.test")
        replies = [self.stand.send(data, name + "@lazaret.test", client=client) for name, data in (
            ("first", samples.clean_plain("first")), ("second", samples.eicar_plain("second")),
            ("third", samples.clean_plain("third")))]
        client.quit()
        self.assertEqual([one.code // 100 for one in replies], [2, 5, 2], replies)
        for name, action in (("first", "accept"), ("second", "reject"), ("third", "accept")):
            self.assertEqual(self.stand.lazaret.record_of(name + "@lazaret.test")["action"], action)

    def test_rset_forgets_the_message_and_keeps_the_session(self):
        client = smtplib.SMTP("127.0.0.1", self.stand.postfix.inbound, timeout=60)
        client.ehlo("rset.samples.test")
        client.mail("forgotten@outside.test")
        client.rcpt("forgotten@lazaret.test")
        client.rset()
        self.assert_accepted(self.stand.send(samples.clean_plain("kept"), "kept@lazaret.test",
                                             "kept@outside.test", client=client))
        client.quit()
        record = self.stand.lazaret.record_of("kept@lazaret.test")
        self.assertNotIn("forgotten", str(record))
        self.assertEqual(self.stand.lazaret.query("--recipient", "forgotten@lazaret.test"), [])

    def test_pipelined_commands_get_their_answers_in_order(self):
        raw = smtp.Raw(self.stand.postfix.inbound)
        raw.command(b"EHLO pipeline.samples.test")
        for name in ("pipe-a", "pipe-b"):
            raw.write(b"MAIL FROM:<p@outside.test>\r\nRCPT TO:<%s@lazaret.test>\r\nDATA\r\n"
                      % name.encode())
            self.assertEqual([raw.read().code for _ in range(3)], [250, 250, 354])
            raw.write(samples.clean_plain(name) + b".\r\n")
            self.assertEqual(raw.read().code, 250)
        raw.command(b"QUIT")
        raw.close()
        for name in ("pipe-a", "pipe-b"):
            self.stand.sink.wait_for_recipient(name + "@lazaret.test")

    def test_a_client_that_vanishes_in_data_leaves_no_record(self):
        raw = smtp.Raw(self.stand.postfix.inbound)
        raw.command(b"EHLO vanish.samples.test")
        raw.command(b"MAIL FROM:<v@outside.test>")
        raw.command(b"RCPT TO:<vanish@lazaret.test>")
        raw.command(b"DATA")
        raw.write(b"Subject: half\r\n\r\nhalf a mess")
        raw.close()
        self.assert_accepted(self.stand.send(samples.clean_plain("after"), "after@lazaret.test"))
        self.stand.lazaret.record_of("after@lazaret.test")
        self.assertEqual(self.stand.lazaret.query("--recipient", "vanish@lazaret.test"), [])

    def test_the_null_sender_is_judged_like_any_other(self):
        self.assert_accepted(self.stand.send(samples.clean_plain("null"), "null@lazaret.test", ""))
        self.assertEqual(self.stand.sink.wait_for_recipient("null@lazaret.test").sender, "")
        self.assert_rejected(self.stand.send(samples.eicar_plain("null-bad"), "null-bad@lazaret.test",
                                             ""))

    def test_forged_lazaret_headers_are_removed(self):
        forged = (b"X-Lazaret-Id: forged\r\nX-Lazaret-Verdict: clean; id=forged\r\nx-lazaret-anything: forged\r\n"
                  b"X-Lazaret-Class: forged\r\n")
        self.assert_accepted(self.stand.send(forged + samples.clean_plain("forged"),
                                             "forged@lazaret.test"))
        got = self.stand.sink.wait_for_recipient("forged@lazaret.test")
        ours = [value for name, value in got.header_lines if name.lower().startswith(b"x-lazaret-")]
        self.assertTrue(ours)
        self.assertNotIn(b"forged", b" ".join(ours))

    def test_smtputf8_addresses_and_subjects_pass(self):
        recipient = "用户@lazaret.test"
        raw = smtp.Raw(self.stand.postfix.inbound)
        raw.command(b"EHLO utf8.samples.test")
        raw.command("MAIL FROM:<отправитель@outside.test> SMTPUTF8".encode())
        self.assertEqual(raw.command(("RCPT TO:<%s>" % recipient).encode()).code, 250)
        raw.command(b"DATA")
        raw.write("From: отправитель@outside.test\r\nSubject: 你好\r\n\r\nbody\r\n.\r\n".encode())
        self.assertEqual(raw.read().code, 250)
        raw.close()
        self.stand.sink.wait_for_recipient(recipient)
        self.assertEqual(self.stand.lazaret.record_of(recipient)["action"], "accept")

    def test_mail_from_sendmail_and_pickup_is_judged(self):
        self.stand.postfix.sendmail("local@lazaret.test", ["pickup@lazaret.test"],
                                    b"Subject: local\n\nfrom the machine itself\n")
        self.stand.sink.wait_for_recipient("pickup@lazaret.test")
        self.assertEqual(self.stand.lazaret.record_of("pickup@lazaret.test")["class"], "clean")

    def test_twenty_thousand_headers_get_a_verdict(self):
        many = b"".join(b"X-Many: %d\r\n" % at for at in range(20000))
        reply = self.stand.send(many + samples.clean_plain("many"), "many@lazaret.test")
        record = self.stand.lazaret.record_of("many@lazaret.test")
        self.assertNotEqual(record["class"], "error", record)
        self.assertIn(reply.code // 100, (2, 5))

    def test_a_virus_behind_a_large_clean_part_is_found(self):
        data = samples.attachment("large", "Large", [
            ("notes.txt", "text/plain", b"nothing to see here, only lines\r\n" * 150000),
            ("eicar.com", "application/octet-stream", samples.eicar())])
        self.assert_rejected(self.stand.send(data, "large@lazaret.test"))

    def test_an_empty_body_and_a_body_without_headers_get_a_verdict(self):
        for name, data in (("empty", b"Subject: empty\r\n\r\n"), ("bare", b"\r\nno header at all\r\n")):
            with self.subTest(name):
                self.assert_accepted(self.stand.send(data, name + "@lazaret.test"))
                self.assertEqual(self.stand.lazaret.record_of(name + "@lazaret.test")["class"], "clean")

    def test_many_sessions_at_once_all_get_their_own_answer(self):
        import concurrent.futures
        def one(at):
            bad = at % 4 == 0
            build = samples.eicar_plain if bad else samples.clean_plain
            return bad, self.stand.send(build("at-%d" % at), "at-%d@lazaret.test" % at)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for bad, reply in pool.map(one, range(40)):
                self.assertEqual(reply.code // 100, 5 if bad else 2, reply)


class SizeLimits(StandCase):
    settings = {"limits": {"memory_bytes": 65536, "message_bytes": 1048576}}

    def lines(self, count):
        return b"a line of forty bytes, nothing more..\r\n" * (count // 39)

    def test_a_spooled_message_is_scanned_and_arrives_whole(self):
        data = samples.clean_plain("spooled") + self.lines(400000)
        self.assert_accepted(self.stand.send(data, "spooled@lazaret.test"))
        got = self.stand.sink.wait_for_recipient("spooled@lazaret.test")
        self.assertEqual(got.body, data.partition(b"\r\n\r\n")[2])
        bad = samples.attachment("spooled-bad", "Large", [
            ("notes.txt", "text/plain", self.lines(200000)),
            ("eicar.com", "application/octet-stream", samples.eicar())])
        self.assert_rejected(self.stand.send(bad, "spooled-bad@lazaret.test"))

    def test_a_message_above_the_limit_is_refused_and_never_taken(self):
        below = samples.clean_plain("below") + self.lines(900000)
        self.assert_accepted(self.stand.send(below, "below@lazaret.test"))
        above = samples.clean_plain("above") + self.lines(1200000)
        self.assert_rejected(self.stand.send(above, "above@lazaret.test"))
        self.assertFalse([one for one in self.stand.sink.messages
                          if "above@lazaret.test" in one.recipients])


if __name__ == "__main__":
    unittest.main()
