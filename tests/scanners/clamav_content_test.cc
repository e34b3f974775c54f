// What real content looks like: the marker at every depth, tiny bodies, the public test files.
#include <algorithm>
#include <filesystem>

#include "base/fd.h"
#include "tests/scanners/scanners_support.h"
#include "tests/support/catch.h"

namespace lazaret::scanners::test {

TEST_CASE("clamav: the marker is found plain, zipped, nested, as text and in a forwarded mail") {
  const auto engine = MakeEngine();
  const std::string nested = Zip({{"inner.zip", EicarZip(), false}});
  const std::string forwarded =
      "Content-Type: message/rfc822\r\n\r\n" + Multipart({Part("e.com", Eicar())});
  for (const std::string& message :
       {Multipart({Part("e.com", Eicar())}), Multipart({Part("a.zip", EicarZip())}),
        Multipart({Part("a.zip", nested)}), TextMail(Eicar() + "\r\n"), Multipart({forwarded})}) {
    const auto result = Judge(*engine->engine, message);
    INFO(Show(result));
    REQUIRE(result.ok());
    CHECK(HasCode(*result, "clamav.signature"));
    CHECK(AllOf(*result, policy::Class::kMalicious));
  }
}

TEST_CASE("clamav: a hit names the artifact that holds it, once") {
  const auto engine = MakeEngine();
  const auto zipped = Judge(*engine->engine, Multipart({Part("a.zip", EicarZip())}));
  REQUIRE(zipped.ok());
  INFO(Show(zipped));
  REQUIRE(zipped->size() == 1);
  CHECK(zipped->front().path.find("a.zip > e.com") != std::string::npos);
  const auto plain = Judge(*engine->engine, Multipart({Part("e.com", Eicar())}));
  REQUIRE(plain.ok());
  INFO(Show(plain));
  REQUIRE(plain->size() == 1);
  CHECK(plain->front().path.find("e.com") != std::string::npos);
}

TEST_CASE("clamav: bodies of 0 to 6 bytes are clean with a true witness") {
  const auto engine = MakeEngine();
  for (std::size_t size = 0; size <= 6; ++size) {
    const std::string text(size, 'x');
    for (const std::string& message :
         {TextMail(text), TextMail(text + "\r\n"), Multipart({Part("a.bin", text)})}) {
      const auto result = Judge(*engine->engine, message);
      INFO(size << " -> " << Show(result));
      REQUIRE(result.ok());
      CHECK(result->empty());
    }
  }
}

TEST_CASE("clamav: headers alone and an empty message are looked at") {
  const auto engine = MakeEngine();
  for (const std::string& message :
       {std::string("From: a@b.test\r\nTo: c@d.test\r\nSubject: x\r\n\r\n"),
        std::string("From: a@b.test\r\n"), std::string("Subject: x\r\n\r\n\r\n")}) {
    const auto result = Judge(*engine->engine, message);
    INFO(Show(result));
    REQUIRE(result.ok());
    CHECK(result->empty());
  }
}

TEST_CASE("clamav: every public test file is found as a base64 part") {
  const auto engine = MakeEngine();
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/share/clamav-testfiles")) {
    const auto bytes = base::ReadFile(entry.path().string(), 64U << 20);
    REQUIRE(bytes.ok());
    const auto result =
        Judge(*engine->engine, Multipart({Part(entry.path().filename().string(), *bytes)}));
    INFO(entry.path() << " -> " << Show(result));
    REQUIRE(result.ok());
    CHECK(HasCode(*result, "clamav.signature"));
    ++files;
  }
  CHECK(files >= 44);
}

}  // namespace lazaret::scanners::test
