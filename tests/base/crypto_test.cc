#include "base/crypto.h"

#include <thread>

#include "tests/support/catch.h"

using namespace lazaret::base;

TEST_CASE("crypto: SHA-256 of FIPS 180-4's example", "[base][crypto]") {
  CHECK(Hex(AsBytes(Sha256("abc"))) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256Stream stream;
  stream.Update("a");
  stream.Update("bc");
  CHECK(stream.Finish() == Sha256("abc"));
}

TEST_CASE("crypto: SHA-256 of parts is that of the whole, one after another and in threads",
          "[base][crypto]") {
  CHECK(Sha256Of({"a", "", "bc"}) == Sha256("abc"));
  CHECK(Sha256Of({}) == Sha256(""));
  CHECK(Hex(AsBytes(Sha256(""))) ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  Sha256Digest other{};
  std::thread([&other] { other = Sha256Of({"ab", "c"}); }).join();
  CHECK(other == Sha256("abc"));
  // A stream that is not finished yet is not disturbed by other hashes.
  Sha256Stream stream;
  stream.Update("a");
  CHECK(Sha256("abc") == other);
  stream.Update("bc");
  CHECK(stream.Finish() == other);
}

TEST_CASE("crypto: HMAC-SHA-256 of RFC 4231 test case 2", "[base][crypto]") {
  CHECK(Hex(AsBytes(HmacSha256("Jefe", "what do ya want for nothing?"))) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST_CASE("crypto: base32 and base64 of RFC 4648", "[base][crypto]") {
  CHECK(Base32("foobar") == "mzxw6ytboi");
  CHECK(Base32("f") == "my");
  CHECK(Base64("foob") == "Zm9vYg==");
  CHECK(Base32(RandomBytes(16)).size() == 26);
}
