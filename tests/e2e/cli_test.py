#!/usr/bin/env python3
"""The command line: the fixed contract of scan, and log, check, rules, status on real records."""
import csv
import fcntl
import io
import json
import os
import re
import socket
import sqlite3
import struct
import subprocess
import tempfile
import unittest

from stand import StandCase, samples

FIELDS = {"v", "file", "class", "action", "findings", "unscanned", "generation", "ms"}
FINDING = {"code", "rule", "scanner", "path", "severity", "confidence", "count", "evidence"}
CLASSES = {"clean", "suspicious", "ambiguous", "policy", "unscannable", "error", "malicious"}


class Scan(unittest.TestCase):
    """`lazaret scan` needs no MTA and no daemon."""

    @classmethod
    def setUpClass(cls):
        from support.lazaret import Lazaret
        cls.folder = tempfile.TemporaryDirectory(prefix="lazaret-scan-")
        cls.lazaret = Lazaret(cls.folder.name, os.path.join(cls.folder.name, "milter.sock"))
        cls.mails = os.path.join(cls.folder.name, "mails")
        os.makedirs(cls.mails)
        for sample in samples.build_all():
            with open(os.path.join(cls.mails, sample.name + ".eml"), "wb") as out:
                out.write(sample.data)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def path(self, name):
        return os.path.join(self.mails, name + ".eml")

    def scan(self, *arguments, code=None, stdin=None):
        done = self.lazaret.cli("scan", "--json", *arguments, check=False, stdin=stdin)
        if code is not None:
            self.assertEqual(done.returncode, code, done.out + done.err)
        return [json.loads(line) for line in done.out.splitlines()]

    def test_every_line_has_exactly_the_promised_fields(self):
        results = self.scan(self.mails, code=1)
        self.assertEqual(len(results), len(os.listdir(self.mails)))
        for one in results:
            self.assertLessEqual(FIELDS, set(one))
            self.assertEqual(one["v"], 1)
            self.assertIn(one["class"], CLASSES)
            for finding in one["findings"]:
                self.assertLessEqual(FINDING, set(finding))
                self.assertIn(finding["confidence"], ("low", "medium", "high"))
            for row in one["unscanned"]:
                self.assertLessEqual({"path", "reason", "kind"}, set(row))

    def test_clean_mail_exits_0(self):
        for name in ("clean-plain", "clean-html", "clean-documents", "clean-chinese"):
            with self.subTest(name):
                (one,) = self.scan(self.path(name), code=0)
                self.assertEqual(one["class"], "clean")
                # Notes of class clean never act.
                self.assertEqual([row for row in one["findings"] if row["class"] != "clean"], [])

    def test_eicar_exits_1_and_is_malicious(self):
        for name in ("eicar-plain", "eicar-zip"):
            with self.subTest(name):
                (one,) = self.scan(self.path(name), code=1)
                self.assertEqual(one["class"], "malicious")
                self.assertIn("clamav.signature", [row["code"] for row in one["findings"]])

    def test_standard_input_is_a_message(self):
        (one,) = self.scan("-", code=1, stdin=samples.eicar_plain())
        self.assertEqual(one["class"], "malicious")

    def test_detectors_count_distinct_values(self):
        (one,) = self.scan("--direction", "outbound", "--sender", "staff@lazaret.test", "--recipient",
                           "a@outside.test", "--set", "dlp.report_all=true", self.path("card-list"),
                           code=1)
        rows = [row for row in one["findings"] if row["code"] == "dlp.payment_card"]
        self.assertEqual([row["count"] for row in rows], [12], one["findings"])
        (one,) = self.scan("--direction", "outbound", "--set", "dlp.report_all=true",
                           self.path("resident-list"), code=1)
        rows = [row for row in one["findings"] if row["code"] == "dlp.cn_resident_id"]
        self.assertEqual([row["count"] for row in rows], [12], one["findings"])

    def test_evidence_is_masked(self):
        done = self.lazaret.cli("scan", "--json", "--set", "dlp.report_all=true", "--direction",
                                "outbound", self.mails, check=False)
        for number in samples.card_numbers(12) + samples.resident_ids(12):
            self.assertNotIn(number, done.out)

    def test_an_encrypted_archive_is_unscannable_and_exits_1(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "a.txt"), "w") as out:
                out.write("secret\n" * 20)
            archive = os.path.join(folder, "a.zip")
            subprocess.run(["zip", "-q", "-j", "-P", "pass", archive, os.path.join(folder, "a.txt")],
                           check=True)
            with open(archive, "rb") as data:
                mail = samples.attachment("locked", "Locked", [("a.zip", "application/zip",
                                                                data.read())])
        (one,) = self.scan("-", code=1, stdin=mail)
        self.assertEqual(one["class"], "unscannable")
        self.assertTrue(one["unscanned"])
        self.assertIn("encrypted", json.dumps(one["unscanned"]))

    def test_a_wrong_option_and_a_missing_file_exit_2(self):
        self.assertEqual(self.lazaret.cli("scan", "--no-such-option", check=False).returncode, 2)
        self.assertEqual(self.lazaret.cli("scan", "/nonexistent.eml", check=False).returncode, 2)
        self.assertEqual(self.lazaret.cli("scan", check=False).returncode, 2)

    def test_nothing_on_standard_input_is_no_message(self):
        done = self.lazaret.cli("scan", "-", check=False, stdin=b"")
        self.assertEqual((done.returncode, done.out), (2, ""))
        self.assertIn("standard input is empty", done.err)

    def test_a_rule_file_that_is_wrong_is_a_matter_of_configuration(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "wrong.yaml"), "w") as out:
                out.write("nonsense: 1\n")
            done = self.lazaret.cli("scan", "--set", "rules.paths=" + folder, "-", check=False,
                                    stdin=samples.clean_plain())
        self.assertEqual((done.returncode, done.out), (2, ""), done.err)
        self.assertIn("wrong.yaml:1:1", done.err)

    def test_a_mistyped_option_is_told_the_nearest_one(self):
        for words, meant in ((("scan", "--recipent", "a@b.test", "-"), "--recipient"),
                             (("log", "query", "--sinc=2h"), "--since"), (("status", "--jsn"), "--json")):
            done = self.lazaret.cli(*words, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn('did you mean "%s"?' % meant, done.err)

    def test_a_folder_without_messages_exits_2_and_says_so(self):
        with tempfile.TemporaryDirectory() as folder:
            done = self.lazaret.cli("scan", folder, check=False)
            self.assertEqual((done.returncode, done.out), (2, ""), done.err)
            self.assertIn("no messages found", done.err)

    def test_a_fifo_is_refused_by_name_and_said_in_a_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            fifo = os.path.join(folder, "fifo")
            os.mkfifo(fifo)
            done = self.lazaret.cli("scan", fifo, check=False)
            self.assertEqual(done.returncode, 2, done.err)
            self.assertIn("fifo: a fifo, not a file", done.err)
            with open(os.path.join(folder, "a.eml"), "wb") as out:
                out.write(samples.clean_plain())
            done = self.lazaret.cli("scan", folder, check=False)
            self.assertEqual(done.returncode, 0, done.out + done.err)
            self.assertIn("skipped", done.err)
            self.assertIn("fifo: a fifo", done.err)

    def test_a_file_that_is_no_mail_is_judged_and_said(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "program")
            with open(path, "wb") as out:
                out.write(samples.program())
            done = self.lazaret.cli("scan", "--json", path, check=False)
            self.assertIn("not a mail", done.err)
            self.assertEqual(len(done.out.splitlines()), 1)

    def test_a_file_that_cannot_be_read_is_an_error_and_exits_3(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "large.eml")
            with open(path, "wb") as out:
                out.write(samples.clean_plain() + b"x" * 100000)
            (one,) = self.scan("--set", "limits.message_bytes=64K", path, code=3)
            self.assertEqual(one["class"], "error")
            self.assertIn("large.eml", json.dumps(one["findings"] + one["unscanned"]))

    def test_the_text_form_escapes_what_mail_says(self):
        mail = samples.attachment("escape", "Hi", [("\x1b[31mred.exe", "application/octet-stream",
                                                    samples.program())])
        done = self.lazaret.cli("scan", "-", check=False, stdin=mail)
        self.assertNotIn("\x1b", done.out + done.err)


class ScanDaemon(StandCase):
    """`lazaret scan --daemon` judges as `lazaret scan` does, by the running daemon's workers."""

    def scan(self, *arguments, code, stdin=None):
        done = self.stand.lazaret.cli("scan", "--json", *arguments, "-", check=False, stdin=stdin)
        self.assertEqual(done.returncode, code, done.out + done.err)
        return [json.loads(line) for line in done.out.splitlines()]

    def test_the_answer_is_that_of_a_private_scan(self):
        for build, code in ((samples.clean_plain, 0), (samples.eicar_zip, 1),
                            (samples.double_extension, 1)):
            with self.subTest(build.__name__):
                (ours,) = self.scan("--daemon", code=code, stdin=build())
                (private,) = self.scan(code=code, stdin=build())
                for field in ("class", "action", "findings", "unscanned"):
                    self.assertEqual(ours[field], private[field])
        self.stand.send(samples.clean_plain("same"), "same@lazaret.test")
        self.assertEqual(ours["generation"],
                         self.stand.lazaret.record_of("same@lazaret.test")["generation"])

    def test_nothing_is_recorded_and_the_envelope_is_assumed(self):
        before = len(self.stand.lazaret.query("--limit", "1000"))
        self.scan("--daemon", "--direction", "inbound", code=0, stdin=samples.card_list())
        (one,) = self.scan("--daemon", "--direction", "outbound", code=1, stdin=samples.card_list())
        self.assertEqual(one["action"], "hold", one)
        self.assertEqual(len(self.stand.lazaret.query("--limit", "1000")), before)

    def test_a_folder_is_judged_while_mail_flows(self):
        with tempfile.TemporaryDirectory() as folder:
            for at in range(30):
                with open(os.path.join(folder, "%02d.eml" % at), "wb") as out:
                    out.write(samples.eicar_plain() if at % 3 else samples.clean_plain())
            process = subprocess.Popen(
                [os.path.join(self.stand.lazaret.bin, "lazaret"), "--config", self.stand.lazaret.config,
                 "scan", "--json", "--daemon", folder], stdout=subprocess.PIPE)
            for at in range(5):
                self.assert_accepted(self.stand.send(samples.clean_plain("flow-%d" % at),
                                                     "flow-%d@lazaret.test" % at))
            out, _ = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 1)
        classes = [json.loads(line)["class"] for line in out.splitlines()]
        self.assertEqual(classes, ["malicious" if at % 3 else "clean" for at in range(30)])

    def ask(self, announced, data, sealed=True, kind=20, facts=b""):
        """One raw frame to the front's scan socket; what came back after its hello."""
        files = []
        for content in (data, facts):
            files.append(os.memfd_create("test", os.MFD_ALLOW_SEALING))
            os.write(files[-1], content)
            if sealed:
                fcntl.fcntl(files[-1], fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK
                            | fcntl.F_SEAL_GROW)
        payload = struct.pack("<Q", announced)
        frame = struct.pack("<IHHII32sQ", 0x54525A4C, 1, kind, len(payload), 0, b"", 1) + payload
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
            client.settimeout(30)
            client.connect(os.path.join(self.stand.lazaret.root, "run/lazaret/scan.sock"))
            self.assertIn(b"libclamav", client.recv(65536))
            socket.send_fds(client, [frame], files)
            for one in files:
                os.close(one)
            return client.recv(65536)

    def test_bad_frames_get_no_answer_and_do_no_harm(self):
        for what, arguments in (("unsealed", dict(announced=5, data=b"hello", sealed=False)),
                                ("another size", dict(announced=6, data=b"hello")),
                                ("endless", dict(announced=2**63, data=b"hello")),
                                ("bad facts", dict(announced=5, data=b"hello", facts=b"\xff" * 9)),
                                ("another type", dict(announced=5, data=b"hello", kind=21)),
                                ("an unknown type", dict(announced=5, data=b"hello", kind=999))):
            with self.subTest(what):
                self.assertEqual(self.ask(**arguments), b"")
        self.assertEqual(self.scan("--daemon", code=0, stdin=samples.clean_plain())[0]["class"],
                         "clean")
        self.assert_accepted(self.stand.send(samples.clean_plain("harm"), "harm@lazaret.test"))

    def test_other_rules_than_the_daemon_s_are_refused(self):
        done = self.stand.lazaret.cli("scan", "--daemon", "--set", "rules.shipped=false", "-",
                                      check=False, stdin=samples.clean_plain())
        self.assertEqual(done.returncode, 2, done.err)
        self.assertIn("other rules", done.err)

    def test_a_daemon_in_another_mode_is_said(self):
        observe = ("scan", "--daemon", "--set", "policy.mode=observe", "-")
        done = self.stand.lazaret.cli(*observe, stdin=samples.clean_plain())
        self.assertIn("the running daemon's mode is enforce, that of this configuration is observe", done.err)
        done = self.stand.lazaret.cli("scan", "--daemon", "-", stdin=samples.clean_plain())
        self.assertEqual(done.err, "")

    def test_without_a_daemon_nothing_was_looked_at(self):
        done = self.stand.lazaret.cli("scan", "--daemon", "--set", "paths.run=" + self.stand.dir, "-",
                                      check=False, stdin=samples.clean_plain())
        self.assertEqual(done.returncode, 3, done.err)
        self.assertIn("scan.sock: No such file", done.err)


