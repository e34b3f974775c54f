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

}  // namespace lazaret::scanners::test
