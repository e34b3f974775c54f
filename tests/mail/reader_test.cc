#include "mail/reader.h"

#include <clocale>
#include <string>

#include "base/crypto.h"
#include "tests/mail/zip_writer.h"
#include "tests/support/catch.h"

namespace lazaret::mail {
namespace {

TEST_CASE("reader: everything needed can be preloaded") {
  REQUIRE(std::setlocale(LC_ALL, "C.UTF-8") != nullptr);
  const auto status = PreloadReaders();
  INFO((status.ok() ? std::string() : status.error().text));
  CHECK(status.ok());
}

TEST_CASE("reader: ranges point at the bytes of the part") {
  const std::string mail = MailWith("a.bin", "content");
  const auto tree = ReadMessage(mail, ReadLimits{}, base::Deadline());
  REQUIRE(tree.ok());
  REQUIRE(tree->artifacts.size() == 3);
  const Artifact& part = tree->artifacts[2];
  REQUIRE(part.raw_header);
  REQUIRE(part.raw_body);
  const std::string header =
      mail.substr(part.raw_header->begin, part.raw_header->end - part.raw_header->begin);
  CHECK(header.substr(0, 13) == "Content-Type:");
  CHECK(header.substr(header.size() - 4) == "\r\n\r\n");
  CHECK(mail.substr(part.raw_body->begin, part.raw_body->end - part.raw_body->begin) ==
        base::Base64("content"));
  CHECK(part.content == "content");
  CHECK(part.sha256 == base::Sha256("content"));
}

TEST_CASE("reader: headers come in order with their place") {
  const std::string mail = "From: a@x.example\nX-One: 1\n two\n\nbody\n";
  const auto tree = ReadMessage(mail, ReadLimits{}, base::Deadline());
  REQUIRE(tree.ok());
  REQUIRE(tree->headers.size() == 2);
  CHECK(tree->headers[1].name == "X-One");
  CHECK(tree->headers[1].value == "1 two");
  CHECK(mail.substr(tree->headers[1].raw.begin,
                    tree->headers[1].raw.end - tree->headers[1].raw.begin) == "X-One: 1\n two\n");
}

TEST_CASE("reader: empty and tiny messages give a tree") {
  for (const char* text : {"", "\n", "x", "a:", "\r\n\r\n", ":", "a: b\n\nc"}) {
    const auto tree = ReadMessage(text, ReadLimits{}, base::Deadline());
    REQUIRE(tree.ok());
    CHECK(tree->root().kind == ArtifactKind::kMessage);
  }
}

}  // namespace
}  // namespace lazaret::mail

TEST_CASE("reader: a message of no bytes at all is read as an empty one", "[mail][reader]") {
  const auto tree =
      lazaret::mail::ReadMessage({}, {}, lazaret::base::Deadline::AfterMillis(10'000));
  REQUIRE(tree.ok());
  CHECK_FALSE(tree->artifacts.empty());
}
