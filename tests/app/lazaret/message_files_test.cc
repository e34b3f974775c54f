#include "app/lazaret/message_files.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "tests/support/catch.h"

using namespace lazaret;

namespace {

struct Folder {
  std::string path;
  Folder() {
    char name[] = "/tmp/lazaret-files-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path); }
  void Write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(path + "/" + name).parent_path());
    std::ofstream(path + "/" + name, std::ios::binary) << text;
  }
};

}  // namespace

TEST_CASE("message files: a folder gives every regular file below it, by name", "[app][lazaret]") {
  const Folder folder;
  folder.Write("b.eml", "x");
  folder.Write("a.eml", "x");
  folder.Write("sub/c", "x");
  std::filesystem::create_symlink("/etc/passwd", folder.path + "/link");
  const auto files = cli::ListMessages({folder.path});
  REQUIRE(files.ok());
  CHECK(*files == std::vector<std::string>{folder.path + "/a.eml", folder.path + "/b.eml", folder.path + "/sub/c"});
}

TEST_CASE("message files: a missing argument is an error that names it", "[app][lazaret]") {
  const auto files = cli::ListMessages({"/nonexistent/x.eml"});
  REQUIRE_FALSE(files.ok());
  CHECK(files.error().text.find("/nonexistent/x.eml") == 0);
}

TEST_CASE("message files: a file above the message limit is refused, at the limit it is read", "[app][lazaret]") {
  const Folder folder;
  folder.Write("m.eml", "12345");
  CHECK(cli::ReadMessageFile(folder.path + "/m.eml", 5).ok());
  CHECK_FALSE(cli::ReadMessageFile(folder.path + "/m.eml", 4).ok());
}

TEST_CASE("message files: line ends become what a mail system would have received", "[app][lazaret]") {
  CHECK(cli::AsReceived("A: b\n\nbody\n") == "A: b\r\n\r\nbody\r\n");
  CHECK(cli::AsReceived("A: b\r\n\r\nbody\n") == "A: b\r\n\r\nbody\n");
  CHECK(cli::AsReceived("From someone Mon\nA: b\n\n") == "A: b\r\n\r\n");
  CHECK(cli::AsReceived("From: b\n") == "From: b\r\n");
  CHECK(cli::AsReceived("").empty());
}
