"""The second half of scripts/demo: start everything, send the samples, show what became of them."""
import os
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import postfix, samples, smtp  # noqa: E402
from support.lazaret import Lazaret, official_database, reason, to_yaml  # noqa: E402
from support.sink import Sink  # noqa: E402

ATTACH = """\
To attach Lazaret to the system's Postfix (details: docs/operations.md, deploy/postfix/):
  postconf -e 'smtpd_milters = unix:lazaret/milter.sock' 'non_smtpd_milters = $smtpd_milters' \\
              'milter_default_action = tempfail' 'milter_content_timeout = 180s'
  postfix reload
Begin with "mode: observe" under "policy:" in lazaret.yaml: it judges and records, and stops nothing."""

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KEPT = os.path.join(TOP, "build", "demo")
COMMAND = "build/release/bin/lazaret --config build/demo/lazaret.yaml"

ROW = "%-18s %-24s %-7s %-9s %-12s %s"


def settings():
    official = official_database()
    if official:
        print("demo: using the signature database in /var/lib/clamav; loading it takes a while")
    else:
        print("demo: no signature database on this machine: built-in EICAR and ClamAV-test signatures")
    return {"node": "demo", "clamav": {"builtin_only": not official}}


def send_all(mail, lazaret):
    print(ROW % ("sample", "what it is", "SMTP", "action", "class", "reason"))
    print("-" * 110)
    surprises = 0
    for sample in samples.build_all():
        port = mail.outbound if sample.outbound else mail.inbound
        reply = smtp.send(port, sample.sender, [sample.recipient], sample.data)
        record = lazaret.record_of(sample.recipient)
        expected = record["action"] in sample.actions
        surprises += not expected
        print(ROW % (sample.name, sample.what, reply.code, record["action"], record["class"],
                     reason(record)[:60] + ("" if expected else "   <-- not expected")))
    return surprises


def keep(lazaret):
    """The verdict log, a configuration that names it, and the samples, for questions after the demo."""
    shutil.rmtree(KEPT, ignore_errors=True)
    root = os.path.join(KEPT, "root")
    shutil.copytree(os.path.join(lazaret.root, "var/lib/lazaret/db"),
                    os.path.join(root, "var/lib/lazaret/db"))
    kept = dict(lazaret.settings, paths={"root": root})
    del kept["milter"]
    with open(os.path.join(KEPT, "lazaret.yaml"), "w") as out:
        out.write("\n".join(to_yaml(kept)) + "\n")
    mails = os.path.join(KEPT, "mails")
    os.makedirs(mails)
    for sample in samples.build_all():
        with open(os.path.join(mails, sample.name + ".eml"), "wb") as out:
            out.write(sample.data)


def show_log(lazaret):
    print("\nThe same from the verdict log:  %s log query\n" % COMMAND)
    print(lazaret.cli("log", "query", "--limit", "50").out.rstrip())
    rejected = lazaret.query("--action", "reject", "--limit", "1")
    if rejected:
        print("\nWhy one was rejected:  %s log explain %s\n" % (COMMAND, rejected[0]["id"]))
        print(lazaret.cli("log", "explain", rejected[0]["id"]).out.rstrip())
    print("\nIs the record whole?  %s log verify\n" % COMMAND)
    print(lazaret.cli("log", "verify", check=False).out.rstrip())


def run(folder):
    sink, mail, lazaret = Sink(), None, None
    try:
        mail = postfix.Postfix(os.path.join(folder, "postfix"), sink.port)
        lazaret = Lazaret(os.path.join(folder, "lazaret"), mail.milter_socket, settings())
        lazaret.start(wait_seconds=300)
        mail.start()
        print("demo: Lazaret and a private Postfix run (SMTP on 127.0.0.1:%d, outbound on :%d)\n"
              % (mail.inbound, mail.outbound))
        surprises = send_all(mail, lazaret)
        mail.wait_empty()
        held = mail.held()
        print("\ndelivered to the sink: %d    held in Postfix's hold queue: %d"
              % (len(sink.messages), len(held)))
        show_log(lazaret)
        mail.stop()
        lazaret.stop()
        keep(lazaret)
        return surprises
    finally:
        if mail:
            mail.stop()
        if lazaret:
            lazaret.stop()
        sink.stop()


def interrupted(*_):
    raise KeyboardInterrupt


def main():
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell left SIGINT ignored
        signal.signal(number, interrupted)
    began, folder = time.monotonic(), tempfile.mkdtemp(prefix="lazaret-demo-")
    os.chmod(folder, 0o755)
    try:
        surprises = run(folder)
    except KeyboardInterrupt:
        print("\ndemo: interrupted; everything it started is stopped")
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("\ndemo: done in %.0f s, everything it started is stopped." % (time.monotonic() - began))
    print("Its verdict log is kept until the next demo (the samples are in build/demo/mails):\n"
          "  %s log explain last\n" % COMMAND)
    print(ATTACH)
    if surprises:
        print("demo: %d samples were not treated as expected" % surprises)
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
