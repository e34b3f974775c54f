#!/usr/bin/env python3
"""Bodies that are no ordinary text: what arrives is what was judged, byte for byte."""
import hashlib
import unittest

from stand import StandCase, samples, smtp


def body_of(data):
    return data.partition(b"\r\n\r\n")[2]


class Bodies(StandCase):
    def deliver(self, name, body, options=(), head=b""):
        """Sends head and body; gives the Delivery, after comparing it with what the log says."""
        recipient = name + "@lazaret.test"
        data = samples.clean_plain(name)
        data = head + data[:-len(body_of(data))] + body
        reply = self.stand.send(data, recipient, options=options)
        self.assert_accepted(reply)
        record = self.stand.lazaret.record_of(recipient)
        self.assertIn(record["action"], ("accept", "tag"), record)
        got = self.stand.sink.wait_for_recipient(recipient)
        self.assertEqual(got.body_sha256(), record["body_sha256"])
        return got

    def test_nul_bytes(self):
        body = b"before\0after\r\n\0\0\r\nlast line\r\n"
        self.assertEqual(self.deliver("nul", body).body, body)

    def test_8bitmime(self):
        body = "Grüße, 你好, привет\r\n".encode() + bytes(range(0x80, 0x100)) + b"\r\n"
        self.assertEqual(self.deliver("eight-bit", body, ["BODY=8BITMIME"]).body, body)

    def test_lines_longer_than_any_buffer(self):
        body = b"x" * 100_000 + b"\r\n" + b"y" * 70_000 + b"\r\nshort\r\n"
        self.assertEqual(self.deliver("long-lines", body).body, body)

    def test_bare_cr_and_bare_lf(self):
        # Postfix makes a line end of a bare LF, and a blank of a bare CR, before a milter sees them.
        got = self.deliver("bare", b"one\ntwo\rthree\r\r\nfour\n\r\nfive\r\n")
        self.assertIn(b"one\r\ntwo", got.body)

    def test_dots_at_the_beginning_of_lines(self):
        body = b".\r\n..\r\n.hidden\r\nend\r\n"
        self.assertEqual(self.deliver("dots", body).body, body)

    def test_no_line_end_at_the_end_and_empty_lines(self):
        body = b"\r\n\r\n\r\nonly this\r\n\r\n\r\n"
        self.assertEqual(self.deliver("empty-lines", body).body, body)

    def test_chunks_cut_anywhere_arrive_whole(self):
        for size in (65534, 65535, 65536, 65537, 131072):
            with self.subTest(size):
                line = b"0123456789abcdef" * 4 + b"\r\n"
                body = (line * (size // len(line) + 1))[:size - 2] + b"\r\n"
                # A cut between CR and LF would leave a stray CR.
                body = body.replace(b"\r\r\n", b"x\r\n")
                self.assertEqual(self.deliver("chunk-%d" % size, body).body, body)

    def test_an_attachment_of_twenty_megabytes(self):
        noise = b"".join(hashlib.sha256(b"%d" % at).digest() for at in range(20 * 2**20 // 32))
        data = samples.attachment("twenty", "Large", [("data.bin", "application/octet-stream", noise)])
        reply = self.stand.send(data, "twenty@lazaret.test")
        self.assert_accepted(reply)
        record = self.stand.lazaret.record_of("twenty@lazaret.test")
        self.assertEqual(record["class"], "clean", record)
        got = self.stand.sink.wait_for_recipient("twenty@lazaret.test", 60)
        self.assertEqual(got.body_sha256(), record["body_sha256"])
        self.assertEqual(got.body, body_of(data))


if __name__ == "__main__":
    unittest.main()
