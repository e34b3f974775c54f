"""Sample messages, built at run time from nothing but the standard library.

Nothing here can harm: the one "virus" is the EICAR test text, put together from pieces; the programs are
a header without code; numbers are generated to be valid and belong to nobody. build_all() gives what
scripts/demo sends; tests take single builders.
"""
import base64
import datetime
import io
import random
import struct
import zipfile
import zlib
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime

CRLF = b"\r\n"
DATE = datetime.datetime(2026, 3, 2, 9, 30, tzinfo=datetime.timezone.utc)


class Sample:
    """A message and what Lazaret's shipped rules and default policy are expected to do with it."""

    def __init__(self, name, what, data, outbound=False, actions=("accept", "tag"), codes=()):
        self.name, self.what, self.data, self.outbound = name, what, data, outbound
        self.actions = actions  # any of these is right
        self.codes = codes      # at least one finding code starts with one of these, when given

    @property
    def sender(self):
        return "staff@lazaret.test" if self.outbound else "sender@outside.test"

    @property
    def recipient(self):
        return self.name + ("@outside.test" if self.outbound else "@lazaret.test")


def eicar():
    """The EICAR anti-virus test text, never in one piece in a file of this project."""
    return ("X5O!P%@AP[4" + chr(92) + "PZX54(P^)7CC)7}$" + "EICAR-STANDARD-"
            + "ANTIVIRUS-TEST-FILE!$H+H*").encode()


def head(sample_name, subject, outbound=False, extra=()):
    sender, recipient = ("staff@lazaret.test", "@outside.test") if outbound else (
        "sender@outside.test", "@lazaret.test")
    lines = ["From: " + sender, "To: " + sample_name + recipient, "Subject: " + subject,
             "Date: " + format_datetime(DATE), "Message-ID: <%s@samples.test>" % sample_name,
             "MIME-Version: 1.0", *extra]
    return "\r\n".join(lines).encode("utf-8") + CRLF


def plain(name, subject, text, outbound=False):
    body = text.replace("\n", "\r\n").encode("utf-8")
    return head(name, subject, outbound, ["Content-Type: text/plain; charset=utf-8",
                                          "Content-Transfer-Encoding: 8bit"]) + CRLF + body


def attachment(name, subject, parts, text="See the attachment.\r\n", outbound=False):
    """parts: [(file name, declared type, bytes)]"""
    boundary = "=_lazaret_" + name
    out = [head(name, subject, outbound, ['Content-Type: multipart/mixed; boundary="%s"' % boundary]),
           CRLF, b"--" + boundary.encode() + CRLF,
           b"Content-Type: text/plain; charset=utf-8" + CRLF + CRLF, text.encode(), CRLF]
    for file_name, declared, content in parts:
        out += [b"--" + boundary.encode() + CRLF,
                ('Content-Type: %s; name="%s"\r\nContent-Transfer-Encoding: base64\r\n'
                 'Content-Disposition: attachment; filename="%s"\r\n\r\n'
                 % (declared, file_name, file_name)).encode(),
                base64.encodebytes(content).replace(b"\n", CRLF)]
    out += [b"--" + boundary.encode() + b"--" + CRLF]
    return b"".join(out)


def zip_of(members):
    """members: [(name, bytes)]"""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name, (2026, 3, 2, 9, 30, 0)), content)
    return out.getvalue()


def png(width=4, height=4):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + b"\x40\x80\xc0" * width for _ in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def pdf(text="Quarterly figures"):
    content = b"BT /F1 18 Tf 72 720 Td (" + text.encode("ascii") + b") Tj ET"
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
               b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
               b"/Resources << /Font << /F1 5 0 R >> >> >>",
               b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
               b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    xref = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, xref)


def program():
    """The headers of a Windows program with one empty section; there is no code in it."""
    dos = b"MZ" + b"\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0\xb8" + b"\0" * 43 + struct.pack("<I", 0x80)
    dos = dos.ljust(0x40, b"\0") + b"This program cannot be run in DOS mode.\r\n$".ljust(0x40, b"\0")
    coff = b"PE\0\0" + struct.pack("<HHIIIHH", 0x14c, 1, 0, 0, 0, 0xe0, 0x102)
    optional = struct.pack("<HBBIIIIII", 0x10b, 6, 0, 0x200, 0, 0, 0x1000, 0x1000, 0x1000)
    optional += struct.pack("<IIIHHHHHHIIIIHH", 0x400000, 0x1000, 0x200, 4, 0, 0, 0, 4, 0, 0, 0x2000,
                            0x200, 0, 3, 0)
    optional += struct.pack("<IIIIII", 0x100000, 0x1000, 0x100000, 0x1000, 0, 16)
    optional = optional.ljust(0xe0, b"\0")
    section = b".text\0\0\0" + struct.pack("<IIIIIIHHI", 0x1000, 0x1000, 0x200, 0x200, 0, 0, 0, 0,
                                           0x60000020)
    return (dos + coff + optional + section).ljust(0x200, b"\0") + b"\xc3".ljust(0x200, b"\0")


