#include "app/lazaret/message_files.h"

#include <stdlib.h>
#include <sys/stat.h>

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
  const auto list = cli::ListMessages({folder.path});
  REQUIRE(list.ok());
  CHECK(list->files == std::vector<std::string>{folder.path + "/a.eml", folder.path + "/b.eml",
                                                folder.path + "/sub/c"});
  CHECK(list->skipped.empty());
}

TEST_CASE("message files: what is no regular file in a folder is skipped and named",
          "[app][lazaret]") {
  const Folder folder;
  folder.Write("a.eml", "x");
  folder.Write("sub/c", "x");
  std::filesystem::create_symlink("/etc/passwd", folder.path + "/link");
  std::filesystem::create_directory_symlink("/etc", folder.path + "/sub/etc");
  REQUIRE(::mkfifo((folder.path + "/fifo").c_str(), 0600) == 0);
  const auto list = cli::ListMessages({folder.path});
  REQUIRE(list.ok());
  CHECK(list->files.size() == 2);
  CHECK(list->skipped == std::vector<std::string>{folder.path + "/fifo: a fifo",
                                                  folder.path + "/link: a symbolic link",
                                                  folder.path + "/sub/etc: a symbolic link"});
}

TEST_CASE("message files: a fifo, socket or device by name is refused, - is not",
          "[app][lazaret]") {
  const Folder folder;
  const std::string fifo = folder.path + "/fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const auto refused = cli::ListMessages({fifo});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().text ==
        fifo + ": a fifo, not a file (- reads a message from standard input)");
  CHECK_FALSE(cli::ListMessages({"/dev/null"}).ok());
  CHECK(cli::ListMessages({"-"})->files == std::vector<std::string>{"-"});
  // One that became a fifo after it was listed does not hang either.
  CHECK_FALSE(cli::ReadMessageFile(fifo, 100).ok());
}

TEST_CASE("message files: a folder without a file gives none", "[app][lazaret]") {
  const Folder folder;
  std::filesystem::create_directories(folder.path + "/empty/inner");
  const auto list = cli::ListMessages({folder.path});
  REQUIRE(list.ok());
  CHECK(list->files.empty());
}

TEST_CASE("message files: what is plainly no mail is told", "[app][lazaret]") {
  CHECK(cli::WhatItIsInstead("\x7f"
                             "ELF\x02\x01") == "a program (ELF)");
  CHECK(cli::WhatItIsInstead("%PDF-1.7\n") == "a PDF document");
  CHECK(cli::WhatItIsInstead("PK\x03\x04rest") == "a zip archive or office document");
  CHECK(cli::WhatItIsInstead(std::string("\0\0\1\2", 4)) == "binary data");
  CHECK(cli::WhatItIsInstead("From: a@b\r\n\r\nx").empty());
  CHECK(cli::WhatItIsInstead("From a Mon\nFrom: a@b\n\nx").empty());
  CHECK(cli::WhatItIsInstead("\r\nbody").empty());
  CHECK(cli::WhatItIsInstead("MZ: a header\r\n\r\n").empty());
  CHECK(cli::WhatItIsInstead(std::string("MZ\x90\0\3", 5)) == "a program (Windows)");
  CHECK(cli::WhatItIsInstead(std::string("Subject: a\0b\r\n\r\n", 16)).empty());
  CHECK(cli::WhatItIsInstead("").empty());
}

TEST_CASE("message files: a missing argument is an error that names it", "[app][lazaret]") {
  const auto files = cli::ListMessages({"/nonexistent/x.eml"});
  REQUIRE_FALSE(files.ok());
  CHECK(files.error().text.find("/nonexistent/x.eml") == 0);
}

TEST_CASE("message files: a file above the message limit is refused, at the limit it is read",
          "[app][lazaret]") {
  const Folder folder;
  folder.Write("m.eml", "12345");
  CHECK(cli::ReadMessageFile(folder.path + "/m.eml", 5).ok());
  CHECK_FALSE(cli::ReadMessageFile(folder.path + "/m.eml", 4).ok());
}

TEST_CASE("message files: line ends become what a mail system would have received",
          "[app][lazaret]") {
  CHECK(cli::AsReceived("A: b\n\nbody\n") == "A: b\r\n\r\nbody\r\n");
  CHECK(cli::AsReceived("A: b\r\n\r\nbody\n") == "A: b\r\n\r\nbody\n");
  CHECK(cli::AsReceived("From someone Mon\nA: b\n\n") == "A: b\r\n\r\n");
  CHECK(cli::AsReceived("From: b\n") == "From: b\r\n");
  CHECK(cli::AsReceived("").empty());
}
