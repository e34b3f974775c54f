"""The supervisor with roles that only speak its protocol, and where it matters with the real front:
python3 supervisor_test.py LAZARETD TEST_ROLE LAZARET_FRONT LAZARET."""
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

LAZARETD, TEST_ROLE, FRONT, CLI = "", "", "", ""
ROLES = ["front", "analyzer", "outbound", "admin"]
OPERATIONS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../docs/operations.md")
PATIENCE = 30  # seconds for anything that must happen
HEADER = struct.Struct("<IHHII16s16sQ")
CONTROL_REQUEST, CONTROL_REPLY = 50, 51


class Daemon:
    """One lazaretd in a folder of its own; `replace` gives a role a shell script instead."""

    def __init__(self, replace=None, sets=(), leave_out=(), real=(), environment=None, beside=()):
        self.folder = tempfile.TemporaryDirectory(prefix="lazaretd-")
        roles = self.roles = os.path.join(self.folder.name, "roles")
        os.mkdir(roles)
        for name in ROLES:
            path = os.path.join(roles, "lazaret-" + name)
            if name in leave_out:
                continue
            if replace and name in replace:
                with open(path, "w") as script:
                    script.write("#!/bin/sh\n" + replace[name] + "\n")
                os.chmod(path, 0o755)
            else:
                os.symlink(os.path.join(os.path.dirname(FRONT), "lazaret-" + name) if name in real else TEST_ROLE, path)
        for name, text in beside:
            with open(os.path.join(roles, name), "w") as out:
                out.write(text)
        self.root = os.path.join(self.folder.name, "root")
        self.config = os.path.join(self.folder.name, "lazaret.yaml")
        with open(self.config, "w") as out:
            out.write("node: test\n")
        settings = ["paths.root=" + self.root, "rules.shipped=false", "limits.drain_seconds=5", "reload.watch=false", *sets]
        command = [LAZARETD, "--foreground", "--config", self.config, "--roles-dir", roles]
        for setting in settings:
            command += ["--set", setting]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, env={**os.environ, **(environment or {})})
        self.text = ""

    def read_until(self, needle):
        """Reads stderr until a line holds `needle`; the end of the stream is a failure."""
        fd = self.process.stderr.fileno()
        while needle not in self.text:
            if not select.select([fd], [], [], PATIENCE)[0]:
                raise AssertionError("nothing said %r:\n%s" % (needle, self.text))
            piece = os.read(fd, 65536)
            if not piece:
                raise AssertionError("ended without %r:\n%s" % (needle, self.text))
            self.text += piece.decode()
        before, _, self.text = self.text.partition(needle)
        return before

    def rest(self):
        """What was said until the daemon and all roles had closed stderr, that is until all had ended."""
        fd = self.process.stderr.fileno()
        while True:
            if not select.select([fd], [], [], PATIENCE)[0]:
                raise AssertionError("a role is still alive:\n" + self.text)
            piece = os.read(fd, 65536)
            if not piece:
                return self.text
            self.text += piece.decode()

    def wait_ready(self):
        """Roles become ready in any order, so nothing that was said is dropped."""
        for name in ROLES:
            before = self.read_until(name + " is ready")
            self.text = before + name + " is ready" + self.text

    def ask(self, command):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
            client.settimeout(PATIENCE)
            client.connect(self.socket_path())
            payload = struct.pack("<I", len(command)) + command.encode()
            client.send(HEADER.pack(0x54525A4C, 1, CONTROL_REQUEST, len(payload), 0, b"", b"", 0) + payload)
            reply = client.recv(1 << 16)
        kind, size = HEADER.unpack(reply[: HEADER.size])[2:4]
        body = reply[HEADER.size:]
        assert kind == CONTROL_REPLY and size == len(body), (kind, size, len(body))
        return body[0] == 1, body[5:].decode()

    def socket_path(self):
        return os.path.join(self.root, "run/lazaret/lazaretd.sock")

    def milter_socket(self):
        return os.path.join(self.root, "var/spool/postfix/lazaret/milter.sock")

    def log_folder(self):
        return os.path.join(self.root, "var/lib/lazaret/db")

    def cli(self, *words):
        return subprocess.run([CLI, "--config", self.config, "--set", "paths.root=" + self.root, *words],
                              capture_output=True, text=True, timeout=PATIENCE)

    def cli_status(self, *more):
        return self.cli("status", *more)

    def status(self):
        fine, text = self.ask("status")
        assert fine, text
        return {role["name"]: role for role in json.loads(text)["roles"]}

    def wait_status(self, holds):
        """Each question gives the supervisor a turn; bounded by PATIENCE through the number of turns."""
        for _ in range(100_000):
            roles = self.status()
            if holds(roles):
                return roles
        raise AssertionError("never came true: %r" % roles)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        if not self.process.stderr.closed:
            self.process.stderr.close()
        self.folder.cleanup()


