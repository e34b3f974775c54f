// Mail inside parts and archive members that nobody declared as mail, and what is declared as mail
// but is none. Whatever a reader could open must be a leaf of the tree.
#include "mail/mime/found_message.h"

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "base/crypto.h"
#include "base/text.h"
#include "mail/filetype/judge.h"
#include "mail/model/tree_builder.h"
#include "mail/reader.h"
#include "tests/mail/dump.h"
#include "tests/mail/zip_writer.h"
#include "tests/support/catch.h"

namespace lazaret::mail {
namespace {

constexpr std::string_view kMarker = "the content that must be seen";

// The marker in a ZIP, two levels down in a mail whose inner multipart is of that subtype.
std::string InnerMail(std::string_view subtype = "parallel", std::string_view boundary = "in") {
  const std::string b(boundary);
  return "From: a@x.example\r\nSubject: inner\r\nMIME-Version: 1.0\r\nContent-Type: multipart/" +
         std::string(subtype) + "; boundary=" + b + "\r\n\r\n--" + b +
         "\r\nContent-Type: text/plain\r\n\r\nhi\r\n--" + b +
         "\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
         base::Base64(MakeZip({{"m.txt", std::string(kMarker)}})) + "\r\n--" + b + "--\r\n";
}

std::string OuterMail(const std::string& part_headers, const std::string& body,
                      std::string_view boundary = "out") {
  const std::string b(boundary);
  return "From: a@x.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=" + b +
         "\r\n\r\n--" + b + "\r\nContent-Type: text/plain\r\n\r\nsee below\r\n--" + b + "\r\n" +
         part_headers + "\r\n" + body + "\r\n--" + b + "--\r\n";
}

// Trees point into the mail: it is kept.
ArtifactTree Read(std::string mail, const ReadLimits& limits = {}) {
  static std::deque<std::string> kept;
  auto tree = ReadMessage(kept.emplace_back(std::move(mail)), limits, base::Deadline());
  REQUIRE(tree.ok());
  return std::move(*tree);
}

bool Sees(const ArtifactTree& tree, std::string_view content) {
  return std::any_of(tree.artifacts.begin(), tree.artifacts.end(), [&](const Artifact& artifact) {
    return base::TrimAscii(artifact.content) == content;
  });
}

bool Has(const ArtifactTree& tree, std::string_view code) {
  const bool differs =
      std::any_of(tree.differences.begin(), tree.differences.end(),
                  [&](const Difference& difference) { return difference.code == code; });
  return differs || std::any_of(tree.unreadable.begin(), tree.unreadable.end(),
                                [&](const Unreadable& one) { return one.code == code; });
}

TEST_CASE("found mail: a part of any declared type that holds a mail is read as one") {
  for (const char* type :
       {"application/octet-stream", "text/plain", "text/rfc822-headers", "message/x-unknown",
        "message/delivery-status", "application/mbox", "multipart/related", "image/png",
        "application/octet-stream; name=\"m.EML \"", "application/x-mimearchive"}) {
    for (const char* subtype : {"mixed", "parallel", "signed", "report", "x-odd"}) {
      const std::string mail =
          OuterMail(std::string("Content-Type: ") + type + "\r\n", InnerMail(subtype));
      const ArtifactTree tree = Read(mail);
      INFO(type << " " << subtype << "\n" << DumpTree(tree));
      CHECK(Sees(tree, kMarker));
    }
  }
}

TEST_CASE("found mail: encoded, in an archive, in an mbox, behind blank lines or a mark") {
  const std::string inner = InnerMail();
  const std::string base64 =
      "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n";
  const std::string mbox =
      "From a@x.example Tue Nov 24 10:00:00 2026\r\nSubject: one\r\n\r\nFrom "
      "here on: prose\r\n\r\nFrom b@x.example Tue Nov 24\r\n" +
      inner;
  for (const std::string& content :
       {inner, MakeZip({{"x", inner}}), MakeZip({{"x.zip", MakeZip({{"y.dat", inner}})}}), mbox,
        MakeZip({{"box", mbox}}), "\r\n\r\n" + inner, "\xEF\xBB\xBF" + inner}) {
    const ArtifactTree tree = Read(OuterMail(base64, base::Base64(content)));
    INFO(DumpTree(tree));
    CHECK(Sees(tree, kMarker));
  }
}

TEST_CASE("found mail: a whole message that is an mbox is read message by message") {
  const ArtifactTree tree =
      Read("From a@x.example Tue Nov 24\nSubject: one\n\nbody\n\nFrom b@x.example Tue Nov 24\n" +
           InnerMail());
  INFO(DumpTree(tree));
  CHECK(Sees(tree, kMarker));
}

TEST_CASE("found mail: what its headers could mean to two readers is not reported") {
  std::string inner = InnerMail();
  inner.insert(0, "Subject: a second one\r\nNo colon here\r\n");
  const ArtifactTree tree = Read(OuterMail("Content-Type: text/plain\r\n", inner));
  INFO(DumpTree(tree));
  CHECK(tree.differences.empty());
}

TEST_CASE("found mail: prose, headers without a body and binaries are no mail") {
  CHECK_FALSE(HoldsMessage("Dear all,\nContent-Type: is a header\n\nbody\n"));
  CHECK_FALSE(HoldsMessage("From: a@x.example\nSubject: x\n\nbody\n"));
  CHECK_FALSE(HoldsMessage("Content-Type: multipart/mixed; boundary=b\nSubject: x\n\n \r\n"));
  CHECK_FALSE(HoldsMessage("Content-Type: text/plain\nno body follows\n"));
  CHECK_FALSE(HoldsMessage(std::string("PK\x03\x04:\0\0", 7)));
  CHECK(HoldsMessage("Content-Type: text/html\n\nbody\n"));
  CHECK_FALSE(HoldsMbox("From here on it is easy\nto go on\n"));
  CHECK(HoldsMbox("From a@x Tue\nSubject: y\n\nz\n"));
}

TEST_CASE("found mail: chains end at the depth limit, and the cut is told") {
  ReadLimits limits;
  limits.max_depth = 6;
  for (const int levels : {1, 2, 3, 8}) {
    std::string mail = InnerMail();
    for (int i = 0; i < levels; ++i) {
      mail = "Content-Type: application/octet-stream\nX: y\n\n" + mail;
    }
    const ArtifactTree tree = Read("From: a@x.example\n" + mail, limits);
    INFO(levels << "\n" << DumpTree(tree));
    CHECK(Sees(tree, kMarker) != Has(tree, "scan.unscannable.depth"));
    CHECK(Sees(tree, kMarker) == (levels < 4));
  }
}

TEST_CASE("found mail: reading it again counts as decoding") {
  const std::string inner = InnerMail();
  const std::string mail = OuterMail("Content-Type: text/plain\r\n", inner);
  ReadLimits limits;
  limits.max_decoded_bytes = inner.size() - 1;
  CHECK(Has(Read(mail, limits), "scan.unscannable.decoded-bytes"));
  limits.max_decoded_bytes = 2 * inner.size();
  const ArtifactTree tree = Read(mail, limits);
  CHECK(Sees(tree, kMarker));
  CHECK_FALSE(Has(tree, "scan.unscannable.decoded-bytes"));
}

TEST_CASE("declared mail: a program, an archive or a document declared as a mail stays a leaf") {
  const std::string zip = MakeZip({{"m.txt", std::string(kMarker)}});
  const std::string program = std::string("MZ\x90\0\x03\0\0\0", 8) + std::string(60, '\0') + "PE";
  for (const char* type : {"message/rfc822", "message/news", "message/global"}) {
    for (const char* encoding : {"base64", "binary"}) {
      const bool base64 = encoding[1] == 'a';
      const std::string headers = std::string("Content-Type: ") + type +
                                  "\r\nContent-Transfer-Encoding: " + encoding + "\r\n";
      const ArtifactTree zipped = Read(OuterMail(headers, base64 ? base::Base64(zip) : zip));
      INFO(type << " " << encoding << "\n" << DumpTree(zipped));
      CHECK(Sees(zipped, kMarker));
      const ArtifactTree tree = Read(OuterMail(headers, base64 ? base::Base64(program) : program));
      INFO(DumpTree(tree));
      const auto leaf = std::find_if(
          tree.artifacts.begin(), tree.artifacts.end(),
          [&](const Artifact& artifact) { return artifact.content.substr(0, 2) == "MZ"; });
      REQUIRE(leaf != tree.artifacts.end());
      CHECK(leaf->detected_type == "application/x-dosexec");
    }
  }
}

TEST_CASE("declared mail: its name is judged as that of any file") {
  for (const char* name : {"invoice.exe", "invoice.pdf.js", "forwarded.eml"}) {
    const ArtifactTree tree = Read(OuterMail(
        std::string("Content-Type: message/rfc822; name=\"") + name + "\"\r\n", InnerMail()));
    REQUIRE(tree.artifacts.at(2).kind == ArtifactKind::kMessage);
    const auto problems = JudgeType(tree.artifacts[2]);
    const bool dangerous =
        std::any_of(problems.begin(), problems.end(),
                    [](const TypeProblem& one) { return one.code == "file.dangerous-extension"; });
    CHECK(dangerous == (std::string(name) != "forwarded.eml"));
  }
}

TEST_CASE("declared mail: parts behind lines that are no header are still found") {
  const std::string inner = "this is no header\r\n" + InnerMail();
  const ArtifactTree tree = Read(OuterMail("Content-Type: message/rfc822\r\n", inner));
  INFO(DumpTree(tree));
  CHECK(Sees(tree, kMarker));
}

TEST_CASE("declared mail: a leaf behind a line that is no header is decoded too") {
  const std::string inner =
      ">From a@b Mon Jan 1 10:00:00 2024\r\nContent-Type: application/octet-stream; "
      "name=invoice.exe\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
      base::Base64(kMarker) + "\r\n";
  const std::string base64 = "Content-Transfer-Encoding: base64\r\n";
  for (const char* type : {"message/rfc822", "application/octet-stream; name=a.eml"}) {
    const std::string headers = std::string("Content-Type: ") + type + "\r\n";
    for (const ArtifactTree& tree : {Read(OuterMail(headers + base64, base::Base64(inner))),
                                     Read(OuterMail(headers, inner))}) {
      INFO(type << "\n" << DumpTree(tree));
      CHECK(Sees(tree, kMarker));
      CHECK(DumpTree(tree).find("name=invoice.exe") != std::string::npos);
    }
  }
}

TEST_CASE("found mail: a header longer than any reader's is not taken for no header") {
  const std::string pad = "X-Pad: " + std::string(300U << 10, 'x') + "\r\n";
  CHECK(Sees(Read(OuterMail("Content-Type: text/plain; name=a.eml\r\n", pad + InnerMail())),
             kMarker));
  const std::string endless = "MIME-Version: 1.0\r\nX-Pad: " + std::string(5U << 20, 'x');
  CHECK(Has(Read(OuterMail("Content-Type: text/plain\r\n", endless)),
            "scan.unscannable.header-bytes"));
}

TEST_CASE("encoded leaf: every file of a uuencoded part, and the text around them") {
  const ArtifactTree tree = Read(OuterMail(
      "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: x-uuencode\r\n",
      "begin 644 a.txt\r\n#0V%T\r\n`\r\nend\r\nbegin 644 evil.exe\r\n#0V%S\r\n`\r\nend\r\n"));
  const std::string dump = DumpTree(tree);
  INFO(dump);
  CHECK(Sees(tree, "Cat"));
  CHECK(Sees(tree, "Cas"));
  CHECK(dump.find("name=evil.exe") != std::string::npos);
  const ArtifactTree alone = Read(OuterMail(
      "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: x-uuencode\r\n",
      "begin 644 a.txt\r\n#0V%T\r\n`\r\nend\r\n"));
  CHECK(alone.artifacts.size() == 3);
}

TEST_CASE("other views: a limit that cuts a view is told", "[mail]") {
  std::string flood;
  for (int i = 0; i < 20'001; ++i) flood += "X: y\n";
  const std::string inside = "--b\n" + flood + "\nx\n--b\n\nhidden behind\n--b--\n";
  const ArtifactTree encoded = Read(
      "From: a@x.example\nContent-Type: multipart/mixed; boundary=b\n"
      "Content-Transfer-Encoding: base64\n\n" +
      base::Base64(inside) + "\n");
  INFO(DumpTree(encoded).substr(0, 2000));
  CHECK(Has(encoded, "scan.unscannable.header-fields"));
}

TEST_CASE("other views: a boundary with quotes is looked for like any other") {
  const ArtifactTree tree = Read(
      "From: a@x.example\nContent-Type: multipart/mixed; "
      "boundary=\"a\\\"b\"\n\n--a\"b\n\nx\n--a\"b--\n"
      "--a\"b\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n" +
      base::Base64(kMarker) + "\n--a\"b--\n");
  INFO(DumpTree(tree));
  CHECK(Sees(tree, kMarker));
}

TEST_CASE("markup: a control byte does not hide an HTML or SVG file") {
  for (const char* name : {"invoice.html", "picture.svg"}) {
    const ArtifactTree tree = Read(MailWith(name, "<html>\x01\x02\x03<script>alert(1)</script>"));
    INFO(DumpTree(tree));
    const Artifact& file = tree.artifacts.back();
    CHECK(file.text);
    CHECK_FALSE(JudgeType(file).empty());
  }
}

TEST_CASE("reports: beyond the cap the first of each code is kept") {
  TreeBuilder tree("", 1000);
  tree.Add(0, ArtifactKind::kMessage);
  for (std::uint32_t i = 0; i < 3000; ++i) tree.CannotRead("scan.unscannable.a", i, "x");
  tree.CannotRead("scan.unscannable.b", 0, "x");
  tree.CannotRead("scan.unscannable.b", 1, "x");
  CHECK(tree.tree().unreadable.size() == 2001);
  CHECK(tree.tree().unreadable.back().code == "scan.unscannable.b");
}

TEST_CASE("same boundary: nested and flat readings are both seen, and it is told") {
  const std::string hidden = base::Base64("after the inner end");
  for (const char* headers : {"Content-Type: message/rfc822\r\n", ""}) {
    std::string inner = InnerMail("mixed", "out");
    inner +=
        "--out\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: "
        "base64\r\n\r\n" +
        hidden + "\r\n";
    const ArtifactTree tree = Read(OuterMail(headers, inner));
    INFO(headers << "\n" << DumpTree(tree));
    CHECK(Sees(tree, kMarker));
    CHECK(Sees(tree, "after the inner end"));
    CHECK(Has(tree, "mime.same-boundary") == (*headers != '\0'));
  }
}

TEST_CASE("same boundary: a boundary inside an encoded mail is another text's") {
  const ArtifactTree tree =
      Read(OuterMail("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n",
                     base::Base64(InnerMail("mixed", "out"))));
  INFO(DumpTree(tree));
  CHECK(Sees(tree, kMarker));
  CHECK_FALSE(Has(tree, "mime.same-boundary"));
}

TEST_CASE("side texts: nested headers, header lines without a colon, preamble and epilogue") {
  const std::string mail =
      "From: a@x.example\nContent-Type: multipart/mixed; boundary=b\nno colon 1111\n\npreamble "
      "2222\n--b\nContent-Type: message/rfc822\n\nSubject: =?utf-8?q?nested_3333?=\nOrganization: "
      "4444\n\nbody\n--b--\nepilogue 5555\n";
  const std::string dump = DumpTree(Read(mail));
  INFO(dump);
  for (const char* wanted : {"body: no colon 1111", "body: preamble 2222", "subject: nested 3333",
                             "header organization: 4444", "body: epilogue 5555"}) {
    CHECK(dump.find(wanted) != std::string::npos);
  }
}

TEST_CASE("bounces: a quoted header without its body is no difference between readers") {
  const ArtifactTree tree = Read(OuterMail(
      "Content-Type: message/rfc822\r\n",
      "From: a@x.example\r\nContent-Type: multipart/mixed; boundary=gone\r\nSubject: x\r\n\r\n"));
  INFO(DumpTree(tree));
  CHECK(tree.differences.empty());
}

}  // namespace
}  // namespace lazaret::mail
