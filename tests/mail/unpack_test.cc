#include <algorithm>
#include <clocale>
#include <set>
#include <string>
#include <vector>

#include "mail/reader.h"
#include "mail/unpack/member_name.h"
#include "mail/unpack/rar5.h"
#include "tests/mail/dump.h"
#include "tests/mail/zip_writer.h"
#include "tests/support/catch.h"

namespace lazaret::mail {
namespace {

ArtifactTree Read(const std::string& mail, const ReadLimits& limits = {}) {
  std::setlocale(LC_ALL, "C.UTF-8");
  auto tree = ReadMessage(mail, limits, base::Deadline());
  REQUIRE(tree.ok());
  return std::move(tree).value();
}

bool Has(const ArtifactTree& tree, const std::string& text) {
  const std::string dump = DumpTree(tree);
  INFO(dump);
  return dump.find(text) != std::string::npos;
}

bool Unread(const ArtifactTree& tree, const std::string& code) {
  for (const Unreadable& unreadable : tree.unreadable) {
    if (unreadable.code == code) return true;
  }
  return false;
}

TEST_CASE("unpack: a member keeps its Chinese name under the UTF-8 flag") {
  const std::string mail = MailWith("x.zip", MakeZip({{"发票.txt", "paid", 0x800}}));
  const ArtifactTree tree = Read(mail);
  CHECK(Has(tree, "message > x.zip > 发票.txt"));
  CHECK(tree.artifacts.back().content == "paid");
  CHECK(tree.artifacts.back().claimed_names.size() == 1);
}

TEST_CASE("unpack: a member name in GBK bytes without a flag is read as Chinese first") {
  const std::string mail = MailWith("x.zip", MakeZip({{"\xB7\xA2\xC6\xB1.txt", "paid", 0}}));
  const ArtifactTree tree = Read(mail);
  REQUIRE(tree.artifacts.back().claimed_names.size() == 2);
  CHECK(tree.artifacts.back().claimed_names[0] == "发票.txt");
}

TEST_CASE("unpack: a member name in CP437 is read as western first") {
  const auto names = ReadMemberName("R\x82sum\x82.doc");
  REQUIRE_FALSE(names.empty());
  CHECK(names[0] == "Résumé.doc");
}

TEST_CASE("unpack: archives in archives are opened and typed") {
  const std::string program = "MZ" + std::string(100, '\0');
  const std::string inner = MakeZip({{"run.exe", program, 0}});
  const std::string mail =
      MailWith("outer.zip", MakeZip({{"inner.zip", inner, 0}, {"a.txt", "text", 0}}));
  const ArtifactTree tree = Read(mail);
  CHECK(Has(tree,
            "message > outer.zip > inner.zip > run.exe declared= detected=application/x-dosexec"));
  CHECK(tree.artifacts.back().sha256 == base::Sha256(program));
  CHECK(tree.unreadable.empty());
}

TEST_CASE("unpack: an encrypted member marks itself and its archive and is unscannable") {
  const std::string mail = MailWith("x.zip", MakeZip({{"a.txt", std::string(20, 'x'), 1}}));
  const ArtifactTree tree = Read(mail);
  CHECK(Unread(tree, "scan.unscannable.encrypted"));
  CHECK(tree.artifacts.back().encrypted);
  CHECK(tree.artifacts[tree.artifacts.back().parent].encrypted);
}

TEST_CASE("unpack: a damaged archive is unscannable, never silent") {
  std::string zip = MakeZip({{"a.txt", std::string(200, 'x'), 0}});
  const std::string mail = MailWith("x.zip", zip.substr(0, 60));
  CHECK(Unread(Read(mail), "scan.unscannable.archive"));
}

TEST_CASE("unpack: a docm is known by its macro project, and its members are objects") {
  const std::string mail =
      MailWith("letter.docx", MakeZip({{"[Content_Types].xml", "<Types/>", 0},
                                       {"word/document.xml", "<w:document/>", 0},
                                       {"word/vbaProject.bin", std::string(10, 'v'), 0}}));
  const ArtifactTree tree = Read(mail);
  CHECK(Has(tree, "detected=application/vnd.ms-word.document.macroenabled.12"));
  CHECK(tree.artifacts.back().kind == ArtifactKind::kObject);
}

TEST_CASE("unpack: the text of a document joins its runs and breaks its paragraphs") {
  const std::string xml =
      "<?xml "
      "version=\"1.0\"?><w:document><w:p><w:r><w:t>4111</w:t></w:r><w:r><w:t>1111</w:t></w:r></w:p>"
      "<w:p><w:r><w:t>a &amp; b</w:t></w:r></w:p></w:document>";
  const std::string mail = MailWith(
      "a.docx", MakeZip({{"[Content_Types].xml", "<Types/>", 0}, {"word/document.xml", xml, 0}}));
  const ArtifactTree tree = Read(mail);
  CHECK(Has(tree, "attachment: 41111111\\na & b"));
  CHECK_FALSE(Has(tree, "attachment: <Types"));
}

TEST_CASE("unpack: the member count limit holds at, below and above") {
  const std::string mail =
      MailWith("x.zip", MakeZip({{"a", "1", 0}, {"b", "2", 0}, {"c", "3", 0}}));
  ReadLimits limits;
  for (const std::size_t most : {2U, 3U, 4U}) {
    limits.max_archive_members = most;
    const ArtifactTree tree = Read(mail, limits);
    CHECK(Unread(tree, "scan.unscannable.archive-members") == (most < 3));
  }
}

TEST_CASE("unpack: the member size limit holds at, below and above") {
  const std::string mail = MailWith("x.zip", MakeZip({{"a", std::string(1000, 'x'), 0}}));
  ReadLimits limits;
  for (const std::size_t most : {999U, 1000U, 1001U}) {
    limits.max_member_bytes = most;
    const ArtifactTree tree = Read(mail, limits);
    CHECK(Unread(tree, "scan.unscannable.member-bytes") == (most < 1000));
    CHECK(tree.artifacts.back().content.size() == std::min<std::size_t>(most, 1000));
    CHECK(tree.artifacts.back().truncated == (most < 1000));
  }
}

TEST_CASE("unpack: the limit over all members holds at, below and above") {
  const std::string half(500, 'x');
  const std::string mail = MailWith("x.zip", MakeZip({{"a", half, 0}, {"b", half, 0}}));
  ReadLimits limits;
  for (const std::size_t most : {999U, 1000U, 1001U}) {
    limits.max_unpacked_bytes = most;
    CHECK(Unread(Read(mail, limits), "scan.unscannable.unpacked-bytes") == (most < 1000));
  }
}

TEST_CASE("unpack: the depth limit holds at, below and above") {
  std::string zip = MakeZip({{"deepest.txt", "found", 0}});
  for (int i = 0; i < 2; ++i) zip = MakeZip({{"level.zip", zip, 0}});
  const std::string mail = MailWith("x.zip", zip);
  ReadLimits limits;
  for (const int most : {2, 3, 4}) {
    limits.max_archive_depth = most;
    const ArtifactTree tree = Read(mail, limits);
    CHECK(Unread(tree, "scan.unscannable.archive-depth") == (most < 3));
    CHECK(Has(tree, "deepest.txt") == (most >= 3));
  }
}

const Unreadable* Report(const ArtifactTree& tree, const std::string& code) {
  const Unreadable* found = nullptr;
  for (const Unreadable& unreadable : tree.unreadable) {
    if (unreadable.code != code) continue;
    CHECK(found == nullptr);  // one for each code
    found = &unreadable;
  }
  return found;
}

TEST_CASE("unpack: a limit over the message stops all archives and is one report with a count") {
  const std::string inner = MakeZip({{"a", "1", 0}, {"b", "2", 0}});
  const std::string mail =
      MailWith("x.zip", MakeZip({{"1.zip", inner, 0}, {"2.zip", inner, 0}, {"3.zip", inner, 0}}));
  ReadLimits limits;
  for (const std::size_t most : {3U, 4U, 5U, 7U, 8U, 9U, 10U}) {
    INFO(most);
    limits.max_archive_members = most;
    const ArtifactTree tree = Read(mail, limits);
    const Unreadable* report = Report(tree, "scan.unscannable.archive-members");
    CHECK(tree.artifacts.size() == 3 + std::min<std::size_t>(most, 9));
    if (most >= 9) {
      CHECK(report == nullptr);
      continue;
    }
    REQUIRE(report != nullptr);
    const std::size_t closed = most < 5 ? 3 : most < 7 ? 2 : 1;
    CHECK(report->count == closed);
    CHECK((report->artifact == 0) == (closed > 1));
  }
}

TEST_CASE("unpack: spent bytes stop all archives and are one report with a count") {
  const std::string half(600, 'x');
  const std::string inner = MakeZip({{"a", half, 0}, {"b", half, 0}});
  const std::string outer = MakeZip({{"1.zip", inner, 0}, {"2.zip", inner, 0}});
  const std::size_t all = 2 * inner.size() + 4 * half.size();
  ReadLimits limits;
  for (const std::size_t most : {2 * inner.size() + 1, all - 1, all, all + 1}) {
    INFO(most);
    limits.max_unpacked_bytes = most;
    const ArtifactTree tree = Read(MailWith("x.zip", outer), limits);
    const Unreadable* report = Report(tree, "scan.unscannable.unpacked-bytes");
    CHECK((report == nullptr) == (most >= all));
    if (report != nullptr) CHECK(report->count == (most == all - 1 ? 1 : 2));
  }
}

TEST_CASE("unpack: what one archive repeats is one report at the archive, with a count") {
  std::vector<ZipMember> locked;
  std::vector<ZipMember> large;
  for (int i = 0; i < 50; ++i) {
    locked.push_back({"l" + std::to_string(i), std::string(20, 'x'), 1});
    large.push_back({"b" + std::to_string(i), std::string(100, 'x'), 0});
  }
  ReadLimits limits;
  limits.max_member_bytes = 99;
  const ArtifactTree some = Read(MailWith("x.zip", MakeZip(large)), limits);
  const Unreadable* report = Report(some, "scan.unscannable.member-bytes");
  REQUIRE(report != nullptr);
  CHECK(report->count == 50);
  CHECK(some.artifacts[report->artifact].path == "message > x.zip");
  CHECK(report->reason.find("50 times") == 0);
  const ArtifactTree closed = Read(MailWith("x.zip", MakeZip(locked)));
  report = Report(closed, "scan.unscannable.encrypted");
  REQUIRE(report != nullptr);
  CHECK(report->count == 50);
  CHECK(std::count_if(closed.artifacts.begin(), closed.artifacts.end(),
                      [](const Artifact& artifact) { return artifact.encrypted; }) == 51);
  // A single one is named itself.
  locked.resize(1);
  const ArtifactTree one = Read(MailWith("x.zip", MakeZip(locked)));
  report = Report(one, "scan.unscannable.encrypted");
  REQUIRE(report != nullptr);
  CHECK(one.artifacts[report->artifact].path == "message > x.zip > l0");
}

TEST_CASE("unpack: too deep archives are one report with a count") {
  const std::string inner = MakeZip({{"a", "1", 0}});
  const std::string mail = MailWith("x.zip", MakeZip({{"1.zip", inner, 0}, {"2.zip", inner, 0}}));
  ReadLimits limits;
  limits.max_archive_depth = 1;
  const ArtifactTree tree = Read(mail, limits);
  const Unreadable* report = Report(tree, "scan.unscannable.archive-depth");
  REQUIRE(report != nullptr);
  CHECK(report->count == 2);
}

TEST_CASE("unpack: folders without end are a member flood too") {
  ReadLimits limits;
  limits.max_archive_members = 2;
  for (const int count : {15, 16, 17}) {
    std::vector<ZipMember> folders;
    for (int i = 0; i < count; ++i) folders.push_back({"f" + std::to_string(i) + "/", "", 0});
    const ArtifactTree tree = Read(MailWith("x.zip", MakeZip(folders)), limits);
    CHECK((Report(tree, "scan.unscannable.archive-members") != nullptr) == (count > 16));
  }
}

TEST_CASE("unpack: what stands behind a large member of a stream is paid for") {
  const std::string tar = MakeTar({{"big", std::string(300'000, 'x')}, {"small", "words"}});
  ReadLimits limits;
  limits.max_member_bytes = 1000;
  const ArtifactTree all = Read(MailWith("x.tar", tar), limits);
  CHECK(all.artifacts.back().content == "words");
  CHECK(Report(all, "scan.unscannable.member-bytes") != nullptr);
  CHECK(Report(all, "scan.unscannable.unpacked-bytes") == nullptr);
  limits.max_unpacked_bytes = 200'000;
  const ArtifactTree part = Read(MailWith("x.tar", tar), limits);
  CHECK(part.artifacts.back().content.size() == 1000);
  CHECK(Report(part, "scan.unscannable.unpacked-bytes") != nullptr);
}

TEST_CASE("unpack: what looks like an archive and is none is unscannable and not encrypted") {
  std::string tar(600, 'x');
  tar.replace(257, 5, "ustar");
  for (int turn = 0; turn < 20; ++turn) {
    const ArtifactTree tree = Read(MailWith("x.tar", tar + std::string(turn, 'y')));
    CHECK(Unread(tree, "scan.unscannable.archive"));
    CHECK_FALSE(tree.artifacts.back().encrypted);
  }
}

std::string Rar5Block(const std::string& body) {
  std::string header(1, static_cast<char>(body.size()));
  header += body;
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : header) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  crc = ~crc;
  std::string out;
  for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>(crc >> shift);
  return out + header;
}

std::string Rar5With(bool locked) {
  const std::string data(16, 'd');
  // Size, kind "encryption", version, flags, rounds, salt and start vector.
  const std::string record = std::string("\x24\x01\0\0\x0F", 5) + std::string(32, 's');
  std::string file =
      locked ? std::string("\x02\x03") + static_cast<char>(record.size()) : "\x02\x02";
  file += std::string("\x10\0\x10\0\0\0\x07run.exe", 14);
  if (locked) file += record;
  return std::string("Rar!\x1A\x07\x01\0", 8) + Rar5Block(std::string("\x01\0\0", 3)) +
         Rar5Block(file) + data + Rar5Block(std::string("\x05\0\0", 3));
}

TEST_CASE("unpack: a RAR 5 member with a password is encrypted, one without is read") {
  const ArtifactTree open = Read(MailWith("x.rar", Rar5With(false)));
  CHECK(open.artifacts.back().content == std::string(16, 'd'));
  CHECK(open.unreadable.empty());
  const std::string locked = Rar5With(true);
  const ArtifactTree closed = Read(MailWith("x.rar", locked));
  CHECK(Unread(closed, "scan.unscannable.encrypted"));
  CHECK(closed.artifacts.back().encrypted);
  CHECK(closed.artifacts.back().content.empty());
  CHECK(Has(closed, "x.rar > run.exe"));
  CHECK(LockedRar5Members(locked) == std::set<std::string>{"run.exe"});
  for (std::size_t size = 0; size < locked.size(); ++size) {
    CHECK(LockedRar5Members(locked.substr(0, size)).size() <= 1);
  }
}

TEST_CASE("unpack: an LZMA stream without container is opened") {
  static constexpr char kLzma[] =
      "\x5d\x00\x00\x80\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00\x34\x19\x49\xee\x8d\xef"
      "\x8c\x6b\x64\x90\x9b\x13\x86\xe3\x70\xbe\xbe\xb1\xb7\xb4\x15\x49\xcf\xe2\x6f\xdf"
      "\x53\x65\xa3\xb2\xb4\x96\xd2\x57\x9b\xce\x03\x86\x1f\x6e\x2c\xf9\x71\xa8\x00";
  const std::string mail = MailWith("a.lzma", std::string(kLzma, sizeof kLzma - 1));
  const auto tree = ReadMessage(mail, ReadLimits{}, base::Deadline());
  REQUIRE(tree.ok());
  bool seen = false;
  for (const Artifact& artifact : tree->artifacts) {
    seen = seen || artifact.content == "hello, this is a text in an lzma stream\n";
  }
  CHECK(seen);
}

}  // namespace
}  // namespace lazaret::mail
