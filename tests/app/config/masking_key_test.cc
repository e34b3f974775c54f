#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "app/config/config.h"
#include "tests/app/config/temp_folder.h"
#include "tests/support/catch.h"

using namespace lazaret;
namespace fs = std::filesystem;

namespace {

config::Config ConfigIn(const tests::TempFolder& folder) {
  config::Config config;
  config.paths.etc = folder.path();
  return config;
}

unsigned ModeOf(const std::string& path) {
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777U;
}

}  // namespace

TEST_CASE("masking key: made once, private, and the same ever after", "[config][key]") {
  const tests::TempFolder folder;
  const auto first = config::LoadOrCreateMaskingKey(ConfigIn(folder));
  REQUIRE(first.ok());
  CHECK(first->size() == 32);
  CHECK(ModeOf(folder.path() + "/keys") == 0700);
  CHECK(ModeOf(folder.path() + "/keys/masking.key") == 0600);
  const auto second = config::LoadOrCreateMaskingKey(ConfigIn(folder));
  REQUIRE(second.ok());
  CHECK(*first == *second);
  CHECK(std::distance(fs::directory_iterator(folder.path() + "/keys"), {}) == 1);
}

TEST_CASE("masking key: another size is refused, never replaced", "[config][key]") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{31}, std::size_t{33}}) {
    const tests::TempFolder folder;
    const std::string path = folder.Write("keys/masking.key", std::string(size, 'k'));
    chmod(path.c_str(), 0600);
    const auto key = config::LoadOrCreateMaskingKey(ConfigIn(folder));
    REQUIRE_FALSE(key.ok());
    CHECK(key.error().text.find(path) != std::string::npos);
    CHECK(fs::file_size(path) == size);
  }
}

TEST_CASE("masking key: a file that others may read is refused", "[config][key]") {
  const tests::TempFolder folder;
  const std::string path = folder.Write("keys/masking.key", std::string(32, 'k'));
  chmod(path.c_str(), 0640);
  const auto key = config::LoadOrCreateMaskingKey(ConfigIn(folder));
  REQUIRE_FALSE(key.ok());
  CHECK(key.error().text == path + ": others may read or write it: chmod 0600");
}

TEST_CASE("masking key: links and pipes are refused", "[config][key]") {
  const tests::TempFolder folder;
  const std::string target = folder.Write("real", std::string(32, 'k'));
  chmod(target.c_str(), 0600);
  fs::create_directories(folder.path() + "/keys");
  const std::string path = folder.path() + "/keys/masking.key";
  fs::create_symlink(target, path);
  CHECK_FALSE(config::LoadOrCreateMaskingKey(ConfigIn(folder)).ok());
  fs::remove(path);
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  CHECK_FALSE(config::LoadOrCreateMaskingKey(ConfigIn(folder)).ok());
}

TEST_CASE("masking key: a folder that cannot be made is an error", "[config][key]") {
  config::Config config;
  config.paths.etc = "/nonexistent/etc";
  CHECK_FALSE(config::LoadOrCreateMaskingKey(config).ok());
}

TEST_CASE("masking key: where the folder above is missing, the error says what to make",
          "[config][key]") {
  tests::TempFolder folder;
  auto config = ConfigIn(folder);
  config.paths.etc = folder.path() + "/no/etc";
  const auto key = config::LoadOrCreateMaskingKey(config);
  REQUIRE_FALSE(key.ok());
  CHECK(key.error().text.find("create " + config.paths.etc + " first") != std::string::npos);
}
