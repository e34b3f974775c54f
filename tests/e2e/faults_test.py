#!/usr/bin/env python3
"""Ground taken away while mail flows: folders that fill up, descriptors that run out, files that break."""
import os
import random
import resource
import socket
import subprocess
import threading
import time
import unittest

from stand import Lazaret, Stand, samples
from support import net, processes


class FewDescriptors(Lazaret):
    def start(self, wait_seconds=60):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [os.path.join(self.bin, "lazaretd"), "--foreground", "--config", self.config],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
        if wait_seconds:
            self.wait_ready(wait_seconds)


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid) as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Faults(unittest.TestCase):
    def stand(self, settings, start=True):
        stand = Stand(settings, start=start)
        self.addCleanup(stand.stop)
        return stand

    def accepts(self, stand, name, seconds=20):
        net.wait_until("accepting " + name, lambda: stand.send(
            samples.clean_plain(name), name + "@lazaret.test").code == 250, seconds, 0.2)

    def test_a_worker_whose_folder_fills_up_is_replaced_and_never_says_clean(self):
        stand = self.stand({"limits": {"workers": 1, "canary_seconds": 2}, "confine": {"tmpfs_bytes": "16M"}})
        self.accepts(stand, "before")
        (worker,) = stand.lazaret.workers()
        began = time.monotonic()
        with open("/proc/%d/root/tmp/filler" % worker.pid, "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"x" * 65536)
            except OSError:
                pass
        # Nobody sends anything: its own canary finds out.
        net.wait_until("another worker", lambda: all(
            one.pid != worker.pid for one in stand.lazaret.workers()), 10, 0.1)
        self.assertLess(time.monotonic() - began, 10)
        self.assertIn("canary", stand.lazaret.cli("status", check=False).out)
        self.accepts(stand, "after")
        self.assertEqual(stand.send(samples.eicar_zip("bad"), "bad@lazaret.test").code, 550)

    def test_a_full_spool_refuses_the_large_message_for_now_and_no_other(self):
        stand = self.stand({"limits": {"workers": 1, "memory_bytes": "64K"}}, start=False)
        spool = os.path.join(stand.lazaret.root, "var/lib/lazaret/spool")
        os.makedirs(spool)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=0700", "none", spool], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", spool], check=False)
        stand.lazaret.start()
        large = samples.attachment("large", "Large", [("a.bin", "application/octet-stream", random.Random(1).randbytes(1 << 20))])
        reply = stand.send(large, "large@lazaret.test")
        self.assertEqual(reply.code, 452, reply)
        record = stand.lazaret.record_of("large@lazaret.test")
        self.assertEqual((record["class"], record["action"]), ("error", "tempfail"))
        self.assertEqual([one["code"] for one in record["findings"]], ["scan.error.spool"])
        self.accepts(stand, "small")
        subprocess.run(["mount", "-o", "remount,size=8m", spool], check=True)
        self.assertEqual(stand.send(large, "large@lazaret.test").code, 250)

    def test_a_damaged_signature_file_refuses_to_start_and_is_named(self):
        stand = self.stand({}, start=False)
        folder = os.path.join(stand.dir, "signatures")
        os.mkdir(folder)
        os.chmod(folder, 0o755)
        for name, text in (("daily.cvd", b"ClamAV-VDB:01 Jan 2026:1:1:1:" + b"0" * 700),
                           ("own.ldb", b"Half;Engine:51-255,Target:0;0&")):
            with open(os.path.join(folder, name), "wb") as out:
                out.write(text)
            stand.lazaret.settings["clamav"] = {"builtin_only": False, "database": folder}
            stand.lazaret.write_config()
            stand.lazaret.start(wait_seconds=0)
            self.assertNotEqual(stand.lazaret.process.wait(60), 0)
            self.assertIn(folder, stand.lazaret.log_text())
            self.assertEqual(stand.send(samples.clean_plain("x"), "x@lazaret.test").code, 451)
            os.unlink(os.path.join(folder, name))
        self.assertEqual(stand.sink.messages, [])

    def test_few_descriptors_stop_no_mail_for_good_and_burn_no_processor(self):
        stand = self.stand({}, start=False)
        stand.lazaret = FewDescriptors(os.path.join(stand.dir, "few"), stand.postfix.milter_socket,
                                       {"limits": {"workers": 1, "half_open_seconds": 3}})
        stand.lazaret.start()
        self.assertIn("descriptors allowed", stand.lazaret.log_text())
        self.accepts(stand, "before")
        peers = []
        self.addCleanup(lambda: [one.close() for one in peers])
        for _ in range(100):  # each takes a descriptor of the front, as long as there is one
            one = socket.socket(socket.AF_UNIX)
            one.settimeout(0.2)
            try:
                one.connect(stand.postfix.milter_socket)
                one.sendall(b"\0\0")
            except OSError:
                pass
            peers.append(one)
        front = stand.lazaret.role("lazaret-front")
        used, began = cpu_seconds(front.pid), time.monotonic()
        time.sleep(2)
        self.assertLess((cpu_seconds(front.pid) - used) / (time.monotonic() - began), 0.5)
        # They are closed as peers that do not speak, and mail goes on; nobody restarted anything.
        self.accepts(stand, "after", 30)
        self.assertEqual(stand.lazaret.role("lazaret-front").pid, front.pid)
        self.assertEqual(stand.send(samples.eicar_zip("bad"), "bad@lazaret.test").code, 550)

    def test_a_million_levels_end_in_a_verdict(self):
        stand = self.stand({"limits": {"workers": 2, "deadline_seconds": 40}})
        deep = {
            "html": (b"Content-Type: text/html\r\n\r\n" + b"<div>" * 1_000_000 + b"\r\n"),
            "multipart": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" +
                         b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" * 5_000,
            "mail": b"Content-Type: message/rfc822\r\n\r\n" * 10_000,
            "comment": b"Subject: x\r\nContent-Type: text/plain " + b"(" * 50_000 + b"\r\n\r\nx\r\n",
        }
        replies, failed = {}, []

        def send(name, data):
            try:
                head = b"From: a@outside.test\r\nTo: b@lazaret.test\r\nMIME-Version: 1.0\r\n"
                replies[name] = stand.send(head + data, name + "@lazaret.test")
            except Exception as error:  # told below
                failed.append(error)
        threads = [threading.Thread(target=send, args=one) for one in deep.items()]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        self.assertEqual(failed, [])
        deaths = [line for line in stand.lazaret.log_text().splitlines() if "signal 11" in line]
        self.assertEqual(deaths, [])
        for name, reply in replies.items():
            self.assertIn(reply.code, (250, 451, 550), (name, reply))
            record = stand.lazaret.record_of(name + "@lazaret.test")
            if record["class"] == "error":
                self.assertEqual(record["action"], "tempfail", name)
        # A reader that stops at its limit says so.
        self.assertNotEqual(stand.lazaret.record_of("multipart@lazaret.test")["class"], "clean")
        self.assertTrue(all(processes.is_alive(one.pid) for one in stand.lazaret.workers()))


if __name__ == "__main__":
    unittest.main()
