#!/usr/bin/env python3
"""What open milter sessions cost that say nothing: memory of the front, and the latency of one that works.

    tests/bench/idle_sessions.py [--sessions 5000] [--messages 400] [--bin FOLDER]

Starts a Lazaret of its own in a temporary folder (built-in signatures), sends messages over one session, opens
so many idle ones (negotiated, connected, greeted), sends again, asks for one session above the limit, and
closes them. The last line is JSON. Exit 0 when front stays below 100 MB (PSS) and the limit answers 451.
"""
import argparse
import json
import os
import shutil
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
from support import milter, net, processes, samples  # noqa: E402
from support.lazaret import Lazaret  # noqa: E402

MOST_PSS_KIB = 100 * 1024


def latencies(address, count, name):
    """Sorted seconds of the whole message, MAIL to the reply."""
    session = milter.Session(address)
    took = []
    for at in range(count):
        data = samples.clean_plain("%s-%d" % (name, at))
        began = time.monotonic()
        answer = session.send(data, "%s@lazaret.test" % name)
        took.append(time.monotonic() - began)
        if answer.code != 250:
            raise RuntimeError("message refused: %r" % answer)
    session.quit()
    return sorted(took)


def share(sorted_values, part):
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * part))]


def measure(lazaret, wanted):
    front = lazaret.role("lazaret-front").pid
    latencies(lazaret.socket, 50, "warm")
    found = {"sessions": wanted.sessions, "pss_kib_before": processes.pss_kib(front)}
    before = latencies(lazaret.socket, wanted.messages, "before")
    began = time.monotonic()
    idle = [milter.Session(lazaret.socket) for _ in range(wanted.sessions)]
    found["open_seconds"] = round(time.monotonic() - began, 2)
    refused = [at for at, one in enumerate(idle) if one.greeting.code != 250]
    cpu = processes.cpu_seconds(front)
    time.sleep(2)
    found["idle_cpu_percent"] = round((processes.cpu_seconds(front) - cpu) / 2 * 100, 1)
    found["pss_kib"] = processes.pss_kib(front)
    found["threads"] = processes.threads(front)
    idle.pop().quit()
    net.wait_until("one closed", lambda: "%d sessions" % len(idle) in lazaret.cli("status").out, 10)
    during = latencies(lazaret.socket, wanted.messages, "during")
    idle.append(milter.Session(lazaret.socket))
    above = milter.Session(lazaret.socket)
    found["above_limit"] = "%s %s" % (above.greeting.kind, above.greeting.text)
    for name, values in (("before", before), ("during", during)):
        found["p50_ms_" + name] = round(1000 * share(values, 0.5), 2)
        found["p99_ms_" + name] = round(1000 * share(values, 0.99), 2)
    for one in idle:
        one.close()
    latencies(lazaret.socket, 20, "after")
    return found, not refused and above.greeting.code == 451


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--sessions", type=int, default=5000)
    options.add_argument("--messages", type=int, default=400)
    options.add_argument("--bin", default=None)
    wanted = options.parse_args()
    folder = tempfile.mkdtemp(prefix="lazaret-")
    os.chmod(folder, 0o755)
    lazaret = Lazaret(folder, os.path.join(folder, "milter.sock"), {"limits": {"sessions": wanted.sessions}},
                      bin_folder=wanted.bin)
    try:
        lazaret.start()
        found, answered = measure(lazaret, wanted)
        print(json.dumps(found))
        return 0 if answered and found["pss_kib"] < MOST_PSS_KIB else 1
    finally:
        lazaret.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
