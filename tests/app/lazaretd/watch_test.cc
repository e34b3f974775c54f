#include "app/lazaretd/watch.h"

#include <poll.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/catch.h"

namespace lazaret::supervisor {
namespace {

namespace fs = std::filesystem;

struct Place {
  std::string root;
  Place() {
    char name[] = "/tmp/lazaret-watch-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    root = name;
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { fs::remove_all(root); }
};

void Write(const std::string& path) { std::ofstream(path) << "x"; }

// Whether the watch has seen something; events of a local file system are there at once.
bool Sees(Watch& watch) {
  pollfd entry{watch.fd(), POLLIN, 0};
  if (::poll(&entry, 1, 0) <= 0) return false;
  watch.Read();
  return true;
}

TEST_CASE("watch: a written, renamed or removed file is unrest, and one more starts it anew") {
  const Place place;
  Watch watch({place.root});
  CHECK(watch.next().never());
  CHECK_FALSE(Sees(watch));
  Write(place.root + "/a.yaml");
  REQUIRE(Sees(watch));
  const base::Nanoseconds first = watch.next().monotonic();
  CHECK(first > base::MonotonicNow());
  CHECK_FALSE(watch.TakeSettled());
  fs::rename(place.root + "/a.yaml", place.root + "/b.yaml");
  REQUIRE(Sees(watch));
  CHECK(watch.next().monotonic() > first);
  fs::remove(place.root + "/b.yaml");
  CHECK(Sees(watch));
}

TEST_CASE("watch: unrest settles once") {
  Watch watch({});
  CHECK(watch.fd() == -1);
  watch.Nudge();
  const base::Deadline settled = watch.next();
  while (!settled.Expired()) {
    CHECK_FALSE(watch.TakeSettled());
    ::poll(nullptr, 0, settled.PollMillis());
  }
  CHECK(watch.TakeSettled());
  CHECK_FALSE(watch.TakeSettled());
  CHECK(watch.next().never());
}

TEST_CASE("watch: a folder that does not exist yet is seen when it comes, and then into") {
  const Place place;
  const std::string folder = place.root + "/signatures.d";
  Watch watch({folder});
  fs::create_directories(folder);
  REQUIRE(Sees(watch));
  Write(folder + "/own.ndb");
  CHECK(Sees(watch));
  fs::remove_all(folder);
  REQUIRE(Sees(watch));
  fs::create_directories(folder);
  REQUIRE(Sees(watch));
  Write(folder + "/own.ndb");
  CHECK(Sees(watch));
}

TEST_CASE("watch: a file is watched through its folder, so that a rename over it is seen") {
  const Place place;
  const std::string file = place.root + "/policy.yaml";
  Write(file);
  Write(place.root + "/new");
  Watch watch({file});
  CHECK_FALSE(Sees(watch));
  fs::rename(place.root + "/new", file);
  CHECK(Sees(watch));
}

TEST_CASE("watch: rules, lists, policy and signatures are its places") {
  config::Config config;
  config.paths.etc = "/e";
  config.clamav.database = "/d";
  config.clamav.signatures_dir = "/s";
  config.policy_file = "/p/policy.yaml";
  config.rules_paths = {"/r"};
  CHECK(WatchedPlaces(config) == std::vector<std::string>{"/e", "/e/rules.d", "/e/lists.d", "/d",
                                                          "/s", "/p/policy.yaml", "/r"});
}

}  // namespace
}  // namespace lazaret::supervisor
