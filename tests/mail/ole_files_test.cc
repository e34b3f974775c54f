// Files inside old office documents and Outlook messages.
#include "mail/unpack/ole_files.h"

#include <algorithm>
#include <cstdint>
#include <string>
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

std::string Package(const std::string& label, const std::string& content) {
  base::ByteWriter body;
  body.U16(2);
  body.Raw(label + '\0' + "C:\\x\\" + label + '\0');
  body.U16(0);
  body.U16(3);
  body.String("C:\\temp\\" + label + '\0');
  body.String(content);
  base::ByteWriter out;
  out.String(body.bytes());
  return out.Take();
}

std::string Wide(const std::string& text) {
  std::string out;
  for (const char c : text) out += std::string{c, '\0'};
  return out;
}

std::string Dump(const std::string& name, const std::string& content,
                 const ReadLimits& limits = {}) {
  const std::string mail = MailWith(name, content);
  const auto tree = ReadMessage(mail, limits, base::Deadline());
  REQUIRE(tree.ok());
  return DumpTree(*tree);
}

bool Has(const std::string& dump, const std::string& text) {
  INFO(dump);
  return dump.find(text) != std::string::npos;
}

TEST_CASE("ole: a package in a document is a member with its name") {
  const std::string document = MakeOle(
      {{"WordDocument", std::string(4096, '\0')}, {"\1Ole10Native", Package("run.exe", kProgram)}});
  const std::string dump = Dump("a.doc", document);
  CHECK(Has(dump,
            "member 3 message > a.doc > run.exe declared= detected=application/x-dosexec "
            "bytes=102"));
  CHECK_FALSE(Has(dump, "unreadable"));
  // The same inside a modern document.
  const std::string zip = MakeZip({{"[Content_Types].xml", "<Types/>", 0},
                                   {"word/document.xml", "<w:document/>", 0},
                                   {"word/embeddings/oleObject1.bin", document, 0}});
  CHECK(Has(Dump("a.docx", zip),
            "oleObject1.bin > run.exe declared= detected=application/x-dosexec"));
}

TEST_CASE("ole: native data that is no package is looked at as it is") {
  const std::string native = "\x20\0\0\0"s + "equation data";
  CHECK(Has(Dump("a.doc", MakeOle({{"WordDocument", "w"}, {"\1Ole10Native", native}})),
            "member 3 message > a.doc > part 1 declared="));
}

TEST_CASE("ole: a package cut short is unscannable") {
  const std::string whole = Package("run.exe", kProgram);
  for (std::size_t size = 1; size < whole.size(); size += 7) {
    const std::string dump =
        Dump("a.doc", MakeOle({{"WordDocument", "w"}, {"\1Ole10Native", whole.substr(0, size)}}));
    CHECK(Has(dump, "unreadable") == (size > 5));
  }
}

TEST_CASE("ole: attachments and bodies of an Outlook message are members") {
  const std::string message = MakeOle({{"__properties_version1.0", std::string(40, '\0')},
                                       {"__substg1.0_1000001F", Wide("the body text")},
                                       {"__substg1.0_3704001F", Wide("RUN~1.EXE")},
                                       {"__substg1.0_3707001F", Wide("run me.exe")},
                                       {"__substg1.0_37010102", kProgram}});
  const std::string dump = Dump("a.msg", message);
  CHECK(Has(dump, "> run me.exe declared= detected=application/x-dosexec"));
  CHECK(Has(dump, "name=RUN~1.EXE"));
  CHECK(Has(dump, "attachment: the body text"));
}

TEST_CASE("ole: a storage's entries know it as their parent") {
  std::string ole = MakeOle({{"first", "1"}, {"second", "2"}, {"third", "3"}});
  auto file = OleFile::Open(ole);
  REQUIRE(file);
  REQUIRE(file->entries().size() == 4);
  // The builder links no tree: all hang on the root.
  for (const OleEntry& entry : file->entries()) CHECK(entry.parent == 0);
  // first becomes a storage with second as its child and third beside that.
  const std::size_t directory = ole.find("R\0o\0o\0t\0"s);
  REQUIRE(directory != std::string::npos);
  ole[directory + 76] = 1;
  ole[directory + 128 + 66] = 1;
  ole.replace(directory + 128 + 76, 4, "\2\0\0\0"s);
  ole.replace(directory + 256 + 72, 4, "\3\0\0\0"s);
  ole.replace(directory + 384 + 68, 4, "\2\0\0\0"s);  // a loop
  file = OleFile::Open(ole);
  REQUIRE(file);
  CHECK(file->entries()[1].parent == 0);
  CHECK(file->entries()[2].parent == 1);
  CHECK(file->entries()[3].parent == 1);
}

TEST_CASE("ole: large files keep part of their sector table outside the header") {
  for (const std::size_t megabytes : {6U, 8U, 17U}) {
    INFO(megabytes);
    const std::string large(megabytes << 20, 'x');
    const std::string ole =
        MakeOle({{"Package", large + "end"}, {"__substg1.0_37010102", "small"}});
    const auto file = OleFile::Open(ole);
    REQUIRE(file);
    const auto streams = OleFileStreams(*file);
    REQUIRE(streams.size() == 2);
    const OleContent content = ReadOleContent(*file, streams[0], 100U << 20);
    CHECK_FALSE(content.cut);
    CHECK(content.bytes.size() == large.size() + 3);
    CHECK(content.bytes.substr(large.size()) == "end");
    CHECK(ReadOleContent(*file, streams[1], 100).bytes == "small");
  }
}

