#include <string>

#include "base/format.h"
#include "mail/model/tree_builder.h"
#include "mail/reader.h"
#include "mail/text/plain_text.h"
#include "mail/text/text_units.h"
#include "tests/support/catch.h"

namespace lazaret::mail {
namespace {

bool Unread(const std::string& mail, const ReadLimits& limits, const std::string& code) {
  const auto tree = ReadMessage(mail, limits, base::Deadline());
  REQUIRE(tree.ok());
  for (const Unreadable& unreadable : tree->unreadable) {
    if (unreadable.code == code) return true;
  }
  return false;
}

std::string Multipart(int parts) {
  std::string mail = "From: a@sender.example\nContent-Type: multipart/mixed; boundary=b\n\n";
  for (int i = 0; i < parts; ++i) mail += "--b\n\nx\n";
  return mail + "--b--\n";
}

// Nesting: `levels` multiparts, the innermost holding one text.
std::string Nested(int levels) {
  std::string mail;
  for (int i = 0; i < levels; ++i) {
    mail += base::Format("Content-Type: multipart/mixed; boundary=b{}\n\n--b{}\n", i, i);
  }
  mail += "Content-Type: text/plain\n\nbottom\n";
  for (int i = levels; i-- > 0;) mail += base::Format("--b{}--\n", i);
  return mail;
}

TEST_CASE("limits: header fields at, below and above") {
  const std::string mail = "A: 1\nB: 2\nC: 3\n\nbody\n";
  ReadLimits limits;
  for (const std::size_t most : {2U, 3U, 4U}) {
    limits.max_header_fields = most;
    CHECK(Unread(mail, limits, "scan.unscannable.header-fields") == (most < 3));
  }
}

TEST_CASE("limits: header bytes at, below and above") {
  const std::string mail = "A: 12345\n\nbody\n";  // 10 bytes with the empty line
  ReadLimits limits;
  for (const std::size_t most : {9U, 10U, 11U}) {
    limits.max_header_bytes = most;
    CHECK(Unread(mail, limits, "scan.unscannable.header-bytes") == (most < 10));
  }
}

TEST_CASE("limits: parts at, below and above") {
  ReadLimits limits;
  limits.max_parts = 5;  // delimiter lines, the closing one included
  CHECK_FALSE(Unread(Multipart(3), limits, "scan.unscannable.parts"));
  CHECK_FALSE(Unread(Multipart(4), limits, "scan.unscannable.parts"));
  CHECK(Unread(Multipart(5), limits, "scan.unscannable.parts"));
}

TEST_CASE("limits: depth at, below and above") {
  ReadLimits limits;
  limits.max_depth = 4;
  CHECK_FALSE(Unread(Nested(3), limits, "scan.unscannable.depth"));
  CHECK_FALSE(Unread(Nested(4), limits, "scan.unscannable.depth"));
  CHECK(Unread(Nested(5), limits, "scan.unscannable.depth"));
}

TEST_CASE("limits: decoded bytes at, below and above") {
  const std::string mail = "Content-Transfer-Encoding: base64\n\naGVsbG8h\n";  // 6 bytes
  ReadLimits limits;
  for (const std::size_t most : {5U, 6U, 7U}) {
    limits.max_decoded_bytes = most;
    CHECK(Unread(mail, limits, "scan.unscannable.decoded-bytes") == (most < 6));
  }
}

TEST_CASE("limits: text bytes at, below and above") {
  const std::string mail = "X-None: x\n\nhello";
  ReadLimits limits;
  for (const std::size_t most : {4U, 5U, 6U}) {
    limits.max_text_bytes = most;
    CHECK(Unread(mail, limits, "scan.unscannable.text-bytes") == (most < 5));
  }
}

TEST_CASE("limits: a text unit that was left out or cut is told by the last unit") {
  const std::string mail = "From: a@b.example\nSubject: s\n\nhello";  // three units, 17 bytes
  const auto truncated = [&](const TextLimits& limits) {
    TreeBuilder builder(mail, 1000);
    builder.Add(0, ArtifactKind::kMessage);
    builder.tree().headers = {{"From", "a@b.example", {}}, {"Subject", "s", {}}};
    Artifact& body = builder.Add(0, ArtifactKind::kPart);
    body.text = true;
    body.content = std::string_view(mail).substr(mail.size() - 5);
    REQUIRE(ExtractTexts(builder, limits, base::Deadline()).ok());
    return builder.tree().texts.back().truncated;
  };
  for (const std::size_t units : {2U, 3U, 4U}) CHECK(truncated({1000, units}) == (units < 3));
  for (const std::size_t bytes : {16U, 17U, 18U}) CHECK(truncated({bytes, 10}) == (bytes < 17));
}

TEST_CASE("limits: links beyond the cap are unscannable, in plain text and in HTML") {
  const auto unread = [](const std::string& type, std::size_t links) {
    std::string mail = "Content-Type: " + type + "\n\n";
    for (std::size_t i = 0; i < links; ++i)
      mail += "<a href='http://a.example/" + std::to_string(i) + "'>\n";
    return Unread(mail, ReadLimits{}, "scan.unscannable.text-bytes");
  };
  for (const std::string type : {"text/plain", "text/html"}) {
    CHECK_FALSE(unread(type, kMaxUrls));
    CHECK(unread(type, kMaxUrls + 1));
  }
}

TEST_CASE("limits: floods of headers, parts, levels and words end soon") {
  ReadLimits limits;
  std::string headers;
  for (int i = 0; i < 300'000; ++i) headers += "X-A: b\n";
  CHECK(Unread(headers + "\nbody\n", limits, "scan.unscannable.header-fields"));
  CHECK(Unread(Multipart(200'000), limits, "scan.unscannable.parts"));
  CHECK(Unread(Nested(3'000), limits, "scan.unscannable.depth"));
  std::string words = "Subject:";
  for (int i = 0; i < 100'000; ++i) words += " =?utf-8?Q?a?=";
  CHECK_FALSE(Unread(words + "\n\n", limits, "scan.unscannable.header-bytes"));
}

TEST_CASE("limits: a second try opens no container and no RTF, and names each") {
  ReadLimits limits;
  limits.open_containers = false;
  const std::string zip = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==";
  const auto mail = [](const std::string& type, const std::string& body, const char* encoding) {
    return "Content-Type: " + type + "\nContent-Transfer-Encoding: " + encoding + "\n\n" + body;
  };
  const std::string rtf = mail("application/rtf", "{\\rtf1 secret word}\n", "8bit");
  const std::string code = "scan.unscannable.second-try";
  CHECK(Unread(mail("application/zip", zip, "base64"), limits, code));
  CHECK(Unread(mail("text/plain", "before PK\x05\x06 behind\n", "8bit"), limits, code));
  CHECK(Unread(rtf, limits, code));
  CHECK_FALSE(Unread(mail("text/plain", "only words\n", "8bit"), limits, code));
  CHECK_FALSE(Unread(rtf, ReadLimits{}, code));
  const auto tree = ReadMessage(rtf, limits, base::Deadline());
  REQUIRE(tree.ok());
  for (const TextUnit& unit : tree->texts)
    CHECK(unit.text.find("secret word") == std::string::npos);
}

TEST_CASE("limits: a deadline that has passed is an error, never an empty tree") {
  std::string mail = Multipart(500);
  const auto tree = ReadMessage(mail, ReadLimits{}, base::Deadline::At(1));
  REQUIRE_FALSE(tree.ok());
  CHECK(tree.error().code == base::ErrorCode::kTimeout);
}

}  // namespace
}  // namespace lazaret::mail
