#include "base/crypto.h"

#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <string>
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

namespace {

std::string Draw(std::size_t size) {
  std::string out(size, '\0');
  FillRandomKept(out.data(), out.size());
  return out;
}

// What a forked process draws first.
std::string DrawInChild(std::size_t size) {
  int ends[2] = {-1, -1};
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string bytes = Draw(size);
    ::_exit(::write(ends[1], bytes.data(), bytes.size()) == static_cast<ssize_t>(size) ? 0 : 1);
  }
  REQUIRE(child > 0);
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  std::string out(size, '\0');
  CHECK(::read(ends[0], out.data(), size) == static_cast<ssize_t>(size));
  ::close(ends[0]);
  ::close(ends[1]);
  return out;
}

}  // namespace

TEST_CASE("crypto: kept random bytes are never given twice, whatever the size of the draws",
          "[base][crypto]") {
  std::set<std::string> seen;
  for (int i = 0; i < 5000; ++i) CHECK(seen.insert(Draw(16)).second);
  // Around all that is kept at once.
  for (const std::size_t size : {4087U, 4088U, 4089U, 5000U}) {
    const std::string large = Draw(size);
    CHECK(std::set<char>(large.begin(), large.end()).size() > 200);
    CHECK(large.substr(size - 32) != std::string(32, '\0'));
    CHECK(seen.insert(large.substr(0, 16)).second);
  }
  std::string other;
  std::thread([&other] { other = Draw(16); }).join();
  CHECK(seen.insert(other).second);
}

TEST_CASE("crypto: a forked process does not draw what its parent draws", "[base][crypto]") {
  static_cast<void>(Draw(16));
  const std::string first = DrawInChild(16);
  const std::string second = DrawInChild(16);
  const std::string own = Draw(16);
  CHECK(first != own);
  CHECK(second != own);
  CHECK(first != second);
  CHECK(first != std::string(16, '\0'));
}