class Check(unittest.TestCase):
    def check(self, text, code, *arguments):
        from support.lazaret import default_bin
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "lazaret.yaml")
            with open(path, "w") as out:
                out.write(text.replace("ROOT", folder))
            done = subprocess.run([os.path.join(default_bin(), "lazaret"), "--config", path, "check",
                                   *(one.replace("ROOT", folder) for one in arguments)],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
            return done.stdout + done.stderr

    GOOD = ("paths:\n  root: ROOT\nclamav:\n  builtin_only: true\n"
            "milter:\n  listen: unix:ROOT/socket/milter.sock\n")

    def test_a_good_configuration_exits_0(self):
        self.check(self.GOOD, 0)

    def test_faults_are_named_with_file_line_and_column(self):
        for text, line in ((self.GOOD + "nonsense: 1\n", 7), (self.GOOD + "clamav:\n  max_files: 3\n", 7),
                           (self.GOOD + "limits:\n  workers: many\n", 8), (self.GOOD + "node: [\n", 0),
                           (self.GOOD + "node: &a x\n", 7)):
            with self.subTest(text):
                said = self.check(text, 2)
                self.assertRegex(said, r"lazaret\.yaml:%s:\d+: \S" % (line or r"\d+"))

    def test_a_bad_rule_is_named_with_file_and_line(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "site.yaml")
            with open(path, "w") as out:
                out.write("rules:\n  - id: site.broken\n    match: {regex: '('}\n")
            said = self.check(self.GOOD + "rules:\n  paths:\n    - %s\n" % path, 2)
            self.assertRegex(said, r"site\.yaml:\d+")

    def test_all_faults_are_named_and_what_is_odd_in_a_policy_is_a_warning(self):
        said = self.check(self.GOOD + "nonsense: 1\nlimits:\n  workers: many\n", 2)
        self.assertIn("lazaret.yaml:7:1:", said)
        self.assertIn("lazaret.yaml:9:12:", said)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "policy.yaml")
            with open(path, "w") as out:
                out.write("version: 1\nblocks:\n  - name: all\n    codes: {dlp.ibann: hold, dlp.iban: tag,\n"
                          "      fraud.urgent-transfer: hold, rule.no-such: tag}\n  - name: never\n")
            said = self.check(self.GOOD + "policy:\n  file: %s\n" % path, 0)
        self.assertIn('policy.yaml:4:13: "dlp.ibann" is no code', said)
        self.assertIn('policy.yaml:6:5: block "never" is never reached', said)
        self.assertIn('policy.yaml:5:36: "rule.no-such" is no code', said)
        self.assertNotIn('"dlp.iban"', said)
        self.assertNotIn("fraud", said)

    def write(self, folder, name, text):
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as out:
            out.write(text)

    def test_a_broken_signature_file_is_a_fault_with_libclamav_s_words(self):
        for name, text, words in (("signatures.d/bad.ndb", "rubbish:line\n", "Malformed database"),
                                  ("signatures.d/bad.yar", "rule a { condition: foo }\n", "undefined identifier"),
                                  ("db/bad.cvd", "rubbish\n", "Not a CVD file")):
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                self.write(folder, name, text)
                more = ["--set", "clamav.signatures_dir=%s/signatures.d" % folder,
                        "--set", "clamav.database=%s/db" % folder]
                said = self.check(self.GOOD, 2, *more)
                self.assertRegex(said, "(?m)^signatures: .*%s.*" % words)
                self.assertIn(os.path.basename(name), said)
                self.assertIn("\n1 fault", said)
                self.assertEqual(said.count("libclamav refuses it"), 1, said)
                # Left out on purpose, that is said and no more.
                said = self.check(self.GOOD, 0, "--no-signatures", *more)
                self.assertRegex(said, "(?m)^signatures: .*not loaded")

    def test_signatures_that_load_are_said_beside_a_broken_rule_and_faults_are_counted_once(self):
        with tempfile.TemporaryDirectory() as folder:
            self.write(folder, "r/site.yaml", "id: SITE-1\nname: x\nnonsense: 1\nmatch: {regex: '('}\n")
            said = self.check(self.GOOD, 2, "--set", "rules.paths=%s/r" % folder)
            self.assertEqual(len(re.findall(r"(?m)site\.yaml:\d+:\d+: ", said)), 2, said)
            self.assertIn("\n2 faults", said)
            self.assertRegex(said, "(?m)^signatures: .*; loaded")

    def test_files_that_are_not_read_and_lists_that_are_not_there_are_named(self):
        with tempfile.TemporaryDirectory() as folder:
            etc = os.path.join(folder, "etc/lazaret")
            self.write(etc, "rules.d/a.yml", "id: A\n")
            self.write(etc, "lists.d/names", "bluebird\n")
            root = ["--set", "paths.etc=" + etc]
            said = self.check(self.GOOD, 0, *root)
            self.assertIn("warning: %s/rules.d/a.yml: not read: the name of a file of rules ends in .yaml" % etc,
                          said)
            self.assertIn("warning: %s/lists.d/names: not read: the name of a list ends in .txt" % etc, said)
            self.write(etc, "rules.d/b.yaml", "id: B\nname: b\nmatch: {keywords: list:names}\n")
            said = self.check(self.GOOD, 2, *root)
            self.assertIn('there is no list "names": no file %s/lists.d/names.txt; lists are: none' % etc, said)
            os.rename(etc + "/lists.d/names", etc + "/lists.d/names.txt")
            self.check(self.GOOD, 0, *root)

    def test_users_groups_and_folders_that_are_not_there_are_all_named(self):
        said = self.check(self.GOOD + "  socket_group: no-such-group\n"
                          "users:\n  front: no-such-user\n  scan: neither\n"
                          "log:\n  database: /dev/null/verdicts.db\n", 2)
        for part in ("lazaret.yaml:7:17: milter.socket_group: group \"no-such-group\"",
                     "lazaret.yaml:9:10: users.front: user \"no-such-user\"",
                     "lazaret.yaml:10:9: users.scan: user \"neither\"",
                     "lazaret.yaml:12:13: log.database: /dev/null", "4 faults"):
            self.assertIn(part, said)

    def test_a_milter_socket_whose_folder_cannot_be_made_is_a_fault(self):
        said = self.check(self.GOOD.replace("ROOT/socket", "ROOT/no/such"), 2)
        self.assertIn("milter.listen: ", said)


