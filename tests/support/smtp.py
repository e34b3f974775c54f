"""Sending one message and keeping the reply, and a raw session for what smtplib will not send."""
import smtplib
import socket


class Reply:
    def __init__(self, code, text):
        self.code, self.text = code, text

    def __repr__(self):
        return "%d %s" % (self.code, self.text)


def make_reply(pair):
    return Reply(pair[0], pair[1].decode("utf-8", "replace").replace("\n", " / "))


def send(port, sender, recipients, data, client=None, options=(), timeout=120):
    """The reply that decided: to DATA's dot, or the first refusal before it."""
    own = client or smtplib.SMTP("127.0.0.1", port, timeout=timeout)
    try:
        if not client:
            own.ehlo("client.samples.test")
        code, text = own.mail(sender, list(options))
        if code != 250:
            return make_reply((code, text))
        for recipient in recipients:
            code, text = own.rcpt(recipient)
            if code not in (250, 251):
                return make_reply((code, text))
        try:
            return make_reply(own.data(data))
        except smtplib.SMTPDataError as refused:
            return make_reply((refused.smtp_code, refused.smtp_error))
    finally:
        if not client:
            try:
                own.quit()
            except (smtplib.SMTPException, OSError):
                own.close()


class Raw:
    """Lines in, replies out; writes exactly the bytes it is given."""

    def __init__(self, port, timeout=60):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.file = self.socket.makefile("rb")
        self.read()

    def write(self, data):
        self.socket.sendall(data)

    def read(self):
        lines = []
        while True:
            line = self.file.readline()
            if not line:
                raise ConnectionError("the server closed the session")
            lines.append(line[4:].rstrip(b"\r\n"))
            if line[3:4] != b"-":
                return make_reply((int(line[:3]), b"\n".join(lines)))

    def command(self, line):
        self.write(line + b"\r\n")
        return self.read()

    def close(self):
        self.file.close()
        self.socket.close()
