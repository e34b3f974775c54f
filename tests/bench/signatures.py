#!/usr/bin/env python3
"""Write a synthetic ClamAV signature database of realistic size.

Random signatures only (seeded), plus the EICAR test signature, so that every
stack under test scans with the same database.  Formats: .hdb (md5), .hsb
(sha256), .mdb (PE section md5), .ndb (byte patterns), .ldb (logical).

  tests/bench/signatures.py OUTDIR [--seed 7] [--hdb N] [--hsb N] [--mdb N] [--ndb N] [--ldb N]
"""
import argparse, os, random, sys

# Never in one piece in a file of this project.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"

WORDS = ("account invoice payment verify update secure login document shared please click "
         "confirm password bank transfer urgent order delivery parcel statement support "
         "microsoft office online review attached download open view unlock session expired "
         "script eval unescape function document write fromcharcode iframe hidden width "
         "height window location href http https powershell encodedcommand cmd start").split()
FAM = ("Agent Emotet Dridex Zbot Qakbot Loader Packed Generic Dropper Kryptik Injector "
       "Downloader Phishing Exploit Macro Obfus Upatre Fareit Ramnit Sality").split()
PLAT = ("Win.Trojan", "Win.Malware", "Win.Downloader", "Unix.Trojan", "Html.Phishing",
        "Doc.Dropper", "Js.Trojan", "Pdf.Exploit", "Email.Phishing")


def name(r, i):
    return "Syn.%s.%s-%d-0" % (r.choice(PLAT), r.choice(FAM), 1000000 + i)


SYL = "ba ce di fo gu ha je ki lo mu na pe qi ro su ta ve wi xo yu za br ch dr fl gr kl pr st tr sch ing ent ton ber ville".split()


def ident(r, lo=2, hi=4):
    return "".join(r.choice(SYL) for _ in range(r.randint(lo, hi)))


def text_pat(r):
    # Varied beginnings, as in real databases: Aho-Corasick leaves chain the patterns that share
    # their first bytes, so a handful of common first words would cost far more than real ones do.
    x = r.random()
    if x < .4:
        s = "http%s://%s.%s.%s/%s" % (r.choice(("", "s")), ident(r), ident(r), r.choice(("com", "net", "ru", "top", "xyz")), ident(r, 1, 3))
        s = s[s.index("//") + 2:] if r.random() < .9 else s
    elif x < .7:
        s = "%s=\"%s\" %s=%d" % (ident(r, 2, 3), ident(r, 1, 3), r.choice(WORDS), r.randint(0, 9999))
    else:
        s = "%s %s %s %s" % (ident(r), r.choice(WORDS), r.choice(WORDS), ident(r))
    return s.encode().hex()


def bin_pat(r, lo=12, hi=60):
    n = r.randint(lo, hi)
    h = r.randbytes(n).hex()
    x = r.random()
    if x < .12:                       # gap
        m = (n // 2) * 2
        h = h[:m] + "{%d-%d}" % (r.randint(1, 8), r.randint(9, 64)) + h[m:]
    elif x < .22:                     # any gap
        m = (n // 2) * 2
        h = h[:m] + "*" + h[m:]
    elif x < .35:                     # wild byte after the first 8 bytes
        h = h[:16] + "??" + h[18:]
    return h


# Share of each target type per 1000 signatures.  0 generic, 1 PE, 2 OLE2, 3 HTML, 4 mail,
# 5 graphics, 6 ELF, 7 text, 10 PDF.  PE takes the rest.  Mail meets 0, 2-5, 7 and 10 only;
# their number sets the scan's speed (an assumption), the rest sets the memory.
SHARE = {"ndb": {0: 30, 2: 20, 3: 60, 4: 15, 5: 5, 6: 20, 7: 30, 10: 5},
         "ldb": {0: 12, 2: 35, 3: 30, 4: 4, 5: 1, 6: 35, 7: 25, 10: 12}}


def target(r, kind):
    x = r.randrange(1000)
    for t, n in SHARE[kind].items():
        if x < n:
            return t
        x -= n
    return 1


def main():
    a = argparse.ArgumentParser()
    a.add_argument("out")
    a.add_argument("--seed", type=int, default=7)
    a.add_argument("--hdb", type=int, default=1000000)
    a.add_argument("--hsb", type=int, default=1000000)
    a.add_argument("--mdb", type=int, default=2500000)
    a.add_argument("--ndb", type=int, default=100000)
    a.add_argument("--ldb", type=int, default=80000)
    o = a.parse_args()
    r = random.Random(o.seed)
    os.makedirs(o.out, exist_ok=True)
    p = lambda e: os.path.join(o.out, "syn." + e)
    with open(p("hdb"), "w") as f:
        f.write("44d88612fea8a8f36de82e1278abb02f:68:Eicar-Test-Signature\n")
        for i in range(o.hdb):
            f.write("%032x:%d:%s\n" % (r.getrandbits(128), r.randint(2000, 4000000), name(r, i)))
    with open(p("hsb"), "w") as f:
        for i in range(o.hsb):
            f.write("%064x:%d:%s\n" % (r.getrandbits(256), r.randint(2000, 4000000), name(r, i)))
    with open(p("mdb"), "w") as f:
        for i in range(o.mdb):
            f.write("%d:%032x:%s\n" % (512 * r.randint(1, 4000), r.getrandbits(128), name(r, i)))
    with open(p("ndb"), "w") as f:
        f.write("Eicar-Test-Signature:0:0:%s\n" % EICAR.hex())
        for i in range(o.ndb):
            t = target(r, "ndb")
            off = "*" if r.random() < .8 or t in (3, 4, 7) else ("EP+%d" % r.randint(0, 200) if t == 1 else str(r.randint(0, 2000)))
            f.write("%s:%d:%s:%s\n" % (name(r, i), t, off, text_pat(r) if t in (3, 4, 7) else bin_pat(r)))
    with open(p("ldb"), "w") as f:
        for i in range(o.ldb):
            t = target(r, "ldb")
            n = r.randint(2, 5)
            subs = [text_pat(r) if t in (3, 4, 7) else bin_pat(r, 16, 40) for _ in range(n)]
            f.write("%s;Engine:81-255,Target:%d;%s;%s\n" % (name(r, i), t, "&".join(map(str, range(n))), ";".join(subs)))
    tot = 0
    for e in ("hdb", "hsb", "mdb", "ndb", "ldb"):
        s = os.path.getsize(p(e)); tot += s
        print("%s %.1f MB" % (e, s / 1e6))
    print("total %.1f MB" % (tot / 1e6))


if __name__ == "__main__":
    sys.exit(main())