def open_and_read(path):
    with open(path) as text:
        return text.read()


class CheckPostfix(StandCase):
    """`lazaret check` beside a Postfix that is attached."""

    def check(self, code, *settings):
        sets = [word for one in settings for word in ("--set", one)]
        done = self.stand.lazaret.cli("check", "--postfix", self.stand.postfix.conf, *sets, check=False)
        self.assertEqual(done.returncode, code, done.out + done.err)
        return done.err

    def test_a_deadline_at_or_above_postfix_s_time_is_a_fault(self):
        self.check(0, "limits.deadline_seconds=30")
        said = self.check(2, "limits.deadline_seconds=60")
        self.assertIn("milter_content_timeout = 60s", said)

    def test_a_smaller_message_limit_is_a_warning(self):
        said = self.check(0, "limits.deadline_seconds=30", "limits.message_bytes=1M")
        self.assertIn("warning: Postfix message_size_limit = 50331648", said)

    def said_with(self, code, *postconf):
        """With main.cf or master.cf changed for a moment; only `postconf` reads it."""
        conf = self.stand.postfix.conf
        kept = {name: open_and_read(os.path.join(conf, name)) for name in ("main.cf", "master.cf")}
        try:
            self.stand.postfix.command("postconf", "-c", conf, *postconf)
            return self.check(code, "limits.deadline_seconds=30")
        finally:
            for name, text in kept.items():
                with open(os.path.join(conf, name), "w") as out:
                    out.write(text)

    def test_what_a_real_postconf_says_of_milters_and_services_is_understood(self):
        ours = "unix:lazaret/milter.sock"
        said = self.said_with(2, "-e", "smtpd_milters={ %s, default_action=accept }" % ours)
        self.assertIn("smtpd_milters: default_action=accept", said)
        said = self.said_with(2, "-e", "smtpd_milters=unix:" + self.stand.postfix.milter_socket)
        self.assertIn("(smtpd) is chrooted", said)
        self.assertIn("write " + ours, said)
        service = "127.0.0.1:%d/inet" % self.stand.postfix.outbound
        said = self.said_with(0, "-P", service + "/smtpd_milters=")
        self.assertIn("%s -o smtpd_milters=: mail that comes this way passes unscanned" % service, said)
        said = self.said_with(2, "-e", "virtual_mailbox_limit=1000000")
        self.assertIn("virtual_mailbox_limit = 1000000: below message_size_limit (50331648)", said)
        said = self.said_with(2, "-e", "milter_default_action=shutdown")
        self.assertIn("not known to Postfix 3.7", said)

    def test_a_socket_that_postfix_s_user_cannot_reach_is_a_fault(self):
        folder = self.stand.postfix.milter_folder
        mode = os.stat(folder).st_mode & 0o7777
        os.chmod(folder, 0o700)
        try:
            said = self.check(2, "limits.deadline_seconds=30")
        finally:
            os.chmod(folder, mode)
        self.assertIn("milter.listen: %s: user postfix may not pass" % folder, said)

    def test_a_socket_that_postfix_does_not_name_is_a_warning(self):
        said = self.check(0, "milter.listen=unix:" + os.path.join(self.stand.dir, "other.sock"))
        self.assertIn("Postfix does not ask Lazaret", said)


