// Old and new office files: passwords and macro sheets.
#include <string>

#include "mail/filetype/containers.h"
#include "mail/filetype/detect.h"
#include "mail/filetype/ole_file.h"
#include "mail/reader.h"
#include "tests/mail/ole_writer.h"
#include "tests/mail/zip_writer.h"
#include "tests/support/catch.h"

namespace lazaret::mail {
namespace {

using std::string_literals::operator""s;

std::string DocumentWith(unsigned flags, std::size_t size) {
  std::string fib = "\xEC\xA5\xC1\x00"s + std::string(6, '\0');
  fib += static_cast<char>(flags & 0xFFU);
  fib += static_cast<char>(flags >> 8U);
  fib.resize(size);
  return fib;
}

std::string PresentationUser(const std::string& token) {
  return "\x00\x00\xF6\x0F\x14\x00\x00\x00\x14\x00\x00\x00"s + token + std::string(20, 'u');
}

bool ReadsEncrypted(const std::string& name, const std::string& content) {
  const std::string mail = MailWith(name, content);
  const auto tree = ReadMessage(mail, ReadLimits{}, base::Deadline());
  REQUIRE(tree.ok());
  for (const Unreadable& unreadable : tree->unreadable) {
    if (unreadable.code == "scan.unscannable.encrypted") {
      return tree->artifacts[unreadable.artifact].encrypted;
    }
  }
  return false;
}

TEST_CASE("office: a workbook with a FilePass record is encrypted, one without is not") {
  const std::string pass = Biff(0x002F, "\x01\x00\x01\x00"s + std::string(50, 'k'));
  for (const char* stream : {"Workbook", "Book", "WORKBOOK"}) {
    INFO(stream);
    CHECK(ReadsEncrypted("a.xls", MakeOle({{stream, WorkbookWith(pass)}})));
    CHECK_FALSE(ReadsEncrypted("a.xls", MakeOle({{stream, WorkbookWith("")}})));
  }
  // A write-protection record may come first.
  CHECK(ReadsEncrypted("a.xls", MakeOle({{"Workbook", WorkbookWith(Biff(0x0086, "") + pass)}})));
  // The same bytes inside another record are data.
  CHECK_FALSE(ReadsEncrypted("a.xls", MakeOle({{"Workbook", WorkbookWith(Biff(0x005C, pass))}})));
}

TEST_CASE("office: a workbook without container is known, and its password seen") {
  const std::string bare = WorkbookWith("");
  CHECK(DetectType(bare).type == "application/vnd.ms-excel");
  CHECK_FALSE(DetectType(bare).encrypted);
  CHECK(DetectType(WorkbookWith(Biff(0x002F, "\x01\x02\x03\x04"))).encrypted);
}

TEST_CASE("office: a document with the flag for encryption is encrypted") {
  for (const std::size_t size : {512U, 4096U, 9000U}) {
    INFO(size);
    CHECK(ReadsEncrypted("a.doc", MakeOle({{"WordDocument", DocumentWith(0x0100, size)}})));
    CHECK(ReadsEncrypted("a.doc", MakeOle({{"WordDocument", DocumentWith(0x1300, size)}})));
    CHECK_FALSE(ReadsEncrypted("a.doc", MakeOle({{"WordDocument", DocumentWith(0x1200, size)}})));
  }
  CHECK_FALSE(ReadsEncrypted("a.doc", MakeOle({{"WordDocument", "short"}})));
}

TEST_CASE("office: a presentation says in its current user stream that it is encrypted") {
  const std::string slides(5000, 's');
  CHECK(ReadsEncrypted("a.ppt", MakeOle({{"PowerPoint Document", slides},
                                         {"Current User", PresentationUser("\xDF\xC4\xD1\xF3")}})));
  CHECK_FALSE(
      ReadsEncrypted("a.ppt", MakeOle({{"PowerPoint Document", slides},
                                       {"Current User", PresentationUser("\x5F\xC0\x91\xE3")}})));
  CHECK_FALSE(ReadsEncrypted("a.ppt", MakeOle({{"Current User", "short"}})));
}

TEST_CASE("office: an OOXML package in its encryption container, and one with rights management") {
  CHECK(ReadsEncrypted("a.docx", MakeOle({{"EncryptionInfo", "i"}, {"EncryptedPackage", "p"}})));
  CHECK(ReadsEncrypted("a.doc", MakeOle({{"\tDRMContent", "p"}, {"WordDocument", "w"}})));
}

TEST_CASE("office: an OpenDocument package with encryption data is encrypted") {
  const std::string type = "application/vnd.oasis.opendocument.text";
  const auto package = [&](const std::string& manifest) {
    return MakeZip({{"mimetype", type}, {"content.xml", "x"}, {"META-INF/manifest.xml", manifest}});
  };
  CHECK(ReadsEncrypted("a.odt", package("<manifest:file-entry><manifest:encryption-data "
                                        "manifest:checksum=\"x\"/></manifest:file-entry>")));
  CHECK_FALSE(ReadsEncrypted("a.odt", package("<manifest:file-entry/>")));
}

TEST_CASE("office: Excel 4.0 macro sheets make a macro document") {
  const auto sheet = [](char kind) {
    return Biff(0x0085, "\0\0\0\0\x02"s + kind + "\x05\0Macro"s);
  };
  CHECK(DetectType(MakeOle({{"Workbook", WorkbookWith(sheet(1))}})).type ==
        "application/vnd.ms-office.macro");
  CHECK(DetectType(MakeOle({{"Workbook", WorkbookWith(sheet(0) + sheet(1))}})).type ==
        "application/vnd.ms-office.macro");
  for (const char kind : {'\0', '\x02'}) {
    CHECK(DetectType(MakeOle({{"Workbook", WorkbookWith(sheet(kind))}})).type ==
          "application/vnd.ms-excel");
  }
  // Excel 4: the file itself is the macro sheet.
  const std::string bare = Biff(0x0409, "\0\0\x40\0\0\0"s) + std::string(20, 'x');
  CHECK(DetectType(bare).type == "application/vnd.ms-office.macro");
}

TEST_CASE("office: macro parts of OOXML are known by folder and by content type") {
  const std::string macro = "application/vnd.ms-excel.sheet.macroenabled.12";
  const std::string types = "<Override PartName=\"/a\" ContentType=\"";
  CHECK(ClassifyZip({{"xl/macrosheets/sheet1.xml", ""}, {"xl/workbook.xml", ""}}).type == macro);
  for (const char* type :
       {"application/vnd.ms-excel.intlmacrosheet+xml", "application/vnd.ms-office.vbaProject"}) {
    INFO(type);
    const std::string content = types + type;
    CHECK(ClassifyZip({{"xl/workbook.xml", ""}, {"[Content_Types].xml", content}}).type == macro);
  }
}

TEST_CASE("office: an installer package is known by its class, whatever streams it holds") {
  const auto id = [](char kind) { return kind + "\x10\x0C\0\0\0\0\0\xC0\0\0\0\0\0\0\x46"s; };
  for (const char kind : {'\x84', '\x82', '\x86'}) {
    CHECK(DetectType(MakeOle({{"WordDocument", DocumentWith(0, 4096)}}, id(kind))).type ==
          "application/x-msi");
  }
  CHECK(DetectType(MakeOle({{"WordDocument", DocumentWith(0, 4096)}}, id('\x09'))).type ==
        "application/msword");
}

TEST_CASE("office: damaged compound files are read as far as they go") {
  const std::string whole = MakeOle({{"Workbook", WorkbookWith(Biff(0x002F, "12"))},
                                     {"Current User", PresentationUser("\xDF\xC4\xD1\xF3")}});
  for (std::size_t size = 0; size < whole.size(); size += 37) {
    CHECK(DetectType(whole.substr(0, size)).type != "text/plain");
  }
  std::string looping = whole;
  for (std::size_t at = 512; at + 4 <= looping.size(); at += 4) looping.replace(at, 4, 4, '\0');
  CHECK_FALSE(OleFile::Open(looping));
  std::string shifted = whole;
  shifted[30] = 40;
  CHECK_FALSE(OleFile::Open(shifted));
}

}  // namespace
}  // namespace lazaret::mail
