// Messages whose first bytes make libclamav alone miss what they hold.
#include <algorithm>
#include <string>
#include <vector>

#include "tests/scanners/scanners_support.h"
#include "tests/support/catch.h"

namespace lazaret::scanners::test {
namespace {

std::string WithoutCarriageReturns(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), '\r'), text.end());
  return text;
}

}  // namespace

TEST_CASE("clamav: a hostile first header hides nothing") {
  const auto engine = MakeEngine();
  const std::string mail = Multipart({Part("a.zip", EicarZip(), "application/zip")});
  const std::vector<std::string> heads = HostileHeads();
  REQUIRE(heads.size() >= 29);
  for (const std::string& head : heads) {
    const auto result = Judge(*engine->engine, head + mail);
    INFO(HexOf(head.substr(0, 24)) << " -> " << Show(result));
    REQUIRE(result.ok());
    CHECK(HasCode(*result, "clamav.signature"));
  }
}

TEST_CASE("clamav: a Content-Type as first header and bare LF hide nothing") {
  const auto engine = MakeEngine();
  const std::string mail = Multipart({Part("a.zip", EicarZip(), "application/zip")});
  const std::size_t type = mail.find("Content-Type");
  const std::size_t end = mail.find("\r\n", type) + 2;
  const std::string first = mail.substr(type, end - type) + mail.substr(0, type) + mail.substr(end);
  for (const std::string& message :
       {first, WithoutCarriageReturns(mail), WithoutCarriageReturns("X-A: 1\n" + mail)}) {
    const auto result = Judge(*engine->engine, message);
    INFO(Show(result));
    REQUIRE(result.ok());
    CHECK(HasCode(*result, "clamav.signature"));
  }
}

TEST_CASE("clamav: no multipart subtype hides a part") {
  const auto engine = MakeEngine();
  for (const char* subtype : {"mixed", "signed", "parallel", "alternative", "related", "report",
                              "encrypted", "digest", "form-data", "x-unknown", "appledouble"}) {
    const auto result =
        Judge(*engine->engine, Multipart({Part("a.zip", EicarZip(), "application/zip")}, subtype));
    INFO(subtype << " -> " << Show(result));
    REQUIRE(result.ok());
    CHECK(HasCode(*result, "clamav.signature"));
  }
}

TEST_CASE("clamav: the same shapes without the marker are clean") {
  const auto engine = MakeEngine();
  const std::string zip = Zip({{"readme.txt", "hello there", false}});
  for (const char* subtype : {"mixed", "signed", "parallel", "related"}) {
    const auto result = Judge(*engine->engine, Multipart({Part("a.zip", zip)}, subtype));
    INFO(subtype << " -> " << Show(result));
    REQUIRE(result.ok());
    CHECK(result->empty());
  }
  for (const std::string& head : HostileHeads()) {
    const auto result = Judge(*engine->engine, head + Multipart({Part("a.zip", zip)}));
    INFO(HexOf(head.substr(0, 24)) << " -> " << Show(result));
    REQUIRE(result.ok());
    CHECK(result->empty());
  }
}

}  // namespace lazaret::scanners::test
