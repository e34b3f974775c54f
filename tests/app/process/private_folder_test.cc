#include "app/process/private_folder.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "tests/support/catch.h"

using namespace lazaret;
using process::PrivateFolder;
using process::SweepPrivateFolders;
namespace fs = std::filesystem;

namespace {

struct Parent {
  char path[64] = "/tmp/lazaret-parent-XXXXXX";
  Parent() { REQUIRE(::mkdtemp(path) != nullptr); }
  Parent(const Parent&) = delete;
  Parent& operator=(const Parent&) = delete;
  ~Parent() { fs::remove_all(path); }
  std::size_t Entries() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(path), fs::directory_iterator()));
  }
};

// The pid of a process that has ended.
pid_t GonePid() {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  REQUIRE(::waitpid(pid, nullptr, 0) == pid);
  return pid;
}

// A child that makes a folder, says its path and waits to be killed.
struct Maker {
  pid_t pid = -1;
  std::string folder;
  explicit Maker(const std::string& parent) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    pid = ::fork();
    if (pid == 0) {
      auto made = PrivateFolder::Make("box", parent);
      if (!made.ok() || !base::WriteAll(ends[1], made->path()).ok()) ::_exit(1);
      for (;;) ::pause();
    }
    ::close(ends[1]);
    char text[4096];
    const ssize_t got = ::read(ends[0], text, sizeof text);
    ::close(ends[0]);
    REQUIRE(got > 0);
    folder.assign(text, static_cast<std::size_t>(got));
  }
  void Kill() const {
    ::kill(pid, SIGKILL);
    REQUIRE(::waitpid(pid, nullptr, 0) == pid);
  }
};

}  // namespace

TEST_CASE("private folder: it is ours alone and goes with its owner", "[app][folder]") {
  const Parent parent;
  {
    auto folder = PrivateFolder::Make("box", parent.path);
    REQUIRE(folder.ok());
    struct stat facts {};
    REQUIRE(::stat(folder->path().c_str(), &facts) == 0);
    CHECK((facts.st_mode & 07777) == 0700);
    std::ofstream(folder->path() + "/file") << "x";
    fs::create_symlink("/etc", folder->path() + "/link");
    CHECK(SweepPrivateFolders("box", parent.path) == 0);
    PrivateFolder moved = std::move(folder).value();
    CHECK(fs::exists(moved.path() + "/file"));
  }
  CHECK(parent.Entries() == 0);
  CHECK(fs::exists("/etc/passwd"));
  CHECK_FALSE(PrivateFolder::Make("box", "/nowhere/at/all").ok());
}

TEST_CASE("private folder: a forked child that ends leaves it", "[app][folder]") {
  const Parent parent;
  auto folder = PrivateFolder::Make("box", parent.path);
  REQUIRE(folder.ok());
  const pid_t pid = ::fork();
  if (pid == 0) {
    folder->Remove();
    ::_exit(0);
  }
  REQUIRE(::waitpid(pid, nullptr, 0) == pid);
  CHECK(fs::exists(folder->path()));
}

TEST_CASE("private folder: what a killed process left is swept, what a living one has is not",
          "[app][folder]") {
  const Parent parent;
  const Maker dead(parent.path);
  const Maker living(parent.path);
  std::ofstream(dead.folder + "/file") << "x";
  dead.Kill();
  CHECK(SweepPrivateFolders("warm", parent.path) == 0);
  CHECK(SweepPrivateFolders("box", parent.path) == 1);
  CHECK_FALSE(fs::exists(dead.folder));
  CHECK(fs::exists(living.folder));
  living.Kill();
  CHECK(SweepPrivateFolders("box", parent.path) == 1);
  CHECK(parent.Entries() == 0);
}

TEST_CASE("private folder: a maker that ended and was not waited for yet is gone",
          "[app][folder]") {
  const Parent parent;
  const Maker maker(parent.path);
  ::kill(maker.pid, SIGKILL);
  siginfo_t ended{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(maker.pid), &ended, WEXITED | WNOWAIT) == 0);
  CHECK(SweepPrivateFolders("box", parent.path) == 1);
  REQUIRE(::waitpid(maker.pid, nullptr, 0) == maker.pid);
}

TEST_CASE("private folder: a child of the dead maker that still lives keeps it", "[app][folder]") {
  const Parent parent;
  const pid_t gone = GonePid();
  const std::string path =
      std::string(parent.path) + "/lazaret-box-" + std::to_string(gone) + "-abcdef";
  REQUIRE(::mkdir(path.c_str(), 0700) == 0);
  const int held = ::open(path.c_str(), O_RDONLY | O_DIRECTORY);
  REQUIRE(::flock(held, LOCK_EX) == 0);
  CHECK(SweepPrivateFolders("box", parent.path) == 0);
  ::close(held);
  CHECK(SweepPrivateFolders("box", parent.path) == 1);
}

TEST_CASE("private folder: other names, files, links and other owners are not touched",
          "[app][folder]") {
  const Parent parent;
  const std::string root = parent.path;
  const std::string gone = std::to_string(GonePid());
  for (const std::string& name :
       std::vector<std::string>{"lazaret-box-abcdef", "lazaret-box-" + gone,
                                "lazaret-box-" + gone + "-abc", "lazaret-box-" + gone + "-abcdefg",
                                "lazaret-box--" + gone + "-abcdef", "other-box-" + gone + "-abcdef",
                                "lazaret-box-1-abcdef", "lazaret-box-99999999999999-abcdef"}) {
    REQUIRE(::mkdir((root + "/" + name).c_str(), 0700) == 0);
  }
  std::ofstream(root + "/lazaret-box-" + gone + "-file00") << "x";
  fs::create_directory(root + "/target");
  fs::create_symlink(root + "/target", root + "/lazaret-box-" + gone + "-link00");
  std::size_t expected = 11;
  if (::geteuid() == 0) {
    const std::string foreign = root + "/lazaret-box-" + gone + "-others";
    REQUIRE(::mkdir(foreign.c_str(), 0700) == 0);
    REQUIRE(::chown(foreign.c_str(), 65534, 65534) == 0);
    ++expected;
  }
  CHECK(SweepPrivateFolders("box", parent.path) == 0);
  CHECK(parent.Entries() == expected);
}