def compound_entry(name, kind, left=-1, right=-1, child=-1, start=0, size=0):
    """A directory entry of a compound file, [MS-CFB] section 2.6.1."""
    text = name.encode("utf-16-le") + b"\0\0"
    return (text.ljust(64, b"\0") + struct.pack("<HBBiii", len(text), kind, 1, left, right, child)
            + bytes(36) + struct.pack("<IQ", start, size))


def macro_storage():
    """A whole compound file as word/vbaProject.bin is one: the storage VBA with a stream, and PROJECT. No code."""
    block = 8  # sectors of a stream that is too large for the small-stream table
    size = block * 512
    end, free = 0xFFFFFFFE, 0xFFFFFFFF

    def chain(first):
        return [*range(first + 1, first + block), end]
    table = [0xFFFFFFFD, end, *chain(2), *chain(2 + block)]
    table += [free] * (128 - len(table))
    head = (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
            + struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, end, 0, end, 0)
            + struct.pack("<109I", 0, *[free] * 108))
    directory = (compound_entry("Root Entry", 5, child=2, start=end)
                 + compound_entry("VBA", 1, child=3)
                 + compound_entry("PROJECT", 2, left=1, start=2, size=size)
                 + compound_entry("dir", 2, start=2 + block, size=size))
    project = b'ID="{00000000-0000-0000-0000-000000000000}"\r\nModule=Module1\r\nName="Project"\r\n'
    return (head + struct.pack("<128I", *table) + directory + project.ljust(size, b"\r\n"[1:])
            + bytes(size))


def macro_document():
    """A Word document with a macro part that holds no code."""
    content_types = (
        '<?xml version="1.0" encoding="UTF-8"?><Types xmlns='
        '"http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/>'
        '<Override PartName="/word/document.xml" ContentType='
        '"application/vnd.ms-word.document.macroEnabled.main+xml"/></Types>')
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relations = ('<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns='
                 '"http://schemas.openxmlformats.org/package/2006/relationships">'
                 '<Relationship Id="rId1" Type="%s" Target="%s"/></Relationships>')
    document = ('<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w='
                '"http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r>'
                '<w:t>Enable content to read this document.</w:t></w:r></w:p></w:body></w:document>')
    return zip_of([
        ("[Content_Types].xml", content_types),
        ("_rels/.rels", relations % (office + "/officeDocument", "word/document.xml")),
        ("word/document.xml", document),
        ("word/_rels/document.xml.rels", relations % (
            "http://schemas.microsoft.com/office/2006/relationships/vbaProject", "vbaProject.bin")),
        ("word/vbaProject.bin", macro_storage())])


def luhn_digit(digits):
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def card_numbers(count, seed=7):
    """Numbers that pass Luhn in ranges that issuers use; drawn at random, no published test number."""
    chance, found = random.Random(seed), set()
    while len(found) < count:
        prefix = chance.choice(["4539", "4716", "5212", "5356", "4024"])
        body = prefix + "".join(chance.choice("0123456789") for _ in range(11))
        found.add(body + luhn_digit(body))
    return sorted(found)


def resident_ids(count, seed=7):
    """Eighteen characters after GB 11643: real region codes, a date, a serial and the check character."""
    chance, found = random.Random(seed), set()
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    while len(found) < count:
        born = datetime.date(1960, 1, 1) + datetime.timedelta(days=chance.randrange(14000))
        body = (chance.choice(["110101", "310115", "440305", "330106", "510104"])
                + born.strftime("%Y%m%d") + "%03d" % chance.randrange(1, 999))
        rest = sum(int(digit) * weight for digit, weight in zip(body, weights)) % 11
        found.add(body + "10X98765432"[rest])
    return sorted(found)


def grouped(number):
    return " ".join(number[at:at + 4] for at in range(0, 16, 4))


def clean_plain(name="clean-plain"):
    return plain(name, "Minutes of Monday", "Hello,\n\nthe minutes are in the shared folder.\n\nAnna\n")


def clean_html(name="clean-html"):
    message = MIMEMultipart("related", boundary="=_lazaret_html")
    both = MIMEMultipart("alternative", boundary="=_lazaret_both")
    both.attach(MIMEText("Our new opening hours: 9 to 5.\n", "plain", "us-ascii"))
    both.attach(MIMEText('<html><body><p>Our new opening hours: <b>9 to 5</b>.</p>'
                         '<img src="cid:logo@samples.test" alt="logo"></body></html>\n', "html",
                         "us-ascii"))
    message.attach(both)
    from email.mime.image import MIMEImage
    image = MIMEImage(png(), "png", name="logo.png")
    image["Content-ID"] = "<logo@samples.test>"
    image["Content-Disposition"] = 'inline; filename="logo.png"'
    message.attach(image)
    text = message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", CRLF)
    first, _, rest = text.partition(CRLF + CRLF)
    kept = [line for line in first.split(CRLF) if not line.lower().startswith(b"mime-version")]
    return head(name, "Opening hours") + CRLF.join(kept) + CRLF + CRLF + rest


