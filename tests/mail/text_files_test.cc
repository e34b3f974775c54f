#include "mail/mime/text_files.h"

#include <string>

#include "tests/support/catch.h"

namespace lazaret::mail {
namespace {

constexpr std::size_t kMost = 1U << 20;

std::string Yenc(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto coded = static_cast<unsigned char>(static_cast<unsigned char>(c) + 42U);
    const bool critical = coded == 0 || coded == '\n' || coded == '\r' || coded == '=';
    if (critical) out += '=';
    out += static_cast<char>(critical ? static_cast<unsigned char>(coded + 64U) : coded);
  }
  return out;
}

TEST_CASE("uuencode: a file in text is found, prose is not") {
  const auto file = FindTextFile("words\nbegin 644 a.txt\n#0V%T\n`\nend\n", 0, kMost);
  REQUIRE(file);
  CHECK(file->form == TextFileForm::kUuencode);
  CHECK(file->name == "a.txt");
  CHECK(file->begin == 6);
  CHECK(file->content.bytes == "Cat");
  CHECK_FALSE(FindTextFile("begin 2026 well\nand go on\n", 0, kMost));
  CHECK_FALSE(FindTextFile("we begin 644 a\n#0V%T\n", 0, kMost));
}

TEST_CASE("begin-base64: the lines up to the end mark are the file") {
  const auto file = FindTextFile("x\nbegin-base64 644 a.bin\naGVs\nbG8h\n====\nYQ==\n", 0, kMost);
  REQUIRE(file);
  CHECK(file->form == TextFileForm::kBase64);
  CHECK(file->name == "a.bin");
  CHECK(file->content.bytes == "hello!");
  CHECK_FALSE(FindTextFile("begin-base64 644 a.bin\n\n", 0, kMost));
}

TEST_CASE("yEnc: escapes, part lines and the end line") {
  const std::string bytes("MZ\0\n\r=\xD6\xE0\xE3 tail", 14);
  const std::string text = "hi\r\n=ybegin part=1 line=128 size=14 name=a b.exe\r\n" +
                           std::string("=ypart begin=1 end=14\r\n") + Yenc(bytes) +
                           "\r\n=yend size=14\r\nmore\r\n";
  const auto file = FindTextFile(text, 0, kMost);
  REQUIRE(file);
  CHECK(file->form == TextFileForm::kYenc);
  CHECK(file->name == "a b.exe");
  CHECK(file->content.bytes == bytes);
  CHECK(text.substr(file->end) == "more\r\n");
  CHECK_FALSE(FindTextFile("=ybegin line=128 size=14\nabc\n=yend\n", 0, kMost));
}

TEST_CASE("text files: the first of several comes first, the rest behind it") {
  const std::string text = "=ybegin size=1 name=y\nk\n=yend\nbegin 644 u\n#0V%T\n";
  const auto first = FindTextFile(text, 0, kMost);
  REQUIRE(first);
  CHECK(first->name == "y");
  const auto second = FindTextFile(text, first->end, kMost);
  REQUIRE(second);
  CHECK(second->name == "u");
  CHECK_FALSE(FindTextFile(text, second->end, kMost));
}

TEST_CASE("text files: the output limit holds at, below and above") {
  const std::string text = "begin-base64 644 a\naGVsbG8h\n====\n";
  CHECK(FindTextFile(text, 0, 5)->content.truncated);
  CHECK_FALSE(FindTextFile(text, 0, 6)->content.truncated);
  CHECK_FALSE(FindTextFile(text, 0, 7)->content.truncated);
}

TEST_CASE("text files: a file that claims the rest of the text covers no other") {
  for (const char* cover :
       {"=ybegin line=128 size=1 name=a.txt\n", "=ybegin line=128 size=1 name=a.txt\nxx\n",
        "begin-base64 644 a.txt\nYWJj\n"}) {
    const std::string text = std::string(cover) + "begin 644 evil.exe\n#0V%T\n`\nend\n";
    std::string names;
    for (std::size_t at = 0;;) {
      const auto file = FindTextFile(text, at, kMost);
      if (!file) break;
      names += file->name + " ";
      at = file->end;
    }
    INFO(cover << names);
    CHECK(names.find("evil.exe") != std::string::npos);
  }
}

}  // namespace
}  // namespace lazaret::mail
