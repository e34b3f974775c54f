// Files inside winmail.dat.
#include "mail/unpack/tnef.h"

#include <algorithm>
#include <string>

#include "base/bytes.h"
#include "mail/reader.h"
#include "tests/mail/dump.h"
#include "tests/mail/zip_writer.h"
#include "tests/support/catch.h"

namespace lazaret::mail {
namespace {

using std::string_literals::operator""s;

const std::string kProgram = "MZ" + std::string(100, '\0');

std::string Attribute(unsigned level, unsigned id, const std::string& data) {
  base::ByteWriter out;
  out.U8(static_cast<std::uint8_t>(level));
  out.U32(id);
  out.String(data);
  out.U16(0);
  return out.Take();
}

std::string Stream(const std::string& attributes) {
  return "\x78\x9F\x3E\x22\x01\x00"s + attributes;
}

std::string Attachment(const std::string& name, const std::string& content) {
  return Attribute(2, 0x00069002, std::string(14, '\0')) + Attribute(2, 0x00018010, name + '\0') +
         Attribute(2, 0x0006800F, content);
}

std::string Property(unsigned tag, std::string value) {
  base::ByteWriter out;
  out.U32(tag);
  out.U32(1);
  out.U32(static_cast<std::uint32_t>(value.size()));
  value.resize((value.size() + 3) / 4 * 4);
  out.Raw(value);
  return out.Take();
}

std::string Properties(unsigned count, const std::string& properties) {
  base::ByteWriter out;
  out.U32(count);
  out.Raw(properties);
  return out.Take();
}

std::string Dump(const std::string& content, const ReadLimits& limits = {}) {
  const std::string mail = MailWith("winmail.dat", content);
  const auto tree = ReadMessage(mail, limits, base::Deadline());
  REQUIRE(tree.ok());
  return DumpTree(*tree);
}

bool Has(const std::string& dump, const std::string& text) {
  INFO(dump);
  return dump.find(text) != std::string::npos;
}

TEST_CASE("tnef: attachments are members with their names and contents") {
  const std::string dump =
      Dump(Stream(Attachment("run.exe", kProgram) + Attachment("a.txt", "words")));
  CHECK(Has(dump, "winmail.dat > run.exe declared= detected=application/x-dosexec bytes=102"));
  CHECK(Has(dump, "winmail.dat > a.txt declared= detected=text/plain bytes=5"));
  CHECK(Has(dump, "attachment: words"));
  CHECK_FALSE(Has(dump, "unreadable"));
}

TEST_CASE("tnef: the long name counts before the short one, both are judged") {
  const std::string wide = "l\0o\0n\0g\0.\0p\0i\0f\0\0\0"s;
  const std::string flag = "\x03\x00\x05\x37\x01\x00\x00\x00"s;  // a number
  const std::string named = "\x0B\x00\x01\x80"s + std::string(16, 'g') + "\0\0\0\0\0\0\0\0"s +
                            "\x01\x00\x00\x00"s;  // a named truth value
  const std::string properties = Properties(3, flag + named + Property(0x3707001F, wide));
  const std::string dump =
      Dump(Stream(Attachment("SHORT.TXT", "x") + Attribute(2, 0x00069005, properties)));
  CHECK(Has(dump, "winmail.dat > long.pif"));
  CHECK(Has(dump, "name=SHORT.TXT"));
}

TEST_CASE("tnef: an embedded message and an HTML body are read") {
  const std::string inner = std::string(16, 'i') + Stream(Attachment("run.exe", kProgram));
  const std::string object = Properties(1, Property(0x3701000D, inner));
  const std::string html = Properties(1, Property(0x10130102, "<html><p>secret</p></html>"));
  const std::string dump =
      Dump(Stream(Attribute(1, 0x00069003, html) + Attribute(1, 0x0002800C, "plain body\0"s) +
                  Attachment("mail", "") + Attribute(2, 0x00069005, object)));
  CHECK(Has(dump, "detected=text/html"));
  CHECK(Has(dump, "attachment: plain body"));
  CHECK(Has(dump, "> run.exe declared= detected=application/x-dosexec"));
}

TEST_CASE("tnef: what is cut or damaged is unscannable, what came before is kept") {
  const std::string whole = Stream(Attachment("run.exe", kProgram));
  for (std::size_t size = 6; size < whole.size(); ++size) {
    const Tnef tnef = ReadTnef(std::string_view(whole).substr(0, size));
    CHECK(tnef.whole == (size == 6 || size == 31 || size == 31 + 19));
  }
  CHECK(ReadTnef(whole).whole);
  CHECK(ReadTnef(whole + "\r\n").whole);
  CHECK(ReadTnef(whole + std::string(10, '\n')).whole);
  CHECK_FALSE(ReadTnef(whole + std::string(11, '\n')).whole);
  CHECK(Has(Dump(whole + "x"), "unreadable 2 scan.unscannable.archive"));
  CHECK(Has(Dump(whole + "x"), "> run.exe"));
  CHECK_FALSE(ReadTnef("").whole);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string broken = whole;
    broken[at] = '\xFF';
    CHECK(ReadTnef(broken).files.size() <= 2);
  }
}

TEST_CASE("tnef: the member limit holds at, below and above") {
  const std::string two = Stream(Attachment("a", "1") + Attachment("b", "2"));
  ReadLimits limits;
  for (const std::size_t most : {1U, 2U, 3U}) {
    limits.max_archive_members = most;
    CHECK(Has(Dump(two, limits), "scan.unscannable.archive-members") == (most < 2));
  }
  for (const std::size_t most : {1U, 2U, 3U}) {
    limits = ReadLimits();
    limits.max_unpacked_bytes = most;
    CHECK(Has(Dump(two, limits), "scan.unscannable.unpacked-bytes") == (most < 2));
  }
}

// So many contents of one attachment, all empty, in one property.
std::string Contents(unsigned count) {
  base::ByteWriter out;
  out.U32(0x3701000D);
  out.U32(count);
  out.Raw(std::string(4 * std::size_t{count}, '\0'));
  return Attribute(2, 0x00069005, Properties(1, out.bytes()));
}

std::string Titles(unsigned count, std::size_t size) {
  std::string out;
  for (unsigned i = 0; i < count; ++i) {
    out += Attribute(2, 0x00018010, std::to_string(100 + i) + std::string(size - 3, 'n') + '\0');
  }
  return out;
}

TEST_CASE("tnef: contents without end under many names stay within the cap of files") {
  const std::string bomb = Stream(Titles(16, 4096) + Contents(250'000));
  const Tnef tnef = ReadTnef(bomb, 100);
  CHECK_FALSE(tnef.whole);
  REQUIRE(tnef.files.size() == 100);
  CHECK(tnef.files.front().names == tnef.files.back().names);  // one copy
  ReadLimits limits;
  limits.max_archive_members = 10;
  const std::string dump = Dump(bomb, limits);
  CHECK(Has(dump, "scan.unscannable.archive-members"));
  CHECK(Has(dump, "member 12 "));
  CHECK_FALSE(Has(dump, "member 13 "));
}

TEST_CASE("tnef: the cap of files holds at, below and above") {
  for (const unsigned count : {9U, 10U, 11U}) {
    std::string many = Stream("");
    for (unsigned i = 0; i < count; ++i) many += Attribute(1, 0x0002800C, "words");
    const std::string html = Property(0x10130102, "<html></html>");
    std::string properties;
    for (unsigned i = 0; i < count; ++i) properties += html;
    for (const std::string& stream :
         {Stream(Contents(count)), many,
          Stream(Attribute(1, 0x00069003, Properties(count, properties)))}) {
      const Tnef tnef = ReadTnef(stream, 10);
      CHECK(tnef.whole == (count <= 10));
      CHECK(tnef.files.size() == std::min(count, 10U));
    }
  }
}

TEST_CASE("tnef: names of one attachment are capped by number and by bytes") {
  const auto whole = [](const std::string& titles) {
    return ReadTnef(Stream(titles + Attribute(2, 0x0006800F, "x"))).whole;
  };
  CHECK(whole(Titles(15, 10)));
  CHECK(whole(Titles(16, 10)));
  CHECK_FALSE(whole(Titles(17, 10)));
  CHECK(whole(Titles(4, 4095)));
  CHECK(whole(Titles(4, 4096)));
  CHECK_FALSE(whole(Titles(5, 4096)));
}

TEST_CASE("tnef: properties behind one of unknown kind, or above the cap, were not seen") {
  const std::string unknown = Properties(2, Property(0x370100FB, "x") + Property(0x3707001E, "n"));
  CHECK_FALSE(ReadTnef(Stream(Attribute(2, 0x00069005, unknown))).whole);
  const std::string dump =
      Dump(Stream(Attachment("a.txt", "x") + Attribute(2, 0x00069005, unknown)));
  CHECK(Has(dump, "> a.txt"));
  CHECK(Has(dump, "unreadable 2 scan.unscannable.archive"));
  for (const unsigned count : {16383U, 16384U, 16385U}) {
    std::string numbers;
    for (unsigned i = 0; i < count; ++i) numbers += "\x03\x00\x05\x37\x01\x00\x00\x00"s;
    const std::string stream = Stream(Attribute(2, 0x00069005, Properties(count, numbers)));
    CHECK(ReadTnef(stream).whole == (count <= 16384));
  }
}

}  // namespace
}  // namespace lazaret::mail
