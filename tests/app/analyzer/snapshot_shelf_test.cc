#include "app/analyzer/snapshot_shelf.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/fd.h"
#include "tests/support/catch.h"

namespace lazaret::analyzer {
namespace {

namespace fs = std::filesystem;

struct Place {
  std::string root;
  std::string database;
  std::string own;
  std::string shelf;
  Place() {
    char name[] = "/tmp/lazaret-shelf-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    root = name;
    database = root + "/db";
    own = root + "/own";
    shelf = root + "/generations";
    fs::create_directories(database);
    fs::create_directories(own);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { fs::remove_all(root); }
  static void Write(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::trunc) << text;
  }
  SnapshotSources Sources() const { return {database, own, false}; }
};

std::set<std::string> NamesIn(const std::string& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

ino_t InodeOf(const std::string& path) {
  struct stat facts {};
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  return facts.st_ino;
}

std::string TextOf(const std::string& path) {
  const auto text = base::ReadFile(path, 1U << 20);
  return text.ok() ? *text : "";
}

TEST_CASE("snapshot: holds the signature files of both folders and nothing else") {
  const Place place;
  for (const char* name :
       {"a.ndb", "b.hdb", "main.cvd", "c.part", "d.tmp", ".e.ndb", "mirrors.dat", "freshclam.dat"})
    Place::Write(place.database + "/" + name, name);
  fs::create_directories(place.database + "/folder.ndb");
  Place::Write(place.own + "/own.yar", "rule");
  const SnapshotShelf shelf(place.shelf);
  const auto snapshot = shelf.Take(place.Sources());
  REQUIRE(snapshot.ok());
  CHECK(NamesIn(snapshot->database) == std::set<std::string>{"a.ndb", "b.hdb", "main.cvd"});
  CHECK(NamesIn(snapshot->own) == std::set<std::string>{"own.yar"});
  CHECK(NamesIn(place.shelf) == std::set<std::string>{snapshot->hash});
  CHECK(snapshot->hash.size() == 64);
  CHECK(shelf.Open(snapshot->hash).ok());
  CHECK_FALSE(shelf.Open(std::string(64, 'a')).ok());
}

TEST_CASE("snapshot: only what is replaced as a whole is linked, so that no edit reaches it") {
  const Place place;
  Place::Write(place.database + "/daily.cld", "container");
  Place::Write(place.database + "/own.ndb", "before");
  const auto snapshot = SnapshotShelf(place.shelf).Take(place.Sources());
  REQUIRE(snapshot.ok());
  CHECK(InodeOf(snapshot->database + "/daily.cld") == InodeOf(place.database + "/daily.cld"));
  Place::Write(place.database + "/own.ndb", "after!");
  CHECK(TextOf(snapshot->database + "/own.ndb") == "before");
}

TEST_CASE("snapshot: a copy keeps the time of its original, which is the age of the signatures") {
  const Place place;
  const std::string original = place.database + "/a.ndb";
  Place::Write(original, "x");
  const timespec times[2] = {{1'000'000'000, 5}, {1'000'000'000, 5}};
  REQUIRE(::utimensat(AT_FDCWD, original.c_str(), times, 0) == 0);
  const auto snapshot = SnapshotShelf(place.shelf).Take(place.Sources());
  REQUIRE(snapshot.ok());
  const auto files = base::ListSignatures(snapshot->database);
  REQUIRE(files.ok());
  CHECK(files->front().modified_nanos == 1'000'000'000'000'000'005);
}

TEST_CASE("snapshot: one that changed while it was copied is taken again") {
  const Place place;
  Place::Write(place.database + "/a.ndb", "first");
  int changes = 0;
  const SnapshotShelf shelf(place.shelf, [&] {
    if (++changes == 1) Place::Write(place.database + "/a.ndb", "second one");
  });
  const auto snapshot = shelf.Take(place.Sources());
  REQUIRE(snapshot.ok());
  CHECK(changes == 2);
  CHECK(TextOf(snapshot->database + "/a.ndb") == "second one");
}

TEST_CASE("snapshot: originals that never come to rest are refused and leave nothing behind") {
  const Place place;
  Place::Write(place.database + "/a.ndb", "x");
  int changes = 0;
  const SnapshotShelf shelf(place.shelf, [&] {
    Place::Write(place.database + "/new" + std::to_string(++changes) + ".ndb", "y");
  });
  const auto snapshot = shelf.Take(place.Sources());
  REQUIRE_FALSE(snapshot.ok());
  CHECK(snapshot.error().code == base::ErrorCode::kUnavailable);
  CHECK(snapshot.error().text.find("changed while it was copied") != std::string::npos);
  CHECK(changes == 3);
  CHECK(NamesIn(place.shelf).empty());
}

TEST_CASE("snapshot: no database is refused by the name of its folder, unless none is needed") {
  const Place place;
  Place::Write(place.own + "/own.ndb", "x");
  const SnapshotShelf shelf(place.shelf);
  const auto refused = shelf.Take(place.Sources());
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == base::ErrorCode::kNotFound);
  CHECK(refused.error().text.rfind(place.database, 0) == 0);
  SnapshotSources sources = place.Sources();
  sources.builtin_only = true;
  CHECK(shelf.Take(sources).ok());
}

TEST_CASE("snapshot: the same contents have the same name, and a damaged one is made anew") {
  const Place place;
  Place::Write(place.database + "/a.ndb", "x");
  const SnapshotShelf shelf(place.shelf);
  const auto first = shelf.Take(place.Sources());
  REQUIRE(first.ok());
  fs::remove(first->database + "/a.ndb");
  const auto damaged = shelf.Open(first->hash);
  REQUIRE_FALSE(damaged.ok());
  CHECK(damaged.error().code == base::ErrorCode::kCorrupt);
  const auto second = shelf.Take(place.Sources());
  REQUIRE(second.ok());
  CHECK(second->hash == first->hash);
  CHECK(TextOf(second->database + "/a.ndb") == "x");
  Place::Write(place.database + "/a.ndb", "z");
  const auto third = shelf.Take(place.Sources());
  REQUIRE(third.ok());
  CHECK(third->hash != first->hash);
}

TEST_CASE("snapshot: only those in use are kept") {
  const Place place;
  const SnapshotShelf shelf(place.shelf);
  std::vector<std::string> hashes;
  for (const char* text : {"1", "2", "3"}) {
    Place::Write(place.database + "/a.ndb", text);
    const auto one = shelf.Take(place.Sources());
    REQUIRE(one.ok());
    hashes.push_back(one->hash);
  }
  fs::create_directories(place.shelf + "/unfinished1/database");
  shelf.KeepOnly({hashes[1], hashes[2], ""});
  CHECK(NamesIn(place.shelf) == std::set<std::string>{hashes[1], hashes[2]});
}

}  // namespace
}  // namespace lazaret::analyzer