def connect(path):
    """Raises when nobody listens there."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE)
        client.connect(path)


class SupervisorTest(unittest.TestCase):
    def start(self, **options):
        daemon = Daemon(**options)
        self.addCleanup(daemon.close)
        return daemon

    def test_all_roles_start_and_report(self):
        daemon = self.start()
        roles = self.started(daemon)
        self.assertEqual(list(roles), ROLES)
        for role in roles.values():
            self.assertEqual((role["state"], role["restarts"]), ("ready", 0))
            self.assertEqual(role["status"], {"ready": True})

    def started(self, daemon):
        daemon.wait_ready()
        return daemon.wait_status(lambda roles: all(r["state"] == "ready" for r in roles.values()))

    def test_a_killed_role_is_started_again(self):
        daemon = self.start()
        for name in ROLES:
            before = self.started(daemon)[name]["pid"] if name == ROLES[0] else daemon.status()[name]["pid"]
            os.kill(before, signal.SIGKILL)
            after = daemon.wait_status(lambda r, n=name: r[n]["state"] == "ready" and r[n]["restarts"] == 1)
            self.assertNotEqual(after[name]["pid"], before)

    def test_sigterm_drains_front_first_and_stops_all(self):
        daemon = self.start()
        self.started(daemon)
        daemon.process.send_signal(signal.SIGTERM)
        said = daemon.rest()
        self.assertEqual(daemon.process.wait(PATIENCE), 0)
        order = ["lazaret-front drained"] + ["lazaret-%s stopped" % n for n in ("admin", "outbound", "analyzer")]
        places = [said.find("test: " + line) for line in order]
        self.assertNotIn(-1, places, said)
        self.assertEqual(places, sorted(places), said)
        self.assertFalse(os.path.exists(daemon.socket_path()))

    def test_a_killed_supervisor_takes_all_roles_with_it(self):
        daemon = self.start()
        self.started(daemon)
        daemon.process.kill()
        daemon.rest()  # returns only when no role holds stderr any more

    def test_a_role_that_heeds_nothing_dies_with_the_supervisor_too(self):
        # It reads no control socket, so only the parent-death signal can end it.
        daemon = self.start(replace={"admin": "exec sleep 90"})
        daemon.read_until("front is ready")
        self.assertGreater(daemon.status()["admin"]["pid"], 0)
        daemon.process.kill()
        daemon.rest()

    def test_a_dead_role_is_started_again_ever_more_slowly_and_status_counts(self):
        daemon = self.start(replace={"admin": "exit 1"})
        ends = []
        for _ in range(4):
            daemon.read_until("admin ended (exit code 1)")
            ends.append(time.monotonic())
        for shortest, (before, after) in zip((0.2, 0.4, 0.8), zip(ends, ends[1:])):
            self.assertGreater(after - before, 0.7 * shortest, ends)
        restarts = daemon.wait_status(lambda r: r["front"]["state"] == "ready")["admin"]["restarts"]
        self.assertGreaterEqual(restarts, 4)
        line = next(line for line in daemon.cli_status().stdout.splitlines() if line.startswith("admin"))
        self.assertGreaterEqual(int(line.split("restarts")[1]), restarts)

    def running_with_socket_and_log(self, daemon=None, **options):
        """Everything that status looks at is there: exit 0."""
        if not daemon:
            daemon = self.start(**options)
            self.started(daemon)
        os.makedirs(os.path.dirname(daemon.milter_socket()), exist_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(daemon.milter_socket())
        os.makedirs(daemon.log_folder(), exist_ok=True)
        open(os.path.join(daemon.log_folder(), "verdicts.db"), "w").close()
        done = daemon.cli_status()
        self.assertEqual(done.returncode, 0, done)
        self.assertNotIn("PROBLEM", done.stdout)
        self.assertEqual(json.loads(daemon.cli_status("--json").stdout)["problems"], [])
        return daemon

    def assert_problem(self, daemon, *words):
        done = daemon.cli_status()
        self.assertEqual(done.returncode, 1, done)
        lines = [line for line in done.stdout.splitlines() if line.startswith("PROBLEM")]
        self.assertEqual(len(lines), 1, done)
        for word in words:
            self.assertIn(word, lines[0])
        self.assertEqual(daemon.cli_status("--json").returncode, 1)

    def front_says(self, daemon, **status):
        with open(os.path.join(daemon.roles, "lazaret-front.json"), "w") as out:
            json.dump(status, out)

    def test_status_fails_while_the_milter_socket_is_missing(self):
        daemon = self.running_with_socket_and_log()
        os.unlink(daemon.milter_socket())
        self.assert_problem(daemon, "milter socket " + daemon.milter_socket())
        open(daemon.milter_socket(), "w").close()  # a file in its place is no socket
        self.assert_problem(daemon, "milter socket")

    def test_a_stopped_role_does_not_hold_up_the_supervisor(self):
        daemon = self.running_with_socket_and_log()
        pid = daemon.status()["front"]["pid"]
        os.kill(pid, signal.SIGSTOP)
        # More questions than its control socket would hold; the first alone waits for it.
        for _ in range(400):
            self.assertEqual(daemon.status()["front"]["status"], {})
        self.assert_problem(daemon, "front does not answer")
        os.kill(pid, signal.SIGCONT)
        daemon.wait_status(lambda r: r["front"]["status"] == {"ready": True})
        self.assertEqual(daemon.cli_status().returncode, 0)

    def test_status_fails_while_no_worker_is_ready(self):
        daemon = self.running_with_socket_and_log()
        self.front_says(daemon, ready=False, not_ready_reason="canary eicar-zip")
        self.assert_problem(daemon, "no worker is ready: canary eicar-zip")
        self.front_says(daemon, ready=True)
        self.assertEqual(daemon.cli_status().returncode, 0)

    def test_status_shows_what_became_of_mail(self):
        daemon = self.running_with_socket_and_log()
        counters = {"messages_total": 13, "messages_class_clean_total": 12, "messages_class_malicious_total": 1,
                    "messages_action_accept_total": 12, "messages_action_reject_total": 1,
                    "messages_aborted_total": 2, "messages_refused_total": 3, "messages_refused_at_mail_total": 4,
                    "messages_not_looked_at_total": 5, "verdicts_not_recorded_total": 6}
        limits = [{"name": "limits.sessions", "used": 9, "limit": 1000},
                  {"name": "limits.queue_bytes", "used": 128 << 20, "limit": 256 << 20},
                  {"name": "poison_list", "used": 0, "limit": 0}]
        self.front_says(daemon, ready=True, limits=limits, waiting=7, in_flight=8, sessions=9, oldest_millis=61_500, counters=counters)
        lines = [" ".join(line.split()) for line in daemon.cli_status().stdout.splitlines()]
        for line in ("queue 7 waiting, 8 in flight, 9 sessions", "oldest waits 61 s for its answer",
                     "limits.sessions 9 of 1000 (0 %)", "limits.queue_bytes 128 MiB of 256 MiB (50 %)",
                     "poison_list 0 of 0 (0 %)",
                     "messages 13 answered since the front started", "class clean 12, malicious 1",
                     "answer accept 12, reject 1",
                     "trouble 2 aborted, 3 refused for a limit, 4 refused at MAIL, 5 not looked at, 6 not recorded"):
            self.assertIn(line, lines)
        self.front_says(daemon, ready=True)
        lines = [" ".join(line.split()) for line in daemon.cli_status().stdout.splitlines()]
        self.assertIn("class none yet", lines)
        self.assertFalse([line for line in lines if line.startswith("oldest")])

    def test_status_fails_while_a_verdict_was_not_recorded(self):
        daemon = self.running_with_socket_and_log()
        self.front_says(daemon, ready=True, counters={"verdict_log_failing_bool": 1})
        self.assert_problem(daemon, "verdict log cannot be written", "not recorded")
        self.front_says(daemon, ready=True, counters={"verdict_log_failing_bool": 0})
        self.assertEqual(daemon.cli_status().returncode, 0)

    def test_status_fails_while_the_log_is_missing(self):
        daemon = self.running_with_socket_and_log()
        os.unlink(os.path.join(daemon.log_folder(), "verdicts.db"))
        self.assert_problem(daemon, "verdict log cannot be written", "verdicts.db")

    @unittest.skipUnless(os.geteuid() == 0, "mounts")
    def test_status_fails_while_the_disk_of_the_log_is_full_or_read_only(self):
        daemon = self.running_with_socket_and_log()
        folder = daemon.log_folder()
        mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", folder]
        if subprocess.run(mount, capture_output=True).returncode != 0:
            self.skipTest("mounting is not allowed here")
        self.addCleanup(subprocess.run, ["umount", "-l", folder], check=True)
        open(os.path.join(folder, "verdicts.db"), "w").close()
        self.assertEqual(daemon.cli_status().returncode, 0)
        with open(os.path.join(folder, "filler"), "wb") as out:
            out.write(b"x" * (200 << 10))
        self.assert_problem(daemon, "verdict log cannot be written", folder + " is full")
        os.unlink(os.path.join(folder, "filler"))
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        self.assert_problem(daemon, "verdict log cannot be written", folder + " is read-only")

    def test_nobody_reading_its_log_does_not_stop_it(self):
        daemon = self.start()
        before = self.started(daemon)["front"]["pid"]
        daemon.process.stderr.close()
        os.kill(before, signal.SIGKILL)  # makes it write to the log
        daemon.wait_status(lambda r: r["front"]["state"] == "ready" and r["front"]["restarts"] == 1)
        self.assertIsNone(daemon.process.poll())

    def test_a_refused_configuration_is_not_tried_again(self):
        for code in (78, 2):
            with self.subTest(code=code):
                daemon = self.start(replace={"analyzer": "exit %d" % code})
                said = daemon.rest()
                self.assertEqual(daemon.process.wait(PATIENCE), 2, said)
                self.assertIn("analyzer ended (exit code %d)" % code, said)

    def test_an_essential_role_that_crashes_at_first_start_ends_the_daemon(self):
        daemon = self.start(replace={"front": "kill -9 $$"})
        said = daemon.rest()
        self.assertEqual(daemon.process.wait(PATIENCE), 1, said)
        self.assertIn("front ended (signal 9)", said)

    def test_a_missing_essential_program_is_named(self):
        daemon = self.start(leave_out=("analyzer",))
        said = daemon.rest()
        self.assertEqual(daemon.process.wait(PATIENCE), 1, said)
        self.assertIn("lazaret-analyzer", said)

    def test_a_side_role_that_cannot_start_stops_nothing(self):
        daemon = self.start(replace={"admin": "exit 1"})
        daemon.read_until("admin ended (exit code 1)")
        roles = daemon.wait_status(lambda r: r["admin"]["restarts"] >= 2 and r["front"]["state"] == "ready")
        self.assertIn(roles["admin"]["state"], ("down", "starting"))

    def manager(self, abstract=False):
        """A service manager's notify socket and the environment that names it."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(listener.close)
        listener.settimeout(PATIENCE)
        folder = tempfile.TemporaryDirectory(prefix="notify-")
        self.addCleanup(folder.cleanup)
        path = "@" + folder.name if abstract else folder.name + "/socket"
        listener.bind(path.replace("@", "\0"))
        return listener, {"NOTIFY_SOCKET": path}

    def told(self, listener, wanted):
        """Reads until the manager is told a line; what was told until then."""
        lines = []
        while wanted not in lines:
            lines += listener.recv(65536).decode().split("\n")
        return lines

    def told_nothing_for(self, listener, seconds):
        return not select.select([listener], [], [], seconds)[0]

    def test_the_service_manager_is_told_how_the_roles_are(self):
        for abstract in (False, True):
            with self.subTest(abstract=abstract):
                listener, environment = self.manager(abstract)
                daemon = self.start(environment=environment)
                lines = self.told(listener, "STATUS=front ready, analyzer ready, outbound ready, admin ready")
                self.assertIn("READY=1", lines)
                self.assertNotIn("WATCHDOG=1", lines)  # nobody asked for it
                daemon.process.send_signal(signal.SIGTERM)
                lines = self.told(listener, "STOPPING=1")
                self.assertNotIn("READY=1", lines)
                daemon.process.wait(PATIENCE)

    def test_the_watchdog_is_pinged_only_while_the_front_answers(self):
        listener, environment = self.manager()
        daemon = self.start(environment={**environment, "WATCHDOG_USEC": "400000"})
        front = self.started(daemon)["front"]["pid"]
        self.told(listener, "WATCHDOG=1")
        self.told(listener, "WATCHDOG=1")
        os.kill(front, signal.SIGSTOP)
        daemon.read_until("front does not answer: no ping to the watchdog")
        listener.setblocking(False)
        try:
            while True:
                listener.recv(65536)  # pings from before
        except BlockingIOError:
            listener.settimeout(PATIENCE)
        for _ in range(3):  # the loop goes on: it looks every quarter of the time
            daemon.read_until("front does not answer: no ping to the watchdog")
        self.assertTrue(self.told_nothing_for(listener, 0))
        self.assertEqual(daemon.status()["front"]["status"], {})
        os.kill(front, signal.SIGCONT)
        self.told(listener, "WATCHDOG=1")
        os.kill(front, signal.SIGKILL)  # it is started again by us: no reason to restart all
        self.told(listener, "WATCHDOG=1")
        daemon.wait_status(lambda r: r["front"]["restarts"] == 1 and r["front"]["state"] == "ready")
        for _ in range(200):  # a question of the watchdog never takes a status its answer
            self.assertEqual(daemon.status()["front"]["status"], {"ready": True})

    def test_a_watchdog_that_is_not_ours_gets_no_ping(self):
        for wrong in ({"WATCHDOG_USEC": "20000", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "soon"},
                      {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "20000", "WATCHDOG_PID": "x"}):
            with self.subTest(wrong=wrong):
                listener, environment = self.manager()
                daemon = self.start(environment={**environment, **wrong})
                lines = self.told(listener, "STATUS=front ready, analyzer ready, outbound ready, admin ready")
                daemon.process.send_signal(signal.SIGTERM)
                lines += self.told(listener, "STOPPING=1")
                self.assertNotIn("WATCHDOG=1", lines)
                daemon.process.wait(PATIENCE)

    def write_rule(self, daemon, text="id: R-1\n"):
        folder = os.path.join(daemon.root, "etc/lazaret/rules.d")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "rule.yaml"), "w") as out:
            out.write(text)

    def write_beside(self, daemon, name, text):
        with open(os.path.join(daemon.roles, name), "w") as out:
            out.write(text)

    def last_reload(self, daemon):
        return json.loads(daemon.ask("status")[1])["last_reload"]

    def test_a_reload_gives_the_new_bundle_to_front_then_to_the_analyzer(self):
        daemon = self.start()
        before = self.started(daemon)
        self.write_rule(daemon)
        fine, said = daemon.ask("reload")
        self.assertTrue(fine, said)
        self.assertIn("generation-of-la", said)
        text = daemon.read_until("lazaret-front was told what is in force")
        self.assertLess(text.index("lazaret-front got a bundle"), text.index("lazaret-analyzer got a bundle"))
        after = daemon.status()
        self.assertEqual({n: r["pid"] for n, r in before.items()}, {n: r["pid"] for n, r in after.items()})
        self.assertIn("unchanged", daemon.ask("reload")[1])

    def test_hangup_reloads(self):
        daemon = self.start()
        self.started(daemon)
        self.write_rule(daemon)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.read_until("reload: generation generation-of-la")

    def test_what_a_role_refuses_stays_out_and_is_told(self):
        for role in ("front", "analyzer"):
            with self.subTest(role=role):
                daemon = self.start()
                self.started(daemon)
                self.write_rule(daemon)
                self.write_beside(daemon, "lazaret-%s.refuse" % role, "rule.yaml:3:5: no such word")
                fine, said = daemon.ask("reload")
                self.assertFalse(fine)
                self.assertIn("rule.yaml:3:5: no such word", said)
                self.assertIn("rule.yaml:3:5: no such word", self.last_reload(daemon))
                os.unlink(os.path.join(daemon.roles, "lazaret-%s.refuse" % role))
                self.assertTrue(daemon.ask("reload")[0])

    def test_a_wrong_policy_reaches_no_role(self):
        daemon = self.start()
        self.started(daemon)
        self.write_rule(daemon)
        with open(os.path.join(daemon.root, "etc/lazaret/policy.yaml"), "w") as out:
            out.write("version: 1\nnonsense: 1\n")
        fine, said = daemon.ask("reload")
        self.assertFalse(fine)
        self.assertIn("policy.yaml:2:1", said)
        self.assertNotIn("got a bundle", daemon.read_until("reload: refused"))

    def test_keys_that_changed_are_named_and_a_wrong_configuration_is_refused(self):
        daemon = self.start()
        self.started(daemon)
        with open(daemon.config, "w") as out:
            out.write("node: other\nlimits:\n  workers: 7\n")
        fine, said = daemon.ask("reload")
        self.assertTrue(fine, said)
        self.assertIn("restart lazaretd for what changed in lazaret.yaml: node limits.workers", said)
        with open(daemon.config, "w") as out:
            out.write("node: other\nnonsense: 1\n")
        fine, said = daemon.ask("reload")
        self.assertFalse(fine)
        self.assertIn("lazaret.yaml:2:1", said)

    def test_a_role_that_dies_in_a_reload_ends_it_and_status_answers_meanwhile(self):
        daemon = self.start()
        before = self.started(daemon)
        self.write_rule(daemon)
        self.write_beside(daemon, "lazaret-analyzer.silent", "")
        answers = []
        asking = threading.Thread(target=lambda: answers.append(daemon.ask("reload")), daemon=True)
        asking.start()
        daemon.read_until("lazaret-analyzer got a bundle")
        self.assertEqual(set(daemon.status()), set(ROLES))
        self.assertEqual(daemon.ask("reload"), (False, "a reload is under way already"))
        os.kill(before["analyzer"]["pid"], signal.SIGKILL)
        asking.join(PATIENCE)
        self.assertEqual(answers[0][0], False)
        self.assertIn("analyzer ended meanwhile", answers[0][1])

    def test_a_reload_that_met_a_dying_role_is_made_up_for_by_the_watch(self):
        daemon = self.running_with_socket_and_log(sets=("reload.watch=true",))
        before = daemon.status()
        self.write_beside(daemon, "lazaret-analyzer.silent", "")
        self.write_rule(daemon)
        asking = threading.Thread(target=lambda: daemon.ask("reload"), daemon=True)
        asking.start()
        daemon.read_until("lazaret-analyzer got a bundle")
        os.unlink(os.path.join(daemon.roles, "lazaret-analyzer.silent"))
        os.kill(before["analyzer"]["pid"], signal.SIGKILL)
        asking.join(PATIENCE)
        status = self.wait_problems(daemon, lambda status: "is in force" in status["last_reload"])
        self.assertFalse([one for one in status["problems"] if "not in force" in one])

    # --- other signatures: a second analyzer

    def with_engine(self, *sets):
        """A daemon whose analyzer plays an engine, with the signatures `one` in its database folder."""
        database = tempfile.TemporaryDirectory(prefix="lazaretd-db-")
        self.addCleanup(database.cleanup)
        self.database = database.name
        self.touch("base.ndb")
        daemon = self.start(beside=[("lazaret-analyzer.engine", "one")], sets=("clamav.database=" + self.database, *sets))
        self.started(daemon)
        daemon.read_until("loads what is there")
        return daemon

    def touch(self, name):
        with open(os.path.join(self.database, name), "a") as out:
            out.write("x")

    def new_signatures(self, daemon, engine="two"):
        self.touch("new.ndb")
        self.write_beside(daemon, "lazaret-analyzer.engine", engine)

    def settled(self, daemon):
        return daemon.wait_status(lambda roles: set(roles) == set(ROLES))["analyzer"]["pid"]

    def test_other_signatures_are_a_second_analyzer_that_takes_over(self):
        daemon = self.with_engine()
        before = self.settled(daemon)
        self.assertEqual(daemon.ask("reload"), (True, "rules, lists, policy and signatures are unchanged"))
        self.new_signatures(daemon)
        fine, said = daemon.ask("reload")
        self.assertTrue(fine, said)
        self.assertIn("generation-of-tw", said)
        said = daemon.read_until("analyzer-old ended (exit code 0)")
        self.assertIn("loads what is there gently", said)
        self.assertIn("lazaret-analyzer drained", said)
        after = self.settled(daemon)
        self.assertNotEqual(after, before)
        self.assertEqual(list(daemon.status()), ROLES)
        # It comes back with what is in force, whatever lies on disk by then.
        self.new_signatures(daemon, "three")
        os.kill(after, signal.SIGKILL)
        daemon.read_until("loads snapshot two")
        daemon.wait_status(lambda roles: roles["analyzer"]["state"] == "ready")

    def test_other_files_with_the_same_signatures_change_nothing(self):
        daemon = self.with_engine()
        before = self.settled(daemon)
        self.new_signatures(daemon, "one")
        self.assertIn("unchanged", daemon.ask("reload")[1])
        self.assertEqual(self.settled(daemon), before)
        self.new_signatures(daemon, "one")
        self.write_rule(daemon)
        fine, said = daemon.ask("reload")
        self.assertTrue(fine, said)
        self.assertIn("generation-of-la", said)  # of the analyzer in force, by its bundle
        self.assertEqual(self.settled(daemon), before)

    def test_a_candidate_that_dies_is_forgotten_and_status_says_so(self):
        daemon = self.with_engine()
        before = self.settled(daemon)
        self.new_signatures(daemon)
        self.write_beside(daemon, "lazaret-analyzer.slow", "")
        answers = []
        asking = threading.Thread(target=lambda: answers.append(daemon.ask("reload")), daemon=True)
        asking.start()
        roles = daemon.wait_status(lambda roles: "analyzer-new" in roles)
        self.assertEqual(roles["analyzer-new"]["state"], "starting")
        self.assertEqual(daemon.ask("rollback"), (False, "a reload is under way already"))
        os.kill(roles["analyzer-new"]["pid"], signal.SIGKILL)
        asking.join(PATIENCE)
        self.assertFalse(answers[0][0])
        self.assertIn("the new analyzer ended", answers[0][1])
        self.assertEqual(self.settled(daemon), before)
        self.assertIn("not in force", "".join(json.loads(daemon.ask("status")[1])["problems"]))

    def test_the_end_of_the_front_ends_a_candidate(self):
        daemon = self.with_engine()
        self.new_signatures(daemon)
        self.write_beside(daemon, "lazaret-analyzer.slow", "")
        asking = threading.Thread(target=lambda: daemon.ask("reload"), daemon=True)
        asking.start()
        roles = daemon.wait_status(lambda roles: "analyzer-new" in roles)
        os.kill(roles["front"]["pid"], signal.SIGKILL)
        daemon.read_until("front ended meanwhile")
        daemon.read_until("analyzer-new ended (signal 9), it was not taken")
        asking.join(PATIENCE)
        self.settled(daemon)

    def test_a_stop_while_a_candidate_loads_does_not_wait_for_it(self):
        daemon = self.with_engine()
        self.new_signatures(daemon)
        self.write_beside(daemon, "lazaret-analyzer.slow", "")
        asking = threading.Thread(target=lambda: daemon.process.send_signal(signal.SIGHUP), daemon=True)
        asking.start()
        daemon.wait_status(lambda roles: "analyzer-new" in roles)
        daemon.process.send_signal(signal.SIGTERM)
        self.assertNotIn("did not stop in time", daemon.rest())
        self.assertEqual(daemon.process.wait(PATIENCE), 0)

    def test_a_rollback_loads_the_snapshot_before(self):
        daemon = self.with_engine()
        self.new_signatures(daemon)
        self.assertTrue(daemon.ask("reload")[0])
        self.settled(daemon)
        fine, said = daemon.ask("rollback")
        self.assertTrue(fine, said)
        self.assertIn("generation-of-on", said)
        daemon.read_until("loads snapshot one gently")
        self.settled(daemon)
        # What is on disk comes back when somebody asks for it.
        self.assertIn("generation-of-tw", daemon.ask("reload")[1])

    def test_without_memory_no_second_engine_is_started(self):
        daemon = self.with_engine("clamav.reload_reserve_bytes=1000G")
        self.new_signatures(daemon)
        fine, said = daemon.ask("reload")
        self.assertFalse(fine)
        self.assertIn("1024000 MiB must stay free", said)
        self.assertIn(said, "".join(json.loads(daemon.ask("status")[1])["problems"]))
        os.unlink(os.path.join(self.database, "new.ndb"))
        self.assertTrue(daemon.ask("reload")[0])
        self.assertNotIn("not in force", "".join(json.loads(daemon.ask("status")[1])["problems"]))

    def test_a_rollback_gives_the_bundle_before(self):
        daemon = self.start()
        self.started(daemon)
        self.assertEqual(daemon.ask("rollback")[0], False)
        self.write_rule(daemon)
        self.assertTrue(daemon.ask("reload")[0])
        fine, said = daemon.ask("rollback")
        self.assertTrue(fine, said)
        self.assertIn("mend them", said)
        # Asked twice, it does not bring back what was just withdrawn.
        fine, said = daemon.ask("rollback")
        self.assertFalse(fine)
        self.assertIn("nothing to go back to", said)
        self.assertNotIn("unchanged", daemon.ask("reload")[1])

    def write_policy(self, daemon, text):
        path = os.path.join(daemon.root, "etc/lazaret/policy.yaml")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as out:
            out.write(text)
        return path

    def wait_problems(self, daemon, holds):
        for _ in range(20_000):
            status = json.loads(daemon.ask("status")[1])
            if holds(status):
                return status
        raise AssertionError("never came true: %r" % status)

    def metrics(self, daemon):
        lines = daemon.cli("stats", "--prometheus").stdout.splitlines()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}

    def test_refused_rules_are_a_problem_until_a_later_reload_takes_what_is_there(self):
        before = int(time.time())
        daemon = self.running_with_socket_and_log()
        first = self.metrics(daemon)
        self.assertEqual((first['lazaret_reloads_total{result="ok"}'], first['lazaret_reloads_total{result="failed"}']), (0, 0))
        self.assertGreaterEqual(first["lazaret_reload_last_ok_timestamp_seconds"], before)
        self.write_rule(daemon)
        refuse = os.path.join(daemon.roles, "lazaret-analyzer.refuse")
        self.write_beside(daemon, "lazaret-analyzer.refuse", "rule.yaml:3:5: no such word")
        self.assertFalse(daemon.ask("reload")[0])
        self.assert_problem(daemon, "the rules, lists or policy on disk are not in force", "rule.yaml:3:5: no such word")
        after = self.metrics(daemon)
        self.assertEqual(after["lazaret_problems"], 1)
        self.assertEqual((after['lazaret_reloads_total{result="ok"}'], after['lazaret_reloads_total{result="failed"}']), (0, 1))
        self.assertEqual(after["lazaret_reload_last_ok_timestamp_seconds"], first["lazaret_reload_last_ok_timestamp_seconds"])
        os.unlink(refuse)
        self.assertTrue(daemon.ask("reload")[0])
        self.assertEqual(daemon.cli_status().returncode, 0)
        self.assertEqual(self.metrics(daemon)['lazaret_reloads_total{result="ok"}'], 1)
        path = self.write_policy(daemon, "version: 1\nnonsense: 1\n")
        self.assertFalse(daemon.ask("reload")[0])
        self.assert_problem(daemon, "policy.yaml:2:1")
        os.unlink(path)
        self.assertIn("unchanged", daemon.ask("reload")[1])
        self.assertEqual(daemon.cli_status().returncode, 0)
        with open(daemon.config, "w") as out:
            out.write("nonsense: 1\n")
        self.assertFalse(daemon.ask("reload")[0])
        problems = json.loads(daemon.ask("status")[1])["problems"]
        self.assertIn("lazaret.yaml:1:1", "".join(problems))
        with open(daemon.config, "w") as out:
            out.write("node: test\n")
        self.assertTrue(daemon.ask("reload")[0])
        self.assertEqual(daemon.cli_status().returncode, 0)

    def test_what_the_watch_refused_is_over_when_its_file_is_gone(self):
        daemon = self.running_with_socket_and_log(sets=("reload.watch=true",))
        path = self.write_policy(daemon, "version: 1\nnonsense: 1\n")
        self.wait_problems(daemon, lambda status: "policy.yaml:2:1" in "".join(status["problems"]))
        os.unlink(path)
        status = self.wait_problems(daemon, lambda status: not status["problems"])
        self.assertNotIn("failed", status["last_reload"])

    def test_signatures_that_were_refused_and_removed_are_no_failure_any_more(self):
        daemon = self.with_engine("clamav.reload_reserve_bytes=1000G", "reload.watch=true")
        self.running_with_socket_and_log(daemon)
        self.new_signatures(daemon)
        status = self.wait_problems(daemon, lambda status: status["problems"])
        self.assertIn("failed", status["last_reload"])
        os.unlink(os.path.join(self.database, "new.ndb"))
        status = self.wait_problems(daemon, lambda status: not status["problems"])
        self.assertNotIn("failed", status["last_reload"])

    def test_a_policy_that_is_gone_stays_in_force_and_says_how_to_go_on(self):
        daemon = self.running_with_socket_and_log(sets=("reload.watch=true",))
        path = self.write_policy(daemon, "version: 1\n")
        self.write_rule(daemon)
        self.wait_problems(daemon, lambda status: "is in force" in status["last_reload"])
        os.unlink(path)
        self.wait_problems(daemon, lambda status: status["problems"])
        self.assert_problem(daemon, "policy.yaml is gone: the policy in force stays; `lazaret reload` takes the shipped one")
        self.assertTrue(daemon.ask("reload")[0])
        self.assertEqual(daemon.cli_status().returncode, 0)
        self.write_rule(daemon, "")
        self.wait_problems(daemon, lambda status: status["problems"])
        self.assert_problem(daemon, "rule.yaml is empty now: what it held stays in force; `lazaret reload` takes it as it is")

    def test_a_reload_refuses_what_was_lost_by_accident(self):
        daemon = self.start()
        self.started(daemon)
        self.write_rule(daemon)
        self.assertTrue(daemon.ask("reload")[0])
        folder = os.path.join(daemon.root, "etc/lazaret/rules.d")
        os.rename(folder, folder + ".away")
        fine, said = daemon.ask("reload")
        self.assertFalse(fine)
        self.assertIn("rules.d: the folder is gone", said)
        os.rename(folder + ".away", folder)
        self.assertTrue(daemon.ask("reload")[0])

    def test_unknown_commands_and_foreign_frames_are_refused(self):
        daemon = self.start()
        self.started(daemon)
        self.assertEqual(daemon.ask("reboot"), (False, "unknown command"))
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
            client.settimeout(PATIENCE)
            client.connect(daemon.socket_path())
            client.send(b"\xff" * 100)
            self.assertEqual(client.recv(100), b"")
        self.assertEqual(set(daemon.status()), set(ROLES))

    def test_a_second_daemon_on_the_same_folder_is_refused(self):
        daemon = self.start()
        self.started(daemon)
        second = self.start(sets=("paths.root=" + daemon.root,))
        said = second.rest()
        self.assertEqual(second.process.wait(PATIENCE), 1, said)
        self.assertIn("another process listens here; a lazaretd runs already (`lazaret status`): stop that one first", said)
        self.assertEqual(set(daemon.status()), set(ROLES))

    def front_serving(self, **options):
        daemon = self.start(real=("front",), **options)
        daemon.read_until("front is ready")
        return daemon

    def assert_refused(self, second, first, *words):
        said = second.rest()
        self.assertNotEqual(second.process.wait(PATIENCE), 0)
        for word in words:
            self.assertIn(word, said)
        self.assertEqual(first.status()["front"]["restarts"], 0)
        self.assertEqual(first.status()["front"]["state"], "ready")

    def test_the_folder_of_the_socket_is_made_below_the_root(self):
        daemon = self.front_serving()
        connect(daemon.milter_socket())

    def test_the_status_shows_what_is_used_of_each_limit(self):
        daemon = self.front_serving(sets=("limits.sessions=77", "limits.workers=3"))
        limits = {one["name"]: one for one in daemon.status()["front"]["status"]["limits"]}
        self.assertEqual(limits["limits.sessions"]["limit"], 77)
        self.assertEqual(limits["limits.queue_messages"]["limit"], 48)
        self.assertEqual(limits["limits.workers"]["limit"], 3)
        said = daemon.cli_status().stdout
        for name in limits:
            self.assertIn(name, said)
        with open(OPERATIONS) as text:
            operations = text.read()
        for name in limits:
            self.assertTrue("`%s`" % name in operations, name)

    def test_a_mistyped_socket_path_becomes_no_tree_of_folders(self):
        daemon = self.start(real=("front",), sets=("milter.listen=unix:/nonexistent-lazaret/sopol/lazaret/m.sock",))
        self.assertNotEqual(daemon.process.wait(PATIENCE), 0)
        self.assertFalse(os.path.exists("/nonexistent-lazaret"))
        with tempfile.TemporaryDirectory() as root:
            below = self.start(real=("front",), sets=(
                "paths.root=" + root, "milter.listen=unix:" + root + "/var/sopol/lazaret/m.sock"))
            self.assertNotEqual(below.process.wait(PATIENCE), 0)
            self.assertFalse(os.path.exists(root + "/var/sopol"))

    @unittest.skipIf(os.path.exists("/etc/lazaret/lazaret.yaml"), "this machine has a configuration")
    def test_without_any_configuration_nothing_is_made(self):
        folders = ("/var/lib/lazaret", "/run/lazaret", "/etc/lazaret")
        before = [os.path.exists(one) for one in folders]
        done = subprocess.run([LAZARETD], capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--config FILE", done.stderr)
        self.assertEqual([os.path.exists(one) for one in folders], before)

    def test_stats_are_those_of_the_roles(self):
        daemon = self.front_serving()
        done = daemon.cli("stats", "--prometheus")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = done.stdout.splitlines()
        for line in ('lazaret_role_up{role="front"} 1', "lazaret_messages_total 0", "lazaret_queue_messages 0",
                     "lazaret_ready 0", "# TYPE lazaret_stage_seconds histogram",
                     'lazaret_stage_seconds_bucket{stage="record",le="+Inf"} 0',
                     'lazaret_scanner_seconds_count{scanner="clamav"} 0'):
            self.assertIn(line, lines)
        names = [metric["name"] for metric in json.loads(daemon.cli("stats", "--json").stdout)["metrics"]]
        self.assertEqual(names, [line.split()[2] for line in lines if line.startswith("# TYPE ")])
        self.assertIn("messages_total", daemon.cli("stats").stdout)
        self.assertEqual(daemon.cli("stats", "--json", "--prometheus").returncode, 2)
        daemon.process.send_signal(signal.SIGTERM)
        daemon.process.wait(PATIENCE)
        done = daemon.cli("stats")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("no daemon answers", done.stderr)

    @unittest.skipIf(os.path.exists("/dev/log"), "this machine has a syslog")
    def test_a_syslog_that_nobody_takes_is_said_once(self):
        daemon = self.start(sets=("log.target=syslog",))
        daemon.read_until("lazaretd: log.target is syslog, and nobody takes it: /dev/log: No such file or directory: "
                          "nothing is logged until a syslog daemon listens there")
        while not os.path.exists(daemon.socket_path()):
            self.assertIsNone(daemon.process.poll())
        daemon.wait_status(lambda roles: all(r["state"] == "ready" for r in roles.values()))
        daemon.process.send_signal(signal.SIGTERM)
        self.assertNotIn("/dev/log", daemon.rest())

    def test_every_role_that_runs_is_up_for_monitoring(self):
        daemon = self.start(real=("outbound", "admin"))
        roles = self.started(daemon)
        for name in ("outbound", "admin"):
            self.assertEqual(roles[name]["status"], {"role": name})
        up = lambda: [line for line in daemon.cli("stats", "--prometheus").stdout.splitlines()
                      if line.startswith("lazaret_role_up{")]
        self.assertEqual(up(), ['lazaret_role_up{role="%s"} 1' % name for name in ROLES])
        os.kill(roles["admin"]["pid"], signal.SIGSTOP)
        self.assertEqual(up()[-1], 'lazaret_role_up{role="admin"} 0')
        os.kill(roles["admin"]["pid"], signal.SIGCONT)

    def test_a_second_daemon_on_the_same_state_folder_is_refused(self):
        first = self.front_serving()
        state = os.path.join(first.root, "var/lib/lazaret")
        second = self.start(real=("front",), sets=("paths.state=" + state,))
        self.assert_refused(second, first, state, "another lazaretd works on this state folder")
        connect(first.milter_socket())

    def test_a_second_daemon_on_the_same_milter_socket_is_refused(self):
        first = self.front_serving()
        listen = "unix:" + first.milter_socket()
        before = os.stat(first.milter_socket()).st_ino
        second = self.start(real=("front",), sets=("milter.listen=" + listen,))
        self.assert_refused(second, first, "milter.listen " + listen, "another process listens here")
        self.assertEqual(os.stat(first.milter_socket()).st_ino, before)
        connect(first.milter_socket())

    def test_a_second_daemon_on_the_same_port_is_refused(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        listen = "inet:%d@127.0.0.1" % port
        first = self.front_serving(sets=("milter.listen=" + listen,))
        second = self.start(real=("front",), sets=("milter.listen=" + listen,))
        self.assert_refused(second, first, "milter.listen " + listen)
        socket.create_connection(("127.0.0.1", port), PATIENCE).close()

    def test_a_wrong_configuration_ends_with_2_and_its_place(self):
        daemon = self.start(sets=("limits.nonsense=1",))
        said = daemon.rest()
        self.assertEqual(daemon.process.wait(PATIENCE), 2, said)
        self.assertIn("limits.nonsense", said)


if __name__ == "__main__":
    LAZARETD, TEST_ROLE, FRONT, CLI = sys.argv[1:5]
    unittest.main(argv=sys.argv[:1] + sys.argv[5:], verbosity=1)
