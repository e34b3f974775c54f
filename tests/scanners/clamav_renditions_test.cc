// The other bytes that are looked at for an artifact.
#include <algorithm>

#include "scanners/clamav/renditions.h"
#include "tests/scanners/scanners_support.h"
#include "tests/support/catch.h"

namespace lazaret::scanners::test {
namespace {

mail::Artifact File(const char* name, std::string_view content) {
  mail::Artifact artifact;
  artifact.id = 1;
  artifact.claimed_names = {name};
  artifact.content = content;
  return artifact;
}

}  // namespace

TEST_CASE("clamav: multiparts are opened only when more are named than are known") {
  const std::string text = "a MultiPart/Signed; b multipart/parallel c multipart/mixed";
  const std::string opened = "a multipart/mixed ; b multipart/mixed    c multipart/mixed";
  CHECK(OpenedMultiparts(text, 0) == opened);
  CHECK(OpenedMultiparts(text, 1) == opened);
  CHECK(OpenedMultiparts(text, 2) == std::nullopt);
  CHECK(OpenedMultiparts(text, 3) == std::nullopt);
  for (const char* nothing : {"", "/", "multipart/", "multipart/signe", "xmultipart-signed",
                              "multipart /signed", "multipart/mixed", "//////"}) {
    INFO(nothing);
    CHECK(OpenedMultiparts(nothing, 0) == std::nullopt);
  }
  CHECK(OpenedMultiparts("multipart/multipart/signed", 0) == "multipart/multipart/mixed ");
}

TEST_CASE("clamav: other line ends are made of files sent as text alone") {
  const std::string text = "a\r\nb\r\n";
  mail::Artifact file = File("a.js", text);
  const std::vector<std::string> all = {"a\nb\n", "a\r\nb", "a\nb"};
  for (const char* encoding : {"", "7bit", "8bit", "quoted-printable"}) {
    file.transfer_encoding = encoding;
    CHECK(LineEndRenditions(file) == all);
  }
  for (const char* encoding : {"base64", "x-uuencode", "binary"}) {
    file.transfer_encoding = encoding;
    CHECK(LineEndRenditions(file).empty());
  }
  file.transfer_encoding = "7bit";
  file.kind = mail::ArtifactKind::kMember;
  CHECK(LineEndRenditions(file).empty());
  CHECK(LineEndRenditions(File("a.js", "no line end")).empty());
  CHECK(LineEndRenditions(File("a.bin", std::string_view("a\0\r\n", 4))).empty());
  mail::Artifact shown = File("", text);
  shown.claimed_names.clear();
  shown.declared_type = "text/plain";
  CHECK(LineEndRenditions(shown).empty());
  shown.disposition = "attachment";
  CHECK(LineEndRenditions(shown) == all);
}

TEST_CASE("clamav: HTML is told by its type, its content or its name") {
  mail::Artifact file = File("a.bin", "<div>");
  CHECK_FALSE(ReadAsHtml(file));
  for (const char* name : {"a.htm", "A.HTML", "a.xhtml", "a.hta", "a.b.shtml"}) {
    INFO(name);
    CHECK(ReadAsHtml(File(name, "<div>")));
  }
  CHECK_FALSE(ReadAsHtml(File(".html", "<div>")));
  CHECK_FALSE(ReadAsHtml(File("html", "<div>")));
  file.declared_type = "text/html";
  CHECK(ReadAsHtml(file));
  file.declared_type = "text/plain";
  file.detected_type = "text/html";
  CHECK(ReadAsHtml(file));
}

TEST_CASE("clamav: HTML in UTF-16 is rendered as UTF-8") {
  using namespace std::string_literals;
  for (const std::string& wide :
       {"\xFF\xFE<\0b\0>\0"s, "<\0b\0>\0"s, "\xFE\xFF\0<\0b\0>"s, "\0<\0b\0>"s}) {
    const std::string rendition = HtmlRendition(File("a.html", wide));
    INFO(HexOf(rendition));
    CHECK(rendition.compare(0, 6, "<html>") == 0);
    CHECK(rendition.find("<b>") != std::string::npos);
  }
  CHECK(HtmlRendition(File("a.html", "<b>")) == "<html><b>");
  CHECK(HtmlRendition(File("a.html", "")) == "<html>");
  CHECK(HtmlRendition(File("a.html", std::string_view("\0", 1))) == "<html>"s + '\0');
}

}  // namespace lazaret::scanners::test
