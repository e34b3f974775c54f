#!/usr/bin/env python3
"""deploy/postfix, word for word in a real Postfix: what it passes, and what it does while Lazaret is down."""
import os
import re
import unittest

from stand import Stand, samples
from support import net, postfix, smtp

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def snippet(name):
    with open(os.path.join(TOP, "deploy/postfix", name)) as text:
        return text.read()


def settings(text):
    return dict(re.findall(r"^([a-z_]+) = (.+)$", text, re.M))


class Snippets(unittest.TestCase):
    def setUp(self):
        # As deploy/config has it, but for the signatures.
        self.stand = Stand({"policy": {"daemons": {"outbound": ["outbound"]}}}, start=False)
        self.addCleanup(self.stand.stop)

    def start_with_snippets(self):
        """Instead of what the tests' Postfix has of its own: every line of the snippet is in force."""
        conf = self.stand.postfix.conf
        self.stand.postfix.stop()
        wanted = settings(snippet("main.cf.snippet"))
        with open(conf + "/main.cf") as text:
            kept = [line for line in text if line.split(" ")[0] not in wanted]
        with open(conf + "/main.cf", "w") as out:
            out.write("".join(kept) + snippet("main.cf.snippet"))
        master = snippet("master.cf.snippet").replace("submission inet n ", "127.0.0.1:%d inet n " % self.submission)
        with open(conf + "/master.cf", "a") as out:
            out.write(master)
        self.stand.postfix.command("postfix", "-c", conf, "start")
        self.stand.postfix.started = True
        for port in (self.stand.postfix.inbound, self.submission):
            net.wait_until("postfix on port %d" % port, lambda: net.accepts(port))

    def send(self, name, **more):
        return self.stand.send(samples.clean_plain(name), name + "@lazaret.test", **more)

    def test_the_snippets_pass_mail_and_keep_it_while_lazaret_is_down(self):
        (self.submission,) = net.free_ports(1)
        self.start_with_snippets()
        conf, lazaret = self.stand.postfix.conf, self.stand.lazaret
        for name, value in settings(snippet("main.cf.snippet")).items():
            self.assertEqual(self.stand.postfix.command("postconf", "-c", conf, "-h", name).strip(), value)
        names = self.stand.postfix.command("postconf", "-c", conf, "-P", "*/inet/milter_macro_daemon_name")
        self.assertIn("127.0.0.1:%d/inet/milter_macro_daemon_name = outbound" % self.submission, names)
        self.assertEqual(self.stand.postfix.command("postconf", "-c", conf, "-n").count("unused parameter"), 0)

        # Never started: every door is closed, but for what Postfix itself keeps.
        reply = self.send("down")
        self.assertEqual(reply.code, 451, reply)
        self.stand.postfix.sendmail("sender@outside.test", ["local@lazaret.test"],
                                    samples.clean_plain("local").replace(b"\r\n", b"\n"))
        self.assertEqual(self.stand.sink.messages, [])
        lazaret.start()
        net.wait_until("accepting", lambda: self.send("up").code == 250, 20, 0.2)
        # pickup tried it, was told to wait, and tries again.
        self.stand.postfix.command("postfix", "-c", conf, "flush")
        self.stand.sink.wait_for_recipient("local@lazaret.test", 30)
        self.assertEqual(lazaret.record_of("local@lazaret.test")["action"], "accept")

        self.assertEqual(self.stand.send(samples.eicar_zip("bad"), "bad@lazaret.test").code, 550)
        large = self.stand.send(b"x", "large@lazaret.test", options=["SIZE=52428801"])
        self.assertEqual(large.code, 552, large)
        self.assertEqual(self.stand.send(samples.clean_plain("out"), "out@lazaret.test", outbound=True).code, 250)
        self.assertEqual(lazaret.record_of("out@lazaret.test")["direction"], "outbound")

        checked = lazaret.cli("check", "--postfix", conf, check=False)
        self.assertNotIn("Postfix", checked.out + checked.err)

        # Down again, below a server that sends: it keeps what it has and hands it on later.
        sender = postfix.Postfix(os.path.join(self.stand.dir, "sender"), self.stand.sink.port,
                                 next_hop=self.stand.postfix.inbound)
        self.addCleanup(sender.stop)
        sender.start()
        self.assertEqual(lazaret.stop(), 0)
        for at in range(5):
            reply = smtp.send(sender.inbound, "sender@outside.test", ["queued-%d@lazaret.test" % at],
                              samples.clean_plain("queued-%d" % at))
            self.assertEqual(reply.code, 250, reply)
        net.wait_until("all put off", lambda: sender.maillog().count("status=deferred") >= 5, 20)
        self.assertIn("451 4.7.1", sender.maillog())
        self.assertFalse([one for one in self.stand.sink.messages if "queued" in one.recipients[0]])
        lazaret.start()
        sender.command("postqueue", "-c", sender.conf, "-f")
        sender.wait_empty()
        self.stand.postfix.wait_empty()
        arrived = sorted(one.recipients[0] for one in self.stand.sink.messages if "queued" in one.recipients[0])
        self.assertEqual(arrived, ["queued-%d@lazaret.test" % at for at in range(5)])


if __name__ == "__main__":
    unittest.main()