class Log(StandCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for sample in samples.build_all():
            cls.stand.send_sample(sample)
        cls.lazaret = cls.stand.lazaret
        cls.lazaret.record_of("malformed@lazaret.test")

    def test_query_finds_by_class_action_sender_recipient_and_time(self):
        everything = self.lazaret.query("--limit", "100")
        self.assertEqual(len(everything), len(samples.build_all()))
        for option, value, test in (
                ("--class", "malicious", lambda one: one["class"] == "malicious"),
                ("--action", "reject", lambda one: one["action"] == "reject"),
                ("--sender", "staff@lazaret.test", lambda one: "staff@lazaret.test" in str(one)),
                ("--recipient", "phishing@lazaret.test", lambda one: "phishing@" in str(one))):
            with self.subTest(option):
                found = self.lazaret.query(option, value, "--limit", "100")
                self.assertTrue(found)
                self.assertEqual(sorted(one["id"] for one in found),
                                 sorted(one["id"] for one in everything if test(one)))
        self.assertEqual(self.lazaret.query("--until", "2020-01-01"), [])
        self.assertEqual(len(self.lazaret.query("--since", "2020-01-01", "--limit", "100")),
                         len(everything))
        self.assertEqual(len(self.lazaret.query("--limit", "3")), 3)

    def test_query_by_rule_or_signature(self):
        found = self.lazaret.query("--class", "malicious")
        rule = next(one["rule"] for one in found[0]["findings"] if one["rule"])
        self.assertTrue(self.lazaret.query("--rule", rule))

    def test_csv_has_a_header_and_one_row_a_record(self):
        out = self.lazaret.cli("log", "query", "--csv", "--limit", "100").out
        rows = list(csv.reader(io.StringIO(out)))
        self.assertEqual(len(rows), 1 + len(samples.build_all()))
        self.assertTrue(all(len(row) == len(rows[0]) for row in rows))

    def test_show_and_explain_tell_the_findings_and_the_tree(self):
        (one,) = self.lazaret.query("--recipient", "eicar-zip@lazaret.test")
        shown = self.lazaret.cli("log", "show", one["id"]).out
        self.assertIn(one["id"], shown)
        explained = self.lazaret.cli("log", "explain", one["id"]).out
        for word in ("papers.zip", "clamav.signature", "reject", "malicious"):
            self.assertIn(word, explained)

    def test_an_unknown_id_is_an_error(self):
        self.assertNotEqual(self.lazaret.cli("log", "show", "a" * 26, check=False).returncode, 0)

    def verify_copy(self, change):
        """log verify on a copy of the log after change(connection)."""
        with tempfile.TemporaryDirectory() as folder:
            copy = os.path.join(folder, "verdicts.db")
            source = sqlite3.connect("file:%s/var/lib/lazaret/db/verdicts.db?mode=ro"
                                     % self.lazaret.root, uri=True)
            target = sqlite3.connect(copy)
            source.backup(target)
            source.close()
            target.execute("PRAGMA journal_mode=DELETE")
            change(target)
            target.commit()
            target.close()
            return self.lazaret.cli("--set", "log.database=" + copy, "log", "verify", check=False)

    def test_verify_passes_and_notices_a_changed_or_missing_record(self):
        whole = self.verify_copy(lambda _: None)
        self.assertEqual(whole.returncode, 0, whole.out + whole.err)

        def change(connection):
            seq, body = connection.execute("SELECT seq, body FROM event ORDER BY seq LIMIT 1 OFFSET 3"
                                           ).fetchone()
            changed = body[:-1] + bytes([body[-1] ^ 1])
            connection.execute("UPDATE event SET body = ? WHERE seq = ?", (changed, seq))
        self.assertEqual(self.verify_copy(change).returncode, 1)
        self.assertEqual(self.verify_copy(lambda connection: connection.execute(
            "DELETE FROM event WHERE seq = 4")).returncode, 1)

    def test_status_names_roles_generation_and_confinement(self):
        said = self.lazaret.cli("status").out
        for word in ("front", "analyzer", "outbound", "admin", "generation", "confinement"):
            self.assertIn(word, said.lower())

    def test_rules_list_and_test_pass_on_the_shipped_rules(self):
        self.assertTrue(self.lazaret.cli("rules", "list").out.strip())
        self.lazaret.cli("rules", "check")
        self.lazaret.cli("rules", "test")

    def test_rules_list_says_when_the_daemon_has_others_in_force(self):
        self.assertNotIn("other rules", self.lazaret.cli("rules", "list").err)
        said = self.lazaret.cli("--set", "rules.shipped=false", "rules", "list").err
        self.assertEqual(said.count("note: the running daemon has other rules"), 1, said)

    def test_the_daemon_warns_of_a_rule_file_that_it_does_not_read(self):
        path = os.path.join(self.lazaret.root, "etc/lazaret/rules.d/unread.yml")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as out:
            out.write("id: UNREAD\n")
        self.lazaret.cli("reload")
        os.remove(path)
        self.assertIn(path + ": not read: the name of a file of rules ends in .yaml", self.lazaret.log_text())

    def test_who_may_not_ask_the_daemon_is_told_who_may(self):
        for command, who in (("status", "only root and members of group lazaret may ask"),
                             ("stats", "only root and members of group lazaret may ask"),
                             ("reload", "only root may reload"), ("rollback", "only root may rollback")):
            done = subprocess.run([os.path.join(self.lazaret.bin, "lazaret"), "--set",
                                   "paths.run=" + os.path.join(self.lazaret.root, "run/lazaret"), command],
                                  capture_output=True, text=True, user=65534, group=65534, extra_groups=[])
            self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
            self.assertIn("lazaret %s: %s" % (command, who), done.stderr)
            self.assertIn("Permission denied", done.stderr)
            self.assertNotIn("no daemon answers", done.stderr)


class Help(unittest.TestCase):
    def refused(self, *words):
        from support.lazaret import default_bin
        done = subprocess.run([os.path.join(default_bin(), "lazaret"), *words], capture_output=True,
                              text=True)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        return done.stderr

    def test_a_mistyped_command_is_answered_with_the_nearest_one(self):
        self.assertIn('unknown command "chek"; did you mean "check"?', self.refused("chek"))
        self.assertIn('unknown command "list"; did you mean "query"?', self.refused("log", "list"))
        self.assertIn('did you mean "query"?', self.refused("log", "qurey"))
        self.assertIn('did you mean "log"?', self.refused("--set", "node=a", "lgo", "query"))
        self.assertIn('unknown command "frobnicate"', self.refused("frobnicate"))
        self.assertNotIn("\x1b", self.refused("\x1b[2J"))

    def test_wrong_numbers_and_times_of_a_query_are_usage_errors(self):
        for words in (["--limit", "0"], ["--limit", "-1"], ["--limit", "many"], ["--since", "soon"],
                      ["--class", "evil"], ["--action", "burn"], ["--sender", "nobody"]):
            with self.subTest(words):
                self.assertIn(words[0], self.refused("log", "query", *words))

    def test_every_command_has_a_help_text(self):
        from support.lazaret import default_bin
        program = os.path.join(default_bin(), "lazaret")
        for command in ([], ["scan"], ["log"], ["log", "query"], ["log", "show"], ["log", "explain"],
                        ["log", "verify"], ["rules"], ["check"], ["status"]):
            done = subprocess.run([program, *command, "--help"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, command)
            self.assertGreater(len(done.stdout), 100, command)
            self.assertIsNone(re.search("\x1b", done.stdout))


if __name__ == "__main__":
    unittest.main()
