// Hash signatures are over exact bytes. libclamav looks at text parts only after it has changed
// their line ends, so what it saw of a named text file is no answer to them.
#include "tests/scanners/scanners_support.h"
#include "tests/support/catch.h"

namespace lazaret::scanners::test {
namespace {

struct File {
  const char* name;
  const char* type;
  std::string content;
};

// Line ends, empty lines, blanks at line ends and the missing last line end are what changes.
std::vector<File> Files() {
  return {
      {"list.csv", "text/csv", "name,amount \r\n\r\n\r\nanna,1\t\r\nbert,2\r\n\r\n"},
      {"list.csv", "application/vnd.ms-excel", "name,amount\r\n\r\n\r\nanna,1\r\nbert,2"},
      {"note.txt", "text/plain", "first line\r\n\r\n\r\n\r\nsecond line\r\n"},
      {"run.js", "text/javascript", "var a = 1;\r\n\r\n\r\nfunction f() {\r\n\treturn a;\r\n}\r\n"},
      {"run.js", "text/plain", "var b = 1;\r\n\r\n\r\nfunction f() {\r\n\treturn b;\r\n}\r\n"},
      {"run.vbs", "text/plain", "Dim a\r\n\r\n\r\na = 1 \r\nWScript.Echo a"},
      {"page.html", "text/html",
       "<html>\r\n<body>\r\n\r\n\r\n<p>some text </p>\r\n</body>\r\n</html>\r\n"},
      {"page.html", "text/html", "<div>\r\n\r\n\r\n<p>no html tag</p>\r\n</div>"},
  };
}

}  // namespace

TEST_CASE("clamav: hash signatures find a text file in every transfer encoding") {
  std::string md5;
  std::string sha256;
  const std::vector<File> files = Files();
  for (std::size_t i = 0; i < files.size(); ++i) {
    md5 += Md5Signature(files[i].content, "Own.Md5-" + std::to_string(i));
    sha256 += Sha256Signature(files[i].content, "Own.Sha256-" + std::to_string(i));
  }
  for (const auto& [file, signatures] :
       {std::pair<std::string, std::string>{"own.hdb", md5}, {"own.hsb", sha256}}) {
    const auto engine = MakeEngine({{file, signatures}});
    for (std::size_t i = 0; i < files.size(); ++i) {
      for (const char* encoding : {"base64", "quoted-printable", "8bit", "7bit"}) {
        const auto result = Judge(
            *engine->engine,
            Multipart({Attachment(files[i].name, files[i].content, files[i].type, encoding)}));
        INFO(file << " " << files[i].name << " " << encoding << " -> " << Show(result));
        REQUIRE(result.ok());
        CHECK(HasRule(*result, "-" + std::to_string(i)));
      }
    }
  }
}

TEST_CASE("clamav: a text file is looked at as its exact bytes when only its name says file") {
  const std::string content = "one\r\n\r\n\r\ntwo\r\n";
  const auto engine = MakeEngine({{"own.hsb", Sha256Signature(content, "Own.Exact")}});
  for (const char* head :
       {"Content-Type: text/plain; name=a.txt\r\n",
        "Content-Type: text/plain\r\nContent-Disposition: attachment\r\n",
        "Content-Type: text/plain\r\nContent-Disposition: inline; filename=a.txt\r\n",
        "Content-Type: text/calendar\r\n", "Content-Type: text/x-unknown\r\n"}) {
    const auto result =
        Judge(*engine->engine, Multipart({std::string(head) + "\r\n" + content + "\r\n"}));
    INFO(head << " -> " << Show(result));
    REQUIRE(result.ok());
    CHECK(HasRule(*result, "Own.Exact"));
  }
}

TEST_CASE("clamav: a text file sent as text is found by the hash of what it was before") {
  const std::string sent = "one\r\n\r\n\r\ntwo \r\n";
  const std::vector<std::string> originals = {"one\r\n\r\n\r\ntwo \r\n", "one\n\n\ntwo \n",
                                              "one\r\n\r\n\r\ntwo ", "one\n\n\ntwo "};
  for (const std::string& original : originals) {
    const auto engine = MakeEngine({{"own.hsb", Sha256Signature(original, "Own.Exact")}});
    for (const char* encoding : {"quoted-printable", "8bit", "7bit"}) {
      const std::string part = Attachment("a.js", sent, "text/javascript", encoding);
      const auto result = Judge(*engine->engine, Multipart({part}));
      INFO(HexOf(original) << " " << encoding << " -> " << Show(result));
      REQUIRE(result.ok());
      CHECK(HasRule(*result, "Own.Exact"));
      CHECK(result->front().path.find("a.js") != std::string::npos);
    }
  }
}

TEST_CASE("clamav: a mail in an attachment that hides its parts from libclamav is opened") {
  const auto engine = MakeEngine();
  for (const char* subtype : {"signed", "parallel", "SIGNED"}) {
    const std::string inner = Multipart({Part("e.zip", EicarZip())}, subtype);
    for (const char* name : {"m.dat", "m.bin", "m.txt"}) {
      const auto result = Judge(*engine->engine, Multipart({Part(name, inner)}));
      INFO(subtype << " in " << name << " -> " << Show(result));
      REQUIRE(result.ok());
      CHECK(HasCode(*result, "clamav.signature"));
    }
  }
}

// libclamav takes a first body line that begins with "Content" for a header and loses the part.
TEST_CASE("clamav: a file whose base64 begins like a header is looked at") {
  const auto engine = MakeEngine({{"own.ndb", "Own.Any:0:*:" + HexOf("ZQANY") + "\n"}});
  for (const char* start :
       {"\x0a\x89\xed\x7a\x7b\x7e", "\x08\xe3\x53\x10\xd4\xff", "\x72\x89\xed\x7a\x7b\x40"}) {
    for (const std::size_t size : {0U, 60U, 500U}) {
      const std::string file = start + std::string(size, '\x02') + "ZQANY" + start;
      for (const char* subtype : {"mixed", "signed"}) {
        const auto result = Judge(*engine->engine, Multipart({Part("a.bin", file)}, subtype));
        INFO(HexOf(start) << size << subtype << " -> " << Show(result));
        REQUIRE(result.ok());
        CHECK(HasRule(*result, "Own.Any"));
        CHECK(result->size() == 1);
      }
    }
  }
}

// Whatever is not seen is an error, so ordinary mail of odd content must be seen.
TEST_CASE("clamav: odd and tiny files are seen in every transfer encoding") {
  const auto engine = MakeEngine();
  std::vector<std::string> contents = {
      "a\r\nb\r\n",
      "a\r\nbc\r\n",
      "\r\n\r\n\r\n\r\n",
      "\r\n\r\n\r\nabc",
      "      ",
      "      \r\n",
      "abcdef",
      "abcdef\r\n",
      "abcdef\n",
      "\n\n\n\n\n\n\n",
      "......\r\n.",
      "==========",
      "--b1\r\n--b1--",
      "From me\r\nx: y",
      "begin 644 a\r\nend",
      "\t\t\t\t\t\t",
      "<div>a",
      "<html>",
      "\xff\xfe\xff\xfe\xff\xfe",
      "a\rb\rc\rd\r",
      "=0D=0A=20=\r\n",
      "\x1b$B%F%9%H\x1b(B",
      "multipart/signed",
      "Content-Type: multipart/signed; boundary=x\r\n\r\n--x\r\n\r\na\r\n--x--"};
  for (std::size_t size = 4; size < 12; ++size) {
    contents.push_back(std::string(size, '\0'));
    contents.push_back(std::string(size, '\x7f'));
    contents.push_back("\xef\xbb\xbf" + std::string(size, '\n'));
  }
  for (const std::string& content : contents) {
    for (const char* encoding : {"base64", "quoted-printable", "8bit"}) {
      for (const char* type : {"text/plain", "text/html", "application/octet-stream"}) {
        for (const char* subtype : {"mixed", "signed"}) {
          const auto result = Judge(
              *engine->engine, Multipart({Attachment("a.txt", content, type, encoding)}, subtype));
          INFO(HexOf(content) << " " << encoding << " " << type << " -> " << Show(result));
          REQUIRE(result.ok());
          CHECK(result->empty());
        }
      }
    }
  }
}

}  // namespace lazaret::scanners::test
