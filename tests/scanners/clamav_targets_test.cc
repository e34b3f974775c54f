// Signatures over one kind of file (the target types of libclamav) and HTML that libclamav alone
// does not take for HTML.
#include "tests/scanners/scanners_support.h"
#include "tests/support/catch.h"

namespace lazaret::scanners::test {
namespace {

using namespace std::string_literals;

const char* const kHtmlSignature = "Own.Html:3:*:7a716d61726b\n";  // zqmark

std::string Utf16(std::string_view ascii, bool big, bool mark) {
  std::string out = !mark ? "" : big ? "\xFE\xFF" : "\xFF\xFE";
  for (const char c : ascii) out += big ? std::string{'\0', c} : std::string{c, '\0'};
  return out;
}

// Beginnings that mail programs and browsers take for HTML.
std::vector<std::string> HtmlBeginnings() {
  return {"<html><body>",
          "<div dir=\"ltr\">",
          "<!-- comment --><div>",
          "Just some text, then <b>",
          "\xEF\xBB\xBF<div>",
          "\xEF\xBB\xBF<!DOCTYPE html><html lang=\"en\">",
          "<!DOCTYPE html>\r\n<html lang=\"en\">",
          "<?xml version=\"1.0\"?>\r\n<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\">"
          "\r\n<html xmlns=\"http://www.w3.org/1999/xhtml\"><body>",
          "<hTML><bODY>",
          "\r\n\r\n   <p>",
          "<svg onload=a><p>",
          std::string(3000, ' ') + "<p>"};
}

struct Target {
  const char* name;
  int type;
  std::string head;
};

// As much of each format as libclamav needs to tell it.
std::vector<Target> Targets() {
  const std::string pad(200, '\0');
  std::string pe = "MZ"s + std::string(58, '\0') + "\x40\0\0\0"s + "PE\0\0\x4c\x01"s;
  return {{"Pe", 1, pe + pad},
          {"Ole2", 2, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"s + std::string(504, '\0')},
          {"Graphics", 5, "\x89PNG\r\n\x1a\n"s + pad},
          {"Graphics", 5, "GIF89a\x01\0\x01\0\0\0\0"s + pad},
          {"Graphics", 5, "\xff\xd8\xff\xe0\0\x10JFIF\0\x01"s + pad},
          {"Elf", 6, "\x7f"s + "ELF\x02\x01\x01\0"s + pad},
          {"Text", 7, "a line of text "},
          {"MachO", 9, "\xcf\xfa\xed\xfe\x07\0\0\x01"s + pad},
          {"Pdf", 10, "%PDF-1.4\n1 0 obj\n<< >>\nendobj\n"},
          {"Flash", 11, "FWS\x08"s + pad},
          {"Java", 12, "\xca\xfe\xba\xbe\0\0\0\x34"s + pad}};
}

std::string TargetSignatures() {
  std::string out;
  for (const Target& target : Targets())
    out += std::string("Own.") + target.name + ":" + std::to_string(target.type) +
           ":*:" + HexOf("zqtarget" + std::to_string(target.type) + "!") + "\n";
  return out + "Own.Mail:4:*:" + HexOf("zqtarget4!") + "\n";
}

}  // namespace

TEST_CASE("clamav: HTML signatures look at HTML however it begins") {
  const auto engine = MakeEngine({{"own.ndb", kHtmlSignature}});
  for (const std::string& beginning : HtmlBeginnings()) {
    const std::string html = beginning + " aa Zq<!-- x -->Mark zqmark bb </p>\r\n";
    const std::vector<std::string> messages = {
        TextMail(html, "text/html"),
        Multipart({"Content-Type: text/html\r\n\r\n" + html}, "alternative"),
        Multipart({Attachment("page.html", html, "text/html", "base64")}),
        Multipart({Attachment("page.html", html, "application/octet-stream", "base64")}),
        Multipart({Attachment("page.htm", html, "text/plain", "8bit")}),
        Multipart({Attachment("page.xhtml", html, "application/xhtml+xml", "quoted-printable")}),
        Multipart({Attachment("page", html, "text/html", "base64")}, "signed"),
        Multipart({Part("a.zip", Zip({{"page.html", html, false}}))})};
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const auto result = Judge(*engine->engine, messages[i]);
      INFO(beginning.substr(0, 30) << " in message " << i << " -> " << Show(result));
      REQUIRE(result.ok());
      CHECK(HasRule(*result, "Own.Html"));
    }
  }
}

TEST_CASE("clamav: HTML signatures look at UTF-16 HTML") {
  const auto engine = MakeEngine({{"own.ndb", kHtmlSignature}});
  for (const char* beginning : {"<html><body>", "<div>", "<!DOCTYPE html>"}) {
    for (const bool big : {false, true}) {
      for (const bool mark : {false, true}) {
        const std::string html = Utf16(std::string(beginning) + " zqmark </div>", big, mark);
        const auto result = Judge(
            *engine->engine, Multipart({Attachment("page.html", html, "text/html", "base64")}));
        INFO(beginning << big << mark << " -> " << Show(result));
        REQUIRE(result.ok());
        CHECK(HasRule(*result, "Own.Html"));
      }
    }
  }
}

TEST_CASE("clamav: a hit in HTML made ready for libclamav names the part") {
  const auto engine = MakeEngine({{"own.ndb", kHtmlSignature}});
  const auto result =
      Judge(*engine->engine,
            Multipart({Attachment("page.html", "<div> zqmark </div>", "text/html", "base64")}));
  INFO(Show(result));
  REQUIRE(result.ok());
  REQUIRE(result->size() == 1);
  CHECK(result->front().path.find("page.html") != std::string::npos);
}

TEST_CASE("clamav: HTML signatures leave plain text and other HTML alone") {
  const auto engine = MakeEngine({{"own.ndb", kHtmlSignature}});
  for (const std::string& message :
       {TextMail("some zqmark text\r\n"), TextMail("<div>nothing</div>\r\n", "text/html"),
        Multipart({Attachment("page.html", "<div>nothing</div>", "text/html", "base64")})}) {
    const auto result = Judge(*engine->engine, message);
    INFO(Show(result));
    REQUIRE(result.ok());
    CHECK(result->empty());
  }
}

TEST_CASE("clamav: signatures of every target type find their files in every place") {
  const auto engine = MakeEngine({{"own.ndb", TargetSignatures()}});
  for (const Target& target : Targets()) {
    const std::string file =
        target.head + "zqtarget" + std::to_string(target.type) + "! " + std::string(40, 'e');
    const std::vector<std::string> messages = {
        Multipart({Part("a.bin", file)}), Multipart({Part("a.bin", file)}, "signed"),
        Multipart({Part("a.bin", file)}, "parallel"),
        Multipart({Part("a.zip", Zip({{"a.bin", file, false}}))}),
        Multipart({Part("a.zip", Zip({{"a.bin", file, false}}))}, "signed")};
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const auto result = Judge(*engine->engine, messages[i]);
      INFO(target.name << " in message " << i << " -> " << Show(result));
      REQUIRE(result.ok());
      CHECK(HasRule(*result, std::string("Own.") + target.name));
    }
  }
}

TEST_CASE("clamav: signatures over mail see headers and every body as sent") {
  const auto engine = MakeEngine({{"own.ndb", TargetSignatures()}});
  const std::string word = "zqtarget4!";
  for (const std::string& message :
       {"X-Zq: " + word + "\r\n" + TextMail("text\r\n"), TextMail("a " + word + " b\r\n"),
        TextMail("<p>" + word + "</p>\r\n", "text/html"),
        Multipart({Attachment("a.txt", "a " + word, "text/plain", "8bit")}),
        Multipart({Attachment("a.txt", "a " + word, "text/plain", "7bit")}, "signed"),
        "List-Id: a\r\n" + TextMail("a " + word + " b\r\n")}) {
    const auto result = Judge(*engine->engine, message);
    INFO(Show(result));
    REQUIRE(result.ok());
    CHECK(HasRule(*result, "Own.Mail"));
  }
}

}  // namespace lazaret::scanners::test
