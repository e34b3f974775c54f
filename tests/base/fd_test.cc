#include "base/fd.h"

#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "tests/support/catch.h"

using namespace lazaret::base;

TEST_CASE("fd: a sealed memory file can be read and not be written", "[base][fd]") {
  auto fd = SealedMemfd("test", "hello");
  REQUIRE(fd.ok());
  CHECK(IsSealed(fd->get()));
  CHECK(::pwrite(fd->get(), "x", 1, 0) == -1);
  auto mapping = Mapping::Map(fd->get(), 5);
  REQUIRE(mapping.ok());
  CHECK(mapping->bytes() == "hello");
}

TEST_CASE("fd: a mapping above its limit is refused", "[base][fd]") {
  auto fd = SealedMemfd("test", "hello!");
  REQUIRE(fd.ok());
  CHECK_FALSE(Mapping::Map(fd->get(), 5).ok());
  CHECK(Mapping::Map(fd->get(), 6).ok());
}

TEST_CASE("fd: an unsealed memory file is not taken for a sealed one", "[base][fd]") {
  auto fd = NewMemfd("test");
  REQUIRE(fd.ok());
  CHECK_FALSE(IsSealed(fd->get()));
}

TEST_CASE("fd: a named pipe is refused, and not waited for", "[base][fd]") {
  const std::string path = "/tmp/lazaret-pipe-" + std::to_string(::getpid());
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const auto text = ReadFile(path, 10);
  ::unlink(path.c_str());
  REQUIRE_FALSE(text.ok());
  CHECK(text.error().text == path + ": not a regular file");
}

TEST_CASE("fd: a missing file is named in the error", "[base][fd]") {
  auto text = ReadFile("/nonexistent/lazaret", 10);
  REQUIRE_FALSE(text.ok());
  CHECK(text.error().code == ErrorCode::kNotFound);
  CHECK(text.error().text.find("/nonexistent/lazaret") == 0);
}