def clean_documents(name="clean-documents"):
    table = b"month,orders\r\nJanuary,41\r\nFebruary,38\r\n"
    return attachment(name, "Figures of the quarter", [("figures.pdf", "application/pdf", pdf()),
                                                      ("figures.csv", "text/csv", table)])


def clean_chinese(name="clean-chinese"):
    subject = "=?GB18030?B?%s?=" % base64.b64encode("会议纪要".encode("gb18030")).decode()
    body = "大家好：\r\n\r\n附上周一会议的纪要，请查收。\r\n\r\n此致\r\n".encode("gb18030")
    return head(name, subject, False, ["Content-Type: text/plain; charset=GB18030",
                                       "Content-Transfer-Encoding: base64"]) + CRLF + \
        base64.encodebytes(body).replace(b"\n", CRLF)


def eicar_plain(name="eicar-plain"):
    return attachment(name, "Test file", [("eicar.com", "application/octet-stream", eicar())])


def eicar_zip(name="eicar-zip"):
    return attachment(name, "Archive", [
        ("papers.zip", "application/zip", zip_of([("readme.txt", b"hello\r\n"), ("eicar.com", eicar())]))])


def program_named_pdf(name="program-named-pdf"):
    return attachment(name, "Invoice 2231", [("invoice.pdf", "application/pdf", program())])


def double_extension(name="double-extension"):
    return attachment(name, "Invoice 2232", [("invoice.pdf.exe", "application/octet-stream", program())])


def with_macros(name="macro-document"):
    return attachment(name, "Order form", [
        ("order.docm", "application/vnd.ms-word.document.macroEnabled.12", macro_document())])


def card_list(name="card-list", count=12, outbound=True):
    rows = "\n".join("customer %d, card number %s, expires 0%d/28" % (at, grouped(number), at % 9 + 1)
                     for at, number in enumerate(card_numbers(count), 1))
    return plain(name, "Customer export", "Credit card numbers as asked:\n\n%s\n" % rows, outbound)


def resident_list(name="resident-list", count=12):
    rows = "\n".join("员工%d 身份证号 %s" % (at, number)
                     for at, number in enumerate(resident_ids(count), 1))
    return plain(name, "Staff list", "员工身份证号码:\n\n%s\n" % rows, True)


def phishing(name="phishing"):
    return plain(name, "Your mailbox will be suspended", (
        "Dear customer,\n\nwe detected unusual activity on your account. Your account will be suspended\n"
        "within 24 hours unless you verify your account. Click here to confirm your password:\n\n"
        "http://203.0.113.7/login/verify\n\nIT help desk\n"))


def malformed(name="malformed"):
    """Two boundary parameters: one reader sees an attachment, another sees none."""
    return head(name, "Report", False, [
        'Content-Type: multipart/mixed; boundary="first"; boundary="second"']) + CRLF + (
        "--first\r\nContent-Type: text/plain\r\n\r\nReport below.\r\n"
        "--second\r\nContent-Type: text/plain\r\n\r\nAnother reader starts here.\r\n"
        "--first--\r\n--second--\r\n").encode()


STOPPED = ("reject", "hold", "tempfail")


def build_all():
    return [
        Sample("clean-plain", "plain text", clean_plain(), actions=("accept",)),
        Sample("clean-html", "HTML with an image", clean_html(), actions=("accept",)),
        Sample("clean-documents", "PDF and CSV attached", clean_documents(), actions=("accept",)),
        Sample("clean-chinese", "Chinese in GB18030", clean_chinese(), actions=("accept",)),
        Sample("eicar-plain", "EICAR attached", eicar_plain(), actions=("reject",),
               codes=("clamav.",)),
        Sample("eicar-zip", "EICAR in a zip", eicar_zip(), actions=("reject",), codes=("clamav.",)),
        Sample("program-named-pdf", "a program named .pdf", program_named_pdf(), actions=STOPPED,
               codes=("file.",)),
        Sample("double-extension", "invoice.pdf.exe", double_extension(), actions=STOPPED,
               codes=("file.",)),
        Sample("macro-document", "a Word file with macros", with_macros(),
               actions=("tag",) + STOPPED, codes=("file.macro-document",)),
        Sample("card-list", "card numbers going out", card_list(), outbound=True, actions=("hold",),
               codes=("dlp.", "rule.")),
        Sample("resident-list", "resident IDs going out", resident_list(), outbound=True,
               actions=STOPPED, codes=("dlp.", "rule.")),
        Sample("phishing", "a phishing text", phishing(), actions=("tag",) + STOPPED),
        Sample("malformed", "two MIME boundaries", malformed(), actions=("tag",) + STOPPED),
    ]
