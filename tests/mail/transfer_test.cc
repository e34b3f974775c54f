#include "mail/mime/transfer.h"

#include <string>

#include "tests/support/catch.h"

namespace lazaret::mail {
namespace {

constexpr std::size_t kMost = 1U << 20;

TEST_CASE("base64: clean text decodes without a mark") {
  const Decoded decoded = DecodeBase64("aGVs\r\nbG8h\r\n", kMost);
  CHECK(decoded.bytes == "hello!");
  CHECK_FALSE(decoded.broken());
  CHECK(DecodeBase64("aGk=", kMost).bytes == "hi");
  CHECK_FALSE(DecodeBase64("aGk", kMost).broken());
}

TEST_CASE("base64: data behind padding is kept and told") {
  const Decoded decoded = DecodeBase64("aGVsbG8=d29ybGQ=", kMost);
  CHECK(decoded.bytes == "helloworld");
  CHECK(decoded.data_after_padding);
}

TEST_CASE("base64: a footer behind padding is no data") {
  const Decoded decoded = DecodeBase64("aGVsbG8=\n\nThe list\nhttp://x.example/\n", kMost);
  CHECK(decoded.bytes == "hello");
  CHECK(decoded.text_after_padding);
  CHECK_FALSE(decoded.data_after_padding);
}

TEST_CASE("base64: foreign bytes are skipped and counted") {
  const Decoded decoded = DecodeBase64("aGV*s!bG8h", kMost);
  CHECK(decoded.bytes == "hello!");
  CHECK(decoded.foreign == 2);
  CHECK(decoded.first_problem == 3);
}

TEST_CASE("base64: the output limit holds at, below and above") {
  CHECK(DecodeBase64("aGVsbG8h", 5).truncated);
  CHECK_FALSE(DecodeBase64("aGVsbG8h", 6).truncated);
  CHECK_FALSE(DecodeBase64("aGVsbG8h", 7).truncated);
}

TEST_CASE("quoted-printable: soft breaks, escapes and broken escapes") {
  CHECK(DecodeQuotedPrintable("a=3Db=\r\nc= \nd", kMost).bytes == "a=bcd");
  const Decoded decoded = DecodeQuotedPrintable("50=% =ZZ =3", kMost);
  CHECK(decoded.bytes == "50=% =ZZ =3");
  CHECK(decoded.foreign == 3);
  CHECK(DecodeQuotedPrintable("abcdef", 5).truncated);
  CHECK_FALSE(DecodeQuotedPrintable("abcde", 5).truncated);
}

}  // namespace
}  // namespace lazaret::mail
