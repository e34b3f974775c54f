#include "app/lazaretd/watch.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/log.h"

namespace lazaret::supervisor {
namespace {

namespace fs = std::filesystem;

// No IN_MODIFY: a file counts when its writer is done with it. IN_ATTRIB: a time that is set, a
// permission that lets us read.
constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM |
                                  IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

bool IsFolder(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
}

// The folder to watch for the sake of `path`: itself, the one it lies in, or the nearest there is.
std::string NearestFolder(fs::path path) {
  while (!IsFolder(path.string()) && path.has_relative_path()) path = path.parent_path();
  return path.string();
}

}  // namespace

std::vector<std::string> WatchedPlaces(const config::Config& config) {
  std::vector<std::string> places{config.paths.etc, config.paths.etc + "/rules.d",
                                  config.paths.etc + "/lists.d", config.clamav.database,
                                  config.clamav.signatures_dir};
  if (!config.policy_file.empty()) places.push_back(config.policy_file);
  places.insert(places.end(), config.rules_paths.begin(), config.rules_paths.end());
  return places;
}

Watch::Watch(std::vector<std::string> places) : places_(std::move(places)) {
  if (places_.empty()) return;
  inotify_ = base::UniqueFd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify_.valid())
    base::LogWarning("changes on disk are not noticed: " + base::ErrnoError("inotify").text);
  AddAll();
}

// Again and again: a folder may be made, or made anew, at any time. One that is watched already
// stays.
void Watch::AddAll() {
  if (!inotify_.valid()) return;
  for (const std::string& place : places_)
    static_cast<void>(
        ::inotify_add_watch(inotify_.get(), NearestFolder(place).c_str(), kEvents | IN_ONLYDIR));
}

void Watch::Read() {
  alignas(inotify_event) char events[16U << 10];
  bool some = false;
  while (::read(inotify_.get(), events, sizeof events) > 0) some = true;
  if (!some) return;
  AddAll();
  Nudge();
}

void Watch::Nudge() {
  settled_ = base::Deadline::AfterMillis(kSettleMillis);
  if (longest_.never()) longest_ = base::Deadline::AfterMillis(kLongestUnrestMillis);
  if (longest_.monotonic() < settled_.monotonic()) settled_ = longest_;
}

bool Watch::TakeSettled() {
  if (!settled_.Expired()) return false;
  settled_ = longest_ = base::Deadline();
  AddAll();
  return true;
}

}  // namespace lazaret::supervisor
