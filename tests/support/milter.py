"""The MTA's side of the milter protocol, version 6, as Postfix speaks it: one session, one thread.

Reads whole packets, keeps to the steps that the filter asked to be left unanswered, and measures each end
of message. Standard library only.
"""
import re
import select
import socket
import struct
import time

ACTIONS, STEPS = 0x1FF, 0x1FFFFF
NO_REPLY = {b"C": 0x1000, b"H": 0x2000, b"M": 0x4000, b"R": 0x8000, b"T": 0x10000, b"L": 0x80,
            b"N": 0x40000, b"B": 0x80000}
FINAL = b"carytd4s"


class Closed(OSError):
    """The filter closed the connection."""


class Answer:
    """The final reply to one step; `seconds` since the step was written."""

    def __init__(self, kind, text, seconds, edits):
        self.kind, self.text, self.seconds, self.edits = kind, text, seconds, edits

    @property
    def code(self):
        """As SMTP would say it: 250, 4xx, 5xx; 0 when the connection was lost."""
        if self.kind == "y":
            return int(self.text[:3])
        return {"c": 250, "a": 250, "s": 250, "t": 451, "r": 550, "d": 250, "4": 421}.get(self.kind, 0)

    @property
    def held(self):
        return any(command == b"q" for command, _ in self.edits)

    def __repr__(self):
        return "<%s %s after %.2f s>" % (self.kind, self.text, self.seconds)


def packet(command, data=b""):
    return struct.pack(">I", 1 + len(data)) + command + data


def macros(step, **values):
    return packet(b"D", step + b"".join(b"%s\0%s\0" % (name.encode(), value.encode())
                                        for name, value in values.items()))


NEGOTIATE = packet(b"O", struct.pack(">III", 6, ACTIONS, STEPS))
CONNECT = macros(b"C", j="mx.lazaret.test", **{"{daemon_name}": "mx"}) + packet(
    b"C", b"client.outside.test\0" + b"4" + struct.pack(">H", 2525) + b"192.0.2.7\0")


def connect(address, timeout=60):
    """`address`: the path of a unix socket."""
    one = socket.socket(socket.AF_UNIX)
    one.settimeout(timeout)
    one.connect(address)
    return one


class Session:
    def __init__(self, address, timeout=60, greet=True):
        self.socket, self.buffer, self.steps, self.number = connect(address, timeout), b"", 0, 0
        if greet:
            self.greeting = self.greet()

    def close(self):
        self.socket.close()

    def quit(self):
        try:
            self.socket.sendall(packet(b"Q"))
        except OSError:
            pass
        self.close()

    def read_packet(self):
        while len(self.buffer) < 4 or len(self.buffer) < 4 + struct.unpack(">I", self.buffer[:4])[0]:
            got = self.socket.recv(65536)
            if not got:
                raise Closed("closed by the filter")
            self.buffer += got
        size = struct.unpack(">I", self.buffer[:4])[0]
        one, self.buffer = self.buffer[4:4 + size], self.buffer[4 + size:]
        return one[:1], one[1:]

    def read_answer(self, began):
        edits = []
        while True:
            command, data = self.read_packet()
            if command in FINAL:
                return Answer(command.decode(), data.rstrip(b"\0").decode("utf-8", "replace"),
                              time.monotonic() - began, edits)
            edits.append((command, data))

    def step(self, command, data=b"", before=b""):
        """The answer, or None when the filter gives none to this step."""
        began = time.monotonic()
        self.socket.sendall(before + packet(command, data))
        if self.steps & NO_REPLY.get(command, 0):
            return None
        return self.read_answer(began)

    def greet(self):
        """The answer to connect."""
        self.socket.sendall(NEGOTIATE)
        command, data = self.read_packet()
        if command != b"O":
            raise Closed("no negotiation: %r" % command)
        self.steps = struct.unpack(">III", data[:12])[2]
        began = time.monotonic()
        self.socket.sendall(CONNECT)
        answer = self.read_answer(began) if not self.steps & NO_REPLY[b"C"] else None
        if answer is None or answer.code == 250:
            self.step(b"H", b"client.outside.test\0")
        return answer

    def until_end(self, data, recipient, sender="sender@outside.test"):
        """Everything up to the end of message; the refusal when there is one before it, else None."""
        self.number += 1
        for answer in (self.step(b"M", b"<%s>\0" % sender.encode()),
                       self.step(b"R", b"<%s>\0" % recipient.encode()),
                       self.step(b"T", before=macros(b"T", i="Q%08X" % (id(self) + self.number & 0xFFFFFFFF)))):
            if answer is not None and answer.code != 250:
                return answer
        head, _, body = data.partition(b"\r\n\r\n")
        out = b""
        for line in re.split(rb"\r\n(?![ \t])", head):
            name, _, value = line.partition(b":")
            out += packet(b"L", name + b"\0" + value.replace(b"\r\n", b"\n") + b"\0")
            if not self.steps & NO_REPLY[b"L"]:
                self.socket.sendall(out)
                self.read_answer(0)
                out = b""
        self.socket.sendall(out)
        self.step(b"N")
        for at in range(0, len(body), 65535):
            self.step(b"B", body[at:at + 65535])
        return None

    def end(self):
        return self.step(b"E")

    def send(self, data, recipient, sender="sender@outside.test"):
        return self.until_end(data, recipient, sender) or self.end()


def readable(socket_, seconds=0):
    return bool(select.select([socket_], [], [], seconds)[0])
