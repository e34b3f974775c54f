// ZIPs that readers read differently, and ZIPs behind something else.
#include "mail/unpack/zip_structure.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "mail/reader.h"
#include "tests/mail/dump.h"
#include "tests/mail/ole_writer.h"
#include "tests/mail/zip_writer.h"
#include "tests/support/catch.h"

namespace lazaret::mail {
namespace {

using std::string_literals::operator""s;

const std::string kProgram = "MZ" + std::string(100, '\0');

std::string Dump(const std::string& name, const std::string& content) {
  const std::string mail = MailWith(name, content);
  const auto tree = ReadMessage(mail, ReadLimits{}, base::Deadline());
  REQUIRE(tree.ok());
  return DumpTree(*tree);
}

bool Has(const std::string& dump, const std::string& text) {
  INFO(dump);
  return dump.find(text) != std::string::npos;
}

std::string Replaced(std::string text, const std::string& from, const std::string& to, bool last) {
  const std::size_t at = last ? text.rfind(from) : text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

TEST_CASE("zip: an ordinary archive has one reading") {
  const std::string zip = MakeZip({{"a.txt", "one", 0}, {"dir/b.exe", kProgram, 0}});
  const ZipStructure structure = ReadZipStructure(zip);
  CHECK(structure.found);
  CHECK(structure.fits_end);
  CHECK(structure.entries == 2);
  CHECK(structure.begin == 0);
  CHECK(structure.end == zip.size());
  CHECK(structure.hidden.empty());
  CHECK(structure.renamed.empty());
  // Stored archives inside are covered by their member.
  CHECK(ReadZipStructure(MakeZip({{"i.zip", zip, 0}, {"j.zip", zip, 0}})).hidden.empty());
  CHECK_FALSE(Has(Dump("a.zip", MakeZip({{"i.zip", zip, 0}})), "difference"));
  CHECK_FALSE(ReadZipStructure("").found);
  CHECK_FALSE(ReadZipStructure(zip.substr(0, zip.size() - 30)).found);
}

TEST_CASE("zip: of archives behind each other all members are read, and it is ambiguous") {
  const std::string harmless = MakeZip({{"a.txt", "one", 0}});
  const std::string program = MakeZip({{"run.exe", kProgram, 0}});
  for (const std::string& zip : {harmless + program, program + harmless,
                                 harmless + program + harmless, program + MakeZip({})}) {
    const std::string dump = Dump("x.zip", zip);
    CHECK(Has(dump, "run.exe declared= detected=application/x-dosexec"));
    CHECK(Has(dump, "ambiguous archive.hidden-member"));
  }
}

TEST_CASE("zip: a member that the directory does not name is read and ambiguous") {
  const std::string zip = MakeZip({{"a.txt", "one", 0}, {"run.exe", kProgram, 0}});
  const std::size_t directory = zip.find("PK\x01\x02");
  const std::size_t second = zip.find("PK\x01\x02", directory + 4);
  const std::size_t end = zip.find("PK\x05\x06");
  std::string record = zip.substr(end);
  record[8] = record[10] = 1;
  record[12] = static_cast<char>(second - directory);
  const std::string dump = Dump("x.zip", zip.substr(0, second) + record);
  CHECK(Has(dump, "x.zip > a.txt"));
  CHECK(Has(dump, "run.exe declared= detected=application/x-dosexec"));
  CHECK(Has(dump, "ambiguous archive.hidden-member"));
}

TEST_CASE("zip: two names of one member are both judged; another extension is ambiguous") {
  const std::string zip = MakeZip({{"run.exe", kProgram, 0}});
  for (const bool last : {false, true}) {
    const std::string dump = Dump("x.zip", Replaced(zip, "run.exe", "run.txt", last));
    CHECK(Has(dump, "name=run.exe"));
    CHECK(Has(dump, "name=run.txt"));
    CHECK(Has(dump, "ambiguous archive.name-mismatch"));
  }
  const std::string same = Dump("x.zip", Replaced(zip, "run.exe", "fun.exe", true));
  CHECK(Has(same, "broken archive.name-mismatch"));
  const std::string slash = MakeZip({{"d/run.exe", kProgram, 0}});
  CHECK_FALSE(Has(Dump("x.zip", Replaced(slash, "d/run", "d\\run", true)), "difference"));
}

TEST_CASE("zip: a NUL in a name is ambiguous") {
  const std::string dump = Dump("x.zip", MakeZip({{"run.txt\0.exe"s, kProgram, 0}}));
  CHECK(Has(dump, "ambiguous archive.name-mismatch"));
}

TEST_CASE("zip: an archive behind something else is opened; behind a picture it is ambiguous") {
  const std::string zip = MakeZip({{"run.exe", kProgram, 0}});
  const std::string picture = "\x89PNG\r\n\x1A\n"s + std::string(200, 'p');
  const std::string document = "%PDF-1.4\n" + std::string(200, 'p') + "\n%%EOF\n";
  for (const std::string& front : {picture, document, "text in front\n"s, "\1\2\3"s}) {
    const std::string dump = Dump("x", front + zip);
    CHECK(Has(dump, "run.exe declared= detected=application/x-dosexec"));
    CHECK(Has(dump, "ambiguous archive.appended"));
  }
  const std::string extractor = Dump("x.exe", kProgram + zip);
  CHECK(Has(extractor, "run.exe declared= detected=application/x-dosexec"));
  CHECK_FALSE(Has(extractor, "difference"));
  // A document that holds files and goes on behind them.
  const std::string attached = Dump("x.pdf", document + zip + "\ntrailer\n%%EOF\n");
  CHECK(Has(attached, "run.exe declared= detected=application/x-dosexec"));
  CHECK_FALSE(Has(attached, "difference"));
  CHECK_FALSE(Has(Dump("x.pdf", document + "PK\x05\x06" + std::string(18, '\0')), "difference"));
}

TEST_CASE("zip: broken directories end the look") {
  const std::string zip = MakeZip({{"a.txt", "one", 0}, {"run.exe", kProgram, 0}});
  for (std::size_t at = 0; at < zip.size(); ++at) {
    for (const char byte : {'\0', '\xFF', '\x7F'}) {
      std::string broken = zip;
      broken[at] = byte;
      const ZipStructure structure = ReadZipStructure(broken);
      CHECK(structure.end <= broken.size());
      CHECK(structure.entries <= 2);
    }
  }
}

TEST_CASE("unpack: a second tar behind the end of the first is read") {
  const std::string tar = MakeTar({{"a.txt", "words", 0}}) + MakeTar({{"run.exe", kProgram, 0}});
  CHECK(Has(Dump("x.tar", tar), "run.exe declared= detected=application/x-dosexec"));
}

TEST_CASE("unpack: archives and disk images that nothing here opens are unscannable") {
  std::string boot(512, '\0');
  boot.replace(54, 8, "FAT16   ");
  boot.replace(510, 2, "\x55\xAA");
  const std::string dynamic = std::string(2000, 'x') + "conectix" + std::string(504, '\0');
  const std::string apple = std::string(2000, 'x') + "koly\0\0\0\4"s + std::string(504, '\0');
  std::string udf(32769, '\0');
  udf += "BEA01" + std::string(100, '\0');
  for (const std::string& content : {"MSWIM\0\0\0xx"s, "SZDD\x88\xF0\x27\x33"s, "vhdxfile"s, boot,
                                     dynamic, apple, udf, "\x60\xEA"s + std::string(40, '\0')}) {
    INFO(content.substr(0, 10));
    CHECK(Has(Dump("x", content), "unreadable 2 scan.unscannable.archive"));
  }
  boot[510] = '\0';
  CHECK_FALSE(Has(Dump("x", boot), "unreadable"));
}

std::string Base(const std::string& name) { return MakeZip({{name, "words", 0}}); }

std::string Property(const std::string& name, const std::string& content) {
  base::ByteWriter out;
  for (const auto& [id, data] : std::vector<std::pair<unsigned, std::string>>{
           {0x00018010, name + '\0'}, {0x0006800F, content}}) {
    out.U8(2);
    out.U32(id);
    out.String(data);
    out.U16(0);
  }
  return "\x78\x9F\x3E\x22\x01\x00"s + out.Take();
}

// "words", compressed.
const std::string kGzip =
    "\x1F\x8B\x08\0\0\0\0\0\2\3\x2B\xCF\x2F\x4A\x29\6\0\x2F\xE6\x36\x2C\5\0\0\0"s;

TEST_CASE("zip: an archive behind a container of another kind is opened and ambiguous") {
  const std::string zip = MakeZip({{"run.exe", kProgram, 0}});
  const std::string ole = MakeOle({{"WordDocument", std::string(5000, 'w')}});
  for (const std::string& front :
       {MakeTar({{"a.txt", "words", 0}}), kGzip, ole, Property("a.txt", "words"),
        "Rar!\x1A\7\1\0"s + std::string(40, '\0'), "MSCF"s + std::string(40, '\0'),
        "7z\xBC\xAF\x27\x1C\0\4"s + std::string(40, '\0'), "MSWIM\0\0\0xx"s}) {
    for (const char* behind : {"", "\n"}) {
      const std::string dump = Dump("x", front + zip + behind);
      CHECK(Has(dump, "run.exe declared= detected=application/x-dosexec"));
      CHECK(Has(dump, "ambiguous archive.appended") == (*behind == '\0'));
      CHECK_FALSE(
          Has(dump, "message > x declared=application/octet-stream detected=application/zip"));
    }
  }
}

TEST_CASE("zip: an archive that is a file of its container is read once and is no trick") {
  const std::string zip = MakeZip({{"run.exe", kProgram, 0}});
  const std::string other = Base("other.txt");
  std::string cut_tar = MakeTar({{"i.zip", other, 0}, {"j.zip", zip, 0}});
  const std::string document = MakeOle({{"Data", zip + std::string(5000, 'd')}});
  for (const std::string& container :
       {cut_tar, Property("j.zip", zip), MakeOle({{"Package", zip + std::string(5000, 'p')}}),
        document, Property("a.doc", document)}) {
    const std::string dump = Dump("x", container);
    CHECK_FALSE(Has(dump, "difference"));
    CHECK_FALSE(Has(dump, "unreadable"));
    CHECK_FALSE(Has(dump, "message > x > run.exe"));
  }
  CHECK(Has(Dump("x", cut_tar), "message > x > j.zip > run.exe"));
}

TEST_CASE("zip: an archive behind text is opened, and the text stays text") {
  const std::string zip = MakeZip({{"run.exe", kProgram, 0}});
  std::string text = "secret words\n";
  while (text.size() < 20'000) text += "and many more of them\n";
  const std::string mail = "From: a@b.example\nTo: b@c.example\n\n" + text;
  for (const std::string& front : {text, mail, mail + "begin 644 a.txt\n%=V]R9',`\n`\nend\n"}) {
    for (const std::string& behind : {""s, "\n"s, "more words\n"s}) {
      const std::string dump = Dump("x", front + zip + behind);
      CHECK(Has(dump, "run.exe declared= detected=application/x-dosexec"));
      CHECK(Has(dump, "ambiguous archive.appended"));
      CHECK_FALSE(Has(dump, "detected=application/zip"));
      CHECK(Has(dump, "secret words"));
    }
  }
  // A part of a mail in no encoding holds the archive itself.
  const std::string whole =
      "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
      "Content-Type: application/zip\r\nContent-Transfer-Encoding: binary\r\n\r\n" +
      zip + "\r\n--b--\r\n";
  const auto tree = ReadMessage(whole, ReadLimits{}, base::Deadline());
  REQUIRE(tree.ok());
  CHECK(Has(DumpTree(*tree), "run.exe"));
  CHECK_FALSE(Has(DumpTree(*tree), "archive.appended"));
}

// A local header without content.
std::string LocalHeader(std::size_t name_length) {
  base::ByteWriter out;
  out.U32(0x04034B50);
  out.Raw(std::string(22, '\0'));
  out.U16(static_cast<std::uint16_t>(name_length));
  out.U16(0);
  return out.Take();
}

// Each entry has the name and the offset of its local header.
std::string Directory(const std::vector<std::pair<std::string, std::size_t>>& entries,
                      std::size_t begin) {
  base::ByteWriter out;
  for (const auto& [name, offset] : entries) {
    out.U32(0x02014B50);
    out.Raw(std::string(24, '\0'));
    out.U16(static_cast<std::uint16_t>(name.size()));
    out.Raw(std::string(12, '\0'));
    out.U32(static_cast<std::uint32_t>(offset));
    out.Raw(name);
  }
  const auto size = static_cast<std::uint32_t>(out.bytes().size());
  out.U32(0x06054B50);
  out.U32(0);
  out.U16(static_cast<std::uint16_t>(entries.size()));
  out.U16(static_cast<std::uint16_t>(entries.size()));
  out.U32(size);
  out.U32(static_cast<std::uint32_t>(begin));
  out.U16(0);
  return out.Take();
}

TEST_CASE("zip: local names that overlap are not stored for each entry") {
  std::string zip;
  std::vector<std::pair<std::string, std::size_t>> entries;
  for (std::size_t i = 0; i < 4000; ++i) {
    entries.emplace_back("a" + std::to_string(i), zip.size());
    zip += LocalHeader(65'535);
  }
  zip += std::string(65'535, 'n');
  const ZipStructure structure = ReadZipStructure(zip + Directory(entries, zip.size()), 100);
  CHECK(structure.entries == 4000);
  CHECK(structure.cut);
  REQUIRE(structure.renamed.size() == 100);
  for (const auto& [local, other] : structure.renamed) CHECK(local.size() == 4096);
}

TEST_CASE("zip: names that differ are kept up to the cap, at, below and above") {
  for (const std::size_t count : {9U, 10U, 11U}) {
    std::string zip;
    std::vector<std::pair<std::string, std::size_t>> entries;
    for (std::size_t i = 0; i < count; ++i) {
      entries.emplace_back("x" + std::to_string(100 + i), zip.size());
      zip += LocalHeader(4) + "y" + std::to_string(100 + i);
    }
    const ZipStructure structure = ReadZipStructure(zip + Directory(entries, zip.size()), 10);
    CHECK(structure.renamed.size() == std::min<std::size_t>(count, 10));
    CHECK(structure.cut == (count > 10));
  }
}

TEST_CASE("zip: a name is compared whole and kept up to 4096 bytes") {
  for (const std::size_t size : {4095U, 4096U, 4097U}) {
    const std::string name(size - 4, 'n');
    const std::string zip = LocalHeader(size) + name + ".exe";
    const ZipStructure structure =
        ReadZipStructure(zip + Directory({{name + ".txt", 0}}, zip.size()));
    REQUIRE(structure.renamed.size() == 1);
    CHECK(structure.renamed.begin()->first.size() == std::min<std::size_t>(size, 4096));
    const std::string same = LocalHeader(size) + name + "\\txt";
    CHECK(ReadZipStructure(same + Directory({{name + "/txt", 0}}, same.size())).renamed.empty());
    const std::string dump = Dump("x.zip", zip + Directory({{name + ".txt", 0}}, zip.size()));
    CHECK(Has(dump, "archive.name-mismatch"));
  }
}

TEST_CASE("zip: an empty end record at the end hides nothing") {
  const std::string zip = MakeZip({{"run.exe", kProgram, 0}});
  for (const std::string& front :
       {""s, "\1\2\3"s, kProgram, "words\n"s, kGzip, MakeTar({{"e.zip", MakeZip({}), 0}})}) {
    const std::string dump = Dump("x", front + zip + MakeZip({}));
    CHECK(Has(dump, "run.exe declared= detected=application/x-dosexec"));
    CHECK(Has(dump, "ambiguous archive.hidden-member"));
  }
  CHECK_FALSE(Has(Dump("x.exe", kProgram + MakeZip({})), "difference"));
}

TEST_CASE("zip: false end records are tried up to the cap, above it the look is cut") {
  const std::string zip = MakeZip({{"run.exe", kProgram, 0}});
  std::string behind = "PK\x05\x06" + std::string(18, '\xEE');
  for (const std::size_t count : {62U, 63U, 64U}) {
    std::string content = zip;
    for (std::size_t i = 0; i < count; ++i) content += behind;
    const ZipStructure structure = ReadZipStructure(content);
    CHECK(structure.found == (count <= 63));
    CHECK(structure.cut == (count > 63));
    for (const std::string& front : {"\1\2\3"s, ""s}) {
      const std::string dump = Dump("x", front + content);
      CHECK(Has(dump, "scan.unscannable.archive") == (count > 63));
    }
  }
  CHECK_FALSE(ReadZipStructure("PK\x05\x06").cut);
}

TEST_CASE("zip: hidden pieces are read up to the cap, above it the look is cut") {
  const std::string zip = MakeZip({{"a.txt", "words", 0}});
  for (const std::size_t count : {15U, 16U, 17U}) {
    std::string content;
    for (std::size_t i = 0; i < count; ++i) content += zip;
    const ZipStructure structure = ReadZipStructure(content + zip);
    CHECK(structure.hidden.size() == std::min<std::size_t>(count, 16));
    CHECK(structure.cut == (count > 16));
    CHECK(Has(Dump("x.zip", content + zip), "scan.unscannable.archive") == (count > 16));
    CHECK(Has(Dump("x.txt", "words " + content + zip), "scan.unscannable.archive") == (count > 16));
  }
}

TEST_CASE("zip: entries are compared up to the cap, above it the look is cut") {
  constexpr std::size_t kMost = 1U << 18;
  std::string entry = "PK\x01\x02" + std::string(42, '\0');
  for (const std::size_t count : {kMost - 1, kMost, kMost + 1}) {
    std::string directory;
    for (std::size_t i = 0; i < count; ++i) directory += entry;
    base::ByteWriter end;
    end.U32(0x06054B50);
    end.Raw(std::string(8, '\0'));
    end.U32(static_cast<std::uint32_t>(directory.size()));
    end.U32(0);
    end.U16(0);
    const ZipStructure structure = ReadZipStructure(directory + end.bytes());
    CHECK(structure.entries == std::min(count, kMost));
    CHECK(structure.cut == (count > kMost));
  }
}

}  // namespace
}  // namespace lazaret::mail
