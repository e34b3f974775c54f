"""One Lazaret of its own: a folder, a configuration, lazaretd in the foreground, and its CLI.

Everything lies below one folder (paths.root); nothing of the system's is read but the programs and, when
asked for, the signature database. Processes are ended by their ids.
"""
import glob
import json
import os
import re
import signal
import subprocess

from support import net, processes

VERDICT_ID = re.compile(r"\b[a-z2-7]{26}\b")


def default_bin():
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return os.environ.get("LAZARET_BIN") or os.path.join(top, "build", "release", "bin")


def official_database(folder="/var/lib/clamav"):
    """True when a real signature database is installed."""
    return any(glob.glob(os.path.join(folder, "*." + kind)) for kind in ("cvd", "cld"))


def to_yaml(value, indent=0):
    """The subset of YAML the configuration needs; JSON's quoted strings are YAML's too."""
    pad, lines = "  " * indent, []
    for key, item in value.items():
        if isinstance(item, dict):
            lines += [pad + key + ":"] + to_yaml(item, indent + 1)
        elif isinstance(item, (list, tuple)):
            lines += [pad + key + ":"] + [pad + "  - " + json.dumps(one) for one in item]
        else:
            lines.append(pad + key + ": " + json.dumps(item))
    return lines


def merge(base, more):
    for key, item in more.items():
        if isinstance(item, dict) and isinstance(base.get(key), dict):
            merge(base[key], item)
        else:
            base[key] = item
    return base


class Lazaret:
    def __init__(self, folder, milter_socket, settings=None, bin_folder=None, roles_folder=None):
        self.dir, self.bin = folder, bin_folder or default_bin()
        self.roles = ["--roles-dir", roles_folder] if roles_folder else []
        self.root = os.path.join(folder, "root")
        self.config = os.path.join(folder, "lazaret.yaml")
        self.log = os.path.join(folder, "lazaretd.log")
        self.socket = milter_socket
        self.process = None
        os.makedirs(self.root, exist_ok=True)
        self.settings = merge({
            "node": "test",
            "paths": {"root": self.root},
            "milter": {"listen": milter_socket if milter_socket.startswith("inet")
                       else "unix:" + milter_socket},
            "clamav": {"builtin_only": True},
            "policy": {"daemons": {"outbound": ["outbound"]}},
        }, settings or {})
        self.write_config()

    def write_config(self):
        with open(self.config, "w") as out:
            out.write("\n".join(to_yaml(self.settings)) + "\n")

    # --- the daemon

    def start(self, wait_seconds=60):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [os.path.join(self.bin, "lazaretd"), "--foreground", "--config", self.config, *self.roles],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        if wait_seconds:
            self.wait_ready(wait_seconds)

    def wait_ready(self, seconds=60):
        def ready():
            if self.process.poll() is not None:
                raise RuntimeError("lazaretd ended with %s\n%s" % (self.process.returncode,
                                                                  self.log_text()[-4000:]))
            here = self.socket.startswith("inet") or os.path.exists(self.socket)
            return here and self.is_ready()
        try:
            net.wait_until("lazaretd ready", ready, seconds, 0.1)
        except TimeoutError as late:
            raise TimeoutError("%s\n%s" % (late, self.log_text()[-4000:])) from None

    def is_ready(self):
        return self.cli("status", check=False).returncode == 0

    def log_text(self):
        if not os.path.exists(self.log):
            return ""
        with open(self.log, errors="replace") as text:
            return text.read()

    def stop(self, seconds=30):
        """SIGTERM, then SIGKILL for what is left of the tree; gives the exit code."""
        if self.process is None:
            return None
        tree = processes.below(self.process.pid)
        if self.process.poll() is None:
            for one in tree:
                processes.kill(one.pid, signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        code, self.process = self.process.returncode, None
        for one in tree:
            now = processes.snapshot().get(one.pid)
            if now and now.program == one.program:
                processes.kill(one.pid, signal.SIGKILL)
        return code

    # --- its processes

    def role(self, program):
        """The direct child of lazaretd that runs `program`, or None."""
        return next((one for one in processes.below(self.process.pid)
                     if one.program == program and one.parent == self.process.pid), None)

    def workers(self):
        """The processes that read mail: below the engine zygote and a generation zygote, no children."""
        tree = processes.below(self.process.pid)
        analyzers = {one.pid: one for one in tree if one.program == "lazaret-analyzer"}
        parents = {one.parent for one in tree}
        return [one for one in analyzers.values()
                if one.pid not in parents and one.parent in analyzers
                and analyzers[one.parent].parent in analyzers]

    # --- the CLI

    def cli(self, *arguments, check=True, stdin=None, timeout=120):
        done = subprocess.run([os.path.join(self.bin, "lazaret"), "--config", self.config, *arguments],
                              input=stdin, capture_output=True, timeout=timeout)
        done.out = done.stdout.decode("utf-8", "replace")
        done.err = done.stderr.decode("utf-8", "replace")
        if check and done.returncode:
            raise RuntimeError("lazaret %s: exit %d\n%s%s" % (" ".join(arguments), done.returncode,
                                                             done.out, done.err))
        return done

    def query(self, *arguments):
        """log query --json: one dict a record."""
        done = self.cli("log", "query", "--json", *arguments, check=False)
        if done.returncode not in (0, 1):  # 1: nothing found
            raise RuntimeError("lazaret log query: exit %d\n%s" % (done.returncode, done.err))
        return [json.loads(line) for line in done.out.splitlines() if line.strip()]

    def record_of(self, recipient, seconds=10):
        """The newest record with this recipient; waits for it to be readable."""
        found = net.wait_until("a record for " + recipient,
                               lambda: self.query("--recipient", recipient), seconds, 0.1)
        return found[0]


def verdict_id(text):
    """The verdict id in a reply or header, or None."""
    found = VERDICT_ID.search(text)
    return found.group(0) if found else None


def reason(record):
    """One line that says why: the record's own reason, else its findings' codes."""
    if record.get("reason"):
        return record["reason"]
    return ", ".join(one["code"] for one in record.get("findings", [])) or "-"
