#!/usr/bin/env python3
"""Make a seeded, realistic corporate mail mix (Python stdlib only).

  tests/bench/corpus.py OUTDIR [--count 1000] [--seed 11]

Writes OUTDIR/NNNNN-CLASS.eml (CRLF, as on the wire) and OUTDIR/stats.json.  Classes: plain, alt, att (attachments), eicar, exe (renamed executable).
Classes are interleaved by the seeded shuffle, so that any prefix is about the same mix.
"""
import argparse, base64, io, json, math, os, random, statistics, struct, sys, zipfile, zlib

# Never in one piece in a file of this project.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"
W = ("the of and to in is for on that with as are be this by at from or we have you not our will "
     "please meeting report project team budget review customer order invoice delivery schedule "
     "contract attached regards update quarter sales market product service office account manager "
     "department request information question answer version document change system network server "
     "security policy training travel expense approval deadline status summary agenda minutes action "
     "items follow next week monday tuesday wednesday thursday friday january february march april "
     "Berlin Paris Madrid Helsinki Vienna Lisbon Dublin Oslo shipment supplier warehouse price offer "
     "discount payment received confirm number reference details below thanks best kind sincerely "
     "grüße größe naïve café señor übersicht prüfung").split()
FIRST = "anna ben carla david eva frank greta hans ines jonas karin leo maria nils olga peter".split()
LAST = "meier schulz novak rossi silva dubois larsen kowalski virtanen murphy garcia jensen".split()


