"""The mail store behind Postfix: an LMTP server in a thread that keeps what it is given.

Every message stands in Sink.messages as a Delivery, byte for byte as it came over the wire (dots
unstuffed, CRLF kept). Threads: the server's own; wait_for() may be called from any.
"""
import hashlib
import re
import socketserver
import threading


class Delivery:
    def __init__(self, sender, recipients, data):
        self.sender, self.recipients, self.data = sender, recipients, data
        head, separator, self.body = data.partition(b"\r\n\r\n")
        if not separator:
            self.body = b""
        self.header_lines = split_header(head)

    def header(self, name):
        """All values of a field, unfolded and stripped."""
        wanted = name.lower().encode()
        return [re.sub(rb"\r\n(?=[ \t])", b"", value).strip().decode("utf-8", "replace")
                for field, value in self.header_lines if field.lower() == wanted]

    def body_sha256(self):
        return hashlib.sha256(self.body).hexdigest()


def split_header(head):
    """[(name, raw value)] in order; folded lines stay in the value as they came."""
    fields = []
    for line in head.split(b"\r\n"):
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1] = (fields[-1][0], fields[-1][1] + b"\r\n" + line)
        elif line:
            name, _, value = line.partition(b":")
            fields.append((name, value))
    return fields


def address(argument):
    found = re.search(rb"<([^>]*)>", argument)
    return found.group(1).decode("utf-8", "replace") if found else ""


class Session(socketserver.StreamRequestHandler):
    def reply(self, text):
        self.wfile.write(text.encode() + b"\r\n")
        self.wfile.flush()

    def read_data(self):
        lines = []
        while True:
            line = self.rfile.readline()
            if not line:
                return None
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b".") else line)

    def take_message(self):
        self.reply("354 go on")
        data = self.read_data()
        if data is None:
            return False
        delivery = Delivery(self.sender, list(self.recipients), data)
        with self.server.changed:
            self.server.messages.append(delivery)
            self.server.changed.notify_all()
        for _ in self.recipients:  # LMTP: one answer a recipient
            self.reply("250 2.0.0 kept")
        self.sender, self.recipients = "", []
        return True

    def handle(self):
        self.sender, self.recipients = "", []
        self.reply("220 sink LMTP")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb in (b"LHLO", b"EHLO"):
                self.wfile.write(b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")
                self.wfile.flush()
            elif verb == b"MAIL":
                self.sender = address(line)
                self.reply("250 2.1.0 ok")
            elif verb == b"RCPT":
                self.recipients.append(address(line))
                self.reply("250 2.1.5 ok")
            elif verb == b"DATA":
                if not self.take_message():
                    return
            elif verb == b"QUIT":
                self.reply("221 2.0.0 bye")
                return
            else:
                self.reply("250 2.0.0 ok")


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request, client_address):
        """A client that went away in mid-message: it keeps its copy and comes again."""


class Sink:
    def __init__(self):
        self.server = Server(("127.0.0.1", 0), Session)
        self.server.messages = []
        self.server.changed = threading.Condition()
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    @property
    def messages(self):
        with self.server.changed:
            return list(self.server.messages)

    def wait_for(self, test, seconds=30, what="a delivery"):
        """The first Delivery for which test(delivery) is true."""
        with self.server.changed:
            found = lambda: next((one for one in self.server.messages if test(one)), None)
            if not self.server.changed.wait_for(lambda: found() is not None, seconds):
                raise TimeoutError("sink: %s: not within %d s" % (what, seconds))
            return found()

    def wait_for_recipient(self, recipient, seconds=30):
        return self.wait_for(lambda one: recipient in one.recipients, seconds, "mail to " + recipient)

    def clear(self):
        with self.server.changed:
            self.server.messages.clear()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)
