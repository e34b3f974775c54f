// Messages whose first bytes make libclamav alone miss what they hold.
#include <algorithm>
#include <string>
#include <vector>

#include "tests/scanners/scanners_support.h"
#include "tests/support/catch.h"

namespace lazaret::scanners::test {
namespace {

using namespace std::string_literals;

std::vector<std::string> HostileHeads() {
  std::vector<std::string> heads = {"X-A: 1\r\n",
                                    "List-Id: <a.test>\r\n",
                                    "DKIM-Signature: v=1\r\n",
                                    "X-Spam-Flag: NO\r\n",
                                    "Authentication-Results: a; none\r\n",
                                    "Precedence: bulk\r\n",
                                    "\xEF\xBB\xBFX-A: 1\r\n",
                                    "\xFF\xFEX-A: 1\r\n",
                                    "\xFE\xFFX-A: 1\r\n",
                                    "%PDF-1.4: a\r\n",
                                    "MZ: a\r\n",
                                    "MZ\x90\0: a\r\n"s,
                                    "GIF89a: a\r\n",
                                    "{\\rtf1: a\r\n",
                                    "PK\x03\x04: a\r\n",
                                    "PK\x05\x06: a\r\n",
                                    "\x7f"
                                    "ELF: a\r\n",
                                    "Rar!\x1a\x07: a\r\n",
                                    "7z\xbc\xaf\x27\x1c: a\r\n",
                                    "BZh91AY: a\r\n",
                                    "\x1f\x8b\x08: a\r\n",
                                    "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1: a\r\n",
                                    "<html>: a\r\n",
                                    "<?xml version: a\r\n",
                                    "#!/bin/sh: a\r\n",
                                    "\xff\xd8\xff\xe0: a\r\n",
                                    "\x89PNG: a\r\n",
                                    "II*\0: a\r\n"s,
                                    "ID3: a\r\n",
                                    "RIFF: a\r\n",
                                    "ITSF: a\r\n",
                                    "MSCF: a\r\n",
                                    "begin 644 a: b\r\n",
                                    "From - Thu Jan  1 00:00:00 1970\r\n",
                                    "CWS: a\r\n",
                                    "!<arch>: a\r\n"};
  for (const int count : {60, 250, 900}) {
    std::string many;
    for (int i = 0; i < count; ++i)
      many += "X-Unknown-" + std::to_string(i) + ": " + std::string(40, 'v') + "\r\n";
    heads.push_back(many);
  }
  return heads;
}

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