class Gen:
    def __init__(self, seed):
        self.r = random.Random(seed)

    # ---- text
    def words(self, n):
        return " ".join(self.r.choices(W, k=n))

    def text(self, size):
        out, tot = [], 0
        while tot < size:
            line = self.words(self.r.randint(8, 13))
            if self.r.random() < .12:
                line = ""
            if self.r.random() < .03:
                line += " https://www.example.com/%s/%d" % (self.r.choice(LAST), self.r.randint(1, 99999))
            if self.r.random() < .02:
                line += " +49 30 %07d" % self.r.randint(0, 9999999)
            out.append(line)
            tot += len(line) + 2
        return "\r\n".join(out)

    def html(self, size):
        r = self.r
        out = ['<!DOCTYPE html><html><head><meta charset="utf-8"><style>p{font-family:Calibri,sans-serif;'
               'font-size:11pt;margin:0}table{border-collapse:collapse}</style></head><body>']
        tot = len(out[0])
        while tot < size:
            x = r.random()
            if x < .6:
                s = '<p class="MsoNormal" style="color:#%06x">%s</p>' % (r.getrandbits(24), self.words(r.randint(10, 60)))
            elif x < .8:
                s = '<table>' + "".join("<tr>" + "".join('<td style="padding:4px;width:%dpx">%s</td>' % (r.randint(30, 200), self.words(3))
                                                         for _ in range(4)) + "</tr>" for _ in range(r.randint(2, 8))) + "</table>"
            else:
                s = '<a href="https://www.example.com/c/%x?u=%d">%s</a><br><img src="cid:img%d@example.com" width="1" height="1">' % (
                    r.getrandbits(64), r.randint(1, 10 ** 9), self.words(4), r.randint(1, 9))
            out.append(s)
            tot += len(s) + 2
        out.append("</body></html>")
        return "\r\n".join(out)

    def luhn(self):
        d = [4] + [self.r.randint(0, 9) for _ in range(14)]
        s = 0
        for i, c in enumerate(reversed(d)):
            c = c * 2 if i % 2 == 0 else c
            s += c - 9 if c > 9 else c
        return "".join(map(str, d)) + str((10 - s % 10) % 10)

    def csv(self, size):
        r, out, tot = self.r, ["id;date;name;amount;iban;note"], 30
        card = r.random() < .2
        while tot < size:
            s = "%d;2026-%02d-%02d;%s %s;%d.%02d;DE%020d;%s" % (
                r.randint(1, 10 ** 6), r.randint(1, 12), r.randint(1, 28), r.choice(FIRST), r.choice(LAST),
                r.randint(1, 99999), r.randint(0, 99), r.randint(0, 10 ** 18),
                self.luhn() if card and r.random() < .1 else self.words(3))
            out.append(s)
            tot += len(s) + 2
        return "\r\n".join(out).encode()

    # ---- binary kinds
    def png(self, size):
        r = self.r
        w = 256
        h = max(8, int(size / (w * 2.2)))
        raw = bytearray()
        noise = r.randbytes(w * 3 * h)
        for y in range(h):                       # half noise, half gradient: compresses to about 2/3
            row = noise[y * w * 3:(y + 1) * w * 3]
            raw += b"\0" + row[: w * 2] + bytes((y & 255,)) * w
        def ch(t, d):
            return struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d))
        return (b"\x89PNG\r\n\x1a\n" + ch(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0)) +
                ch(b"IDAT", zlib.compress(bytes(raw), 1)) + ch(b"IEND", b""))

    def jpeg(self, size):
        body = self.r.randbytes(size).replace(b"\xff", b"\xfe")
        q = bytes([0]) + bytes(range(1, 65))
        sof = struct.pack(">BHHB", 8, 600, 800, 3) + b"\x01\x22\x00\x02\x11\x01\x03\x11\x01"
        def seg(m, d):
            return b"\xff" + bytes([m]) + struct.pack(">H", len(d) + 2) + d
        return (b"\xff\xd8" + seg(0xe0, b"JFIF\0\1\1\0\0\1\0\1\0\0") + seg(0xdb, q) + seg(0xc0, sof) +
                seg(0xda, b"\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00") + body + b"\xff\xd9")

    def pdf(self, size):
        r = self.r
        objs = [b"<< /Type /Catalog /Pages 2 0 R >>"]
        npages = max(1, min(40, size // 12000))
        kids = b" ".join(b"%d 0 R" % (3 + 2 * i) for i in range(npages))
        objs.append(b"<< /Type /Pages /Count %d /Kids [%s] >>" % (npages, kids))
        per = size // npages
        for i in range(npages):
            objs.append(b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R >>" % (4 + 2 * i))
            t = "BT /F1 11 Tf 50 780 Td\n" + "\n".join("(%s) Tj 0 -14 Td" % self.words(10) for _ in range(60)) + "\nET"
            d = zlib.compress(t.encode("latin-1", "replace"), 6)
            pad = max(0, per - len(d))
            if pad:                              # stands for an embedded image stream
                d2 = zlib.compress(r.randbytes(pad), 0)
                objs.append(b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(d), d))
                objs.append(b"<< /Type /XObject /Subtype /Image /Width 64 /Height 64 /ColorSpace /DeviceGray "
                            b"/BitsPerComponent 8 /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(d2), d2))
            else:
                objs.append(b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(d), d))
        out, offs = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n"), []
        for i, o in enumerate(objs):
            offs.append(len(out))
            out += b"%d 0 obj\n%s\nendobj\n" % (i + 1, o)
        x = len(out)
        out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objs) + 1) + b"".join(b"%010d 00000 n \n" % o for o in offs)
        out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objs) + 1, x)
        return bytes(out)

    def docx(self, size, kind="word"):
        b = io.BytesIO()
        with zipfile.ZipFile(b, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as z:
            def put(n, d):
                z.writestr(zipfile.ZipInfo(n, (2026, 1, 2, 3, 4, 6)), d, zipfile.ZIP_DEFLATED)
            put("[Content_Types].xml", '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
                '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/%s/document.xml" ContentType='
                '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>' % kind)
            put("_rels/.rels", '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
                '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
                'Target="%s/document.xml"/></Relationships>' % kind)
            txt = max(2000, min(size * 2, 400000))
            put(kind + "/document.xml", '<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>' +
                "".join("<w:p><w:r><w:t>%s</w:t></w:r></w:p>" % self.words(25) for _ in range(txt // 180)) + "</w:body></w:document>")
            put(kind + "/styles.xml", "<w:styles>" + "<w:style w:type='paragraph'/>" * 200 + "</w:styles>")
            left = size - b.tell()
            i = 0
            while left > 3000 and i < 6:
                n = left if i == 5 else self.r.randint(left // 3, left)
                z.writestr(zipfile.ZipInfo(kind + "/media/image%d.jpeg" % i, (2026, 1, 2, 3, 4, 6)), self.jpeg(n), zipfile.ZIP_STORED)
                left -= n
                i += 1
        return b.getvalue()

    def zipf(self, size, depth=1):
        b = io.BytesIO()
        with zipfile.ZipFile(b, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as z:
            def put(n, d):
                z.writestr(zipfile.ZipInfo(n, (2026, 1, 2, 3, 4, 6)), d, zipfile.ZIP_DEFLATED)
            put("readme.txt", self.text(800))
            put("data/export.csv", self.csv(size))
            if depth:
                put("inner.zip", self.zipf(size // 3, depth - 1))
            put("scan.pdf", self.pdf(max(4000, size // 3)))
        return b.getvalue()

    def exe(self, size):
        # an MZ/PE image with one section of code-like bytes: enough for type detection, runs nowhere
        pe = (b"PE\0\0" + struct.pack("<HHIIIHH", 0x14c, 1, 0x60000000, 0, 0, 224, 0x102) +
              struct.pack("<HBBIIIIII", 0x10b, 6, 0, 0x1000, 0, 0, 0x1000, 0x1000, 0x2000) +
              struct.pack("<IIIHHHHHHIIIIHHIIIIII", 0x400000, 0x1000, 0x200, 4, 0, 0, 0, 4, 0, 0, 0x3000, 0x200, 0, 2, 0,
                          0x100000, 0x1000, 0x100000, 0x1000, 0, 16) + b"\0" * 128)
        n = (size + 511) // 512 * 512
        sec = b".text\0\0\0" + struct.pack("<IIIIIIHHI", n, 0x1000, n, 0x200, 0, 0, 0, 0, 0x60000020)
        mz = b"MZ" + b"\x90\0" + b"\0" * 56 + struct.pack("<I", 0x80) + b"This program cannot be run in DOS mode.\r\r\n$".ljust(64, b"\0")
        h = (mz + pe + sec).ljust(512, b"\0")
        return h + self.r.randbytes(n)

    def lognorm(self, med, sigma, lo, hi):
        return int(min(hi, max(lo, self.r.lognormvariate(math.log(med), sigma))))

    # ---- message
    def b64(self, d):
        return base64.encodebytes(d).replace(b"\n", b"\r\n")

    def qp(self, s):
        import quopri
        return quopri.encodestring(s.replace("\r\n", "\n").encode()).replace(b"\n", b"\r\n")

    def message(self, i, cls):
        r = self.r
        f, t = (r.choice(FIRST) + "." + r.choice(LAST) for _ in range(2))
        h = [b"Received: from mx%d.example.net (mx%d.example.net [192.0.2.%d])\r\n\tby mx.example.com (Postfix) with ESMTPS id %08X\r\n\tfor <%s@example.com>; Mon, 2 Nov 2026 08:%02d:%02d +0100"
             % (r.randint(1, 9), r.randint(1, 9), r.randint(1, 254), r.getrandbits(32), t.encode(), r.randint(0, 59), r.randint(0, 59)),
             b"Received: by outbound.example.net with SMTP id %x; Mon, 2 Nov 2026 07:59:00 +0000" % r.getrandbits(80),
             b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.net; s=s1;\r\n\th=from:to:subject:date; bh=" + base64.b64encode(r.randbytes(32)) +
             b";\r\n\tb=" + base64.b64encode(r.randbytes(48)) + b"\r\n\t " + base64.b64encode(r.randbytes(48)),
             b"From: %s <%s@example.net>" % (f.replace(".", " ").title().encode(), f.encode()),
             b"To: <%s@example.com>" % t.encode(),
             b"Subject: " + ("Re: " if r.random() < .5 else "").encode() + self.words(r.randint(3, 8)).encode("ascii", "ignore"),
             b"Date: Mon, 2 Nov 2026 09:%02d:%02d +0100" % (r.randint(0, 59), r.randint(0, 59)),
             b"Message-ID: <%d.%x@example.net>" % (i, r.getrandbits(64)),
             b"MIME-Version: 1.0", b"X-Mailer: Example Outlook 16.0", b"Thread-Index: " + base64.b64encode(r.randbytes(22))]

        def leaf(ct, data, cte, fn=None):
            hh = [b"Content-Type: " + ct.encode() + (b";\r\n\tname=\"%s\"" % fn.encode() if fn else b"")]
            hh.append(b"Content-Transfer-Encoding: " + cte.encode())
            if fn:
                hh.append(b"Content-Disposition: attachment;\r\n\tfilename=\"%s\"" % fn.encode())
            body = self.b64(data) if cte == "base64" else self.qp(data.decode()) if cte == "quoted-printable" else data
            return b"\r\n".join(hh) + b"\r\n\r\n" + body

        def multi(kind, subs):
            b, kind = b"=_%024x" % r.getrandbits(96), kind.encode()
            return (b"Content-Type: multipart/%s;\r\n\tboundary=\"%s\"\r\n\r\nThis is a multi-part message.\r\n" % (kind, b) +
                    b"".join(b"--%s\r\n%s\r\n" % (b, s) for s in subs) + b"--%s--\r\n" % b)

        def plain(size):
            cte = r.choice(("quoted-printable", "8bit"))
            return leaf("text/plain; charset=utf-8", self.text(size).encode(), cte)

        def alt(size):
            return multi("alternative", [plain(size // 4), leaf("text/html; charset=utf-8", self.html(size).encode(),
                                                                r.choice(("quoted-printable", "base64")))])
        if cls == "plain":
            body = plain(self.lognorm(3000, .9, 400, 60000))
        elif cls == "alt":
            body = alt(self.lognorm(26000, .8, 2000, 200000))
        else:
            subs = [alt(self.lognorm(12000, .7, 1500, 80000)) if r.random() < .7 else plain(self.lognorm(2500, .8, 300, 20000))]
            if cls == "eicar":
                if r.random() < .5:
                    subs.append(leaf("application/octet-stream", EICAR, "base64", "test.com"))
                else:
                    b = io.BytesIO()
                    with zipfile.ZipFile(b, "w", zipfile.ZIP_DEFLATED) as z:
                        z.writestr(zipfile.ZipInfo("docs/eicar.txt", (2026, 1, 2, 3, 4, 6)), EICAR)
                    subs.append(leaf("application/zip", b.getvalue(), "base64", "docs.zip"))
            elif cls == "exe":
                d = self.exe(self.lognorm(60000, .8, 8000, 400000))
                subs.append(leaf("application/pdf", d, "base64", "rechnung-%d.pdf" % i))
            else:
                n = r.choices((1, 2, 3, 5), (.62, .22, .12, .04))[0]
                big = r.random() < .06
                for k in range(n):
                    size = self.lognorm(2200000, .6, 1000000, 7200000) if big and k == 0 else self.lognorm(48000, 1.1, 3000, 900000)
                    kind = r.choices(("pdf", "docx", "xlsx", "png", "jpeg", "zip", "csv", "txt"), (.30, .16, .08, .12, .16, .07, .07, .04))[0]
                    if kind == "pdf":
                        s = leaf("application/pdf", self.pdf(size), "base64", "report-%d.pdf" % k)
                    elif kind == "docx":
                        s = leaf("application/vnd.openxmlformats-officedocument.wordprocessingml.document", self.docx(size), "base64", "contract-%d.docx" % k)
                    elif kind == "xlsx":
                        s = leaf("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", self.docx(size, "xl"), "base64", "sheet-%d.xlsx" % k)
                    elif kind == "png":
                        s = leaf("image/png", self.png(size), "base64", "screen-%d.png" % k)
                    elif kind == "jpeg":
                        s = leaf("image/jpeg", self.jpeg(size), "base64", "photo-%d.jpg" % k)
                    elif kind == "zip":
                        s = leaf("application/zip", self.zipf(min(size * 2, 900000)), "base64", "archive-%d.zip" % k)
                    elif kind == "csv":
                        s = leaf("text/csv", self.csv(min(size, 600000)), "base64", "export-%d.csv" % k)
                    else:
                        s = leaf("text/plain; charset=utf-8", self.text(min(size, 200000)).encode(), "base64", "notes-%d.txt" % k)
                    subs.append(s)
            body = multi("mixed", subs)
        return b"\r\n".join(h) + b"\r\n" + body


def main():
    a = argparse.ArgumentParser()
    a.add_argument("out")
    a.add_argument("--count", type=int, default=1000)
    a.add_argument("--seed", type=int, default=11)
    o = a.parse_args()
    g = Gen(o.seed)
    k = max(1, round(o.count * .015))
    kinds = ["eicar"] * k + ["exe"] * k + ["plain"] * round(o.count * .27) + ["alt"] * round(o.count * .28)
    kinds += ["att"] * (o.count - len(kinds))
    g.r.shuffle(kinds)
    os.makedirs(o.out, exist_ok=True)
    sizes = {}
    for i, kind in enumerate(kinds):
        message = g.message(i, kind)
        with open(os.path.join(o.out, "%05d-%s.eml" % (i, kind)), "wb") as f:
            f.write(message)
        sizes.setdefault(kind, []).append(len(message))
    stats = {kind: {"count": len(v), "bytes": sum(v), "median": int(statistics.median(v))}
             for kind, v in sorted(sizes.items())}
    with open(os.path.join(o.out, "stats.json"), "w") as f:
        json.dump(stats, f, indent=1)
    print(json.dumps(stats, indent=1))


if __name__ == "__main__":
    sys.exit(main())