TEST_CASE("ole: the limits of members and bytes hold at, below and above") {
  const std::string document =
      MakeOle({{"WordDocument", "w"}, {"Package", std::string(5000, 'p')}});
  ReadLimits limits;
  for (const std::size_t most : {4999U, 5000U, 5001U}) {
    limits = ReadLimits();
    limits.max_member_bytes = most;
    CHECK(Has(Dump("a.doc", document, limits), "scan.unscannable.member-bytes") == (most < 5000));
    limits = ReadLimits();
    limits.max_unpacked_bytes = most;
    CHECK(Has(Dump("a.doc", document, limits), "scan.unscannable.unpacked-bytes") == (most < 5000));
  }
}

std::string Number(std::uint32_t value) {
  base::ByteWriter out;
  out.U32(value);
  return out.Take();
}

bool Whole(const std::string& ole) {
  const auto file = OleFile::Open(ole);
  return file && file->whole();
}

const std::string kDocument =
    MakeOle({{"WordDocument", std::string(20'000, '\0')}, {"Small", std::string(300, 's')}});

TEST_CASE("ole: a compound file that is cut is unscannable, a whole one is not") {
  CHECK(Whole(kDocument));
  CHECK_FALSE(Has(Dump("a.doc", kDocument), "unreadable"));
  for (std::size_t size = 512; size < kDocument.size(); size += 512) {
    INFO(size);
    CHECK_FALSE(Whole(kDocument.substr(0, size)));
    CHECK(Has(Dump("a.doc", kDocument.substr(0, size)), "unreadable 2 scan.unscannable.archive"));
  }
  // Less than a header is no compound file.
  CHECK_FALSE(Has(Dump("a.doc", kDocument.substr(0, 511)), "unreadable"));
  // What stands behind the file is not of it.
  CHECK(Whole(kDocument + "x"));
  CHECK(Whole(kDocument + std::string(2000, 'x')));
}

TEST_CASE("ole: a table at the front tells that the streams behind it are cut") {
  // One table sector first, then the directory, then a stream of sixteen sectors.
  std::string ole = kDocument.substr(0, 512);
  ole.replace(76, 4, Number(0));
  ole.replace(48, 4, Number(1));
  ole.replace(60, 4, Number(0xFFFFFFFE));
  std::string table = Number(0xFFFFFFFD) + Number(0xFFFFFFFE);
  for (std::uint32_t i = 3; i < 18; ++i) table += Number(i);
  table += Number(0xFFFFFFFE);
  table.resize(512, '\xFF');
  const std::string small = MakeOle({});
  const std::string directory = small.substr(small.find("R\0o\0o\0t\0"s), 128);
  ole += table + directory + std::string(384, '\0') + std::string(16 * 512, 'd');
  CHECK(Whole(ole));
  CHECK(Whole(ole.substr(0, ole.size() - 511)));
  CHECK_FALSE(Whole(ole.substr(0, ole.size() - 512)));
  CHECK_FALSE(Whole(ole.substr(0, ole.size() - 4096)));
}

TEST_CASE("ole: a directory that goes on nowhere, or in a circle, is not whole") {
  const std::size_t directory = kDocument.find("R\0o\0o\0t\0"s);
  REQUIRE(directory != std::string::npos);
  const std::size_t sector = directory / 512 - 1;
  const std::size_t table = kDocument.size() - 512;
  for (const std::uint32_t next :
       {std::uint32_t(sector), std::uint32_t{100}, std::uint32_t{5000}}) {
    std::string broken = kDocument;
    broken.replace(table + 4 * sector, 4, Number(next));
    INFO(next);
    REQUIRE(OleFile::Open(broken));
    CHECK_FALSE(Whole(broken));
    CHECK(Has(Dump("a.doc", broken), "unreadable 2 scan.unscannable.archive"));
  }
}

TEST_CASE("ole: the directory limit holds at, below and above") {
  for (const std::size_t count : {32'766U, 32'767U, 32'768U}) {
    std::vector<OleStreamSource> streams(count, OleStreamSource{"s", ""});
    const auto file = OleFile::Open(MakeOle(streams));
    REQUIRE(file);
    CHECK(file->entries().size() == std::min<std::size_t>(count + 1, 32'768));
    CHECK(file->whole() == (count < 32'768));
  }
}

TEST_CASE("ole: the table's places beyond the header are followed in small files too") {
  // The only table sector is named in a sector of places, not in the header.
  std::string ole = kDocument;
  const std::string table = ole.substr(76, 4);
  const auto places = static_cast<std::uint32_t>(ole.size() / 512 - 1);
  ole.replace(76, 4, "\xFF\xFF\xFF\xFF");
  ole.replace(68, 4, Number(places));
  ole.replace(72, 4, Number(1));
  ole += table + std::string(504, '\xFF') + Number(0xFFFFFFFE);
  const auto file = OleFile::Open(ole);
  REQUIRE(file);
  CHECK(file->whole());
  CHECK(file->Head(file->entries()[1], 30'000).size() == 20'000);
  ole.replace(ole.size() - 4, 4, Number(places));
  CHECK_FALSE(Whole(ole));
  ole.replace(68, 4, Number(places + 1));
  CHECK_FALSE(Whole(ole));
}

TEST_CASE("ole: the limit of small streams holds at, below and above") {
  constexpr std::size_t kMost = 8U << 20;
  for (const std::size_t size : {kMost - 64, kMost, kMost + 64}) {
    std::string ole = kDocument;
    ole.replace(ole.find("R\0o\0o\0t\0"s) + 120, 4, Number(static_cast<std::uint32_t>(size)));
    CHECK(Whole(ole) == (size <= kMost));
  }
}

}  // namespace
}  // namespace lazaret::mail
