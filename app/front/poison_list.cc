#include "app/front/poison_list.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/fd.h"
#include "base/log.h"

namespace lazaret::front {
namespace {

constexpr std::string_view kFirstLine = "lazaret-poison 1";
constexpr std::size_t kHexBytes = 64;
constexpr std::size_t kMaxFileBytes = 16U << 20;
constexpr std::size_t kMaxDigits = 12;
constexpr std::int64_t kDaySeconds = 86'400;

std::int64_t Seconds(base::UnixTime time) { return time.micros / 1'000'000; }

bool IsMadeOf(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

}  // namespace

PoisonList::PoisonList(PoisonOptions options, base::UnixTime now) : options_(std::move(options)) {
  if (options_.path.empty()) return;
  saver_ = std::thread([this] { SaveAll(); });
  const base::UniqueFd fd(::open(options_.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.valid() && errno == ENOENT) return;
  const auto text = fd.valid() ? base::ReadFdWhole(fd.get(), kMaxFileBytes, options_.path)
                               : base::Result<std::string>(base::ErrnoError(options_.path));
  if (text.ok()) {
    Load(*text, now);
  } else {
    base::LogWarning("poison list not read: " + text.error().text);
  }
}

PoisonList::~PoisonList() {
  if (!saver_.joinable()) return;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  saver_.join();
}

// Apart from the threads that judge: a disk that stalls must hold up no reply.
void PoisonList::SaveAll() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return unsaved_ || stopping_; });
    if (!unsaved_) return;
    unsaved_ = false;
    const std::string text = Text();
    lock.unlock();
    const base::Status saved = Save(text);
    if (!saved.ok()) base::LogWarning("poison list not saved: " + saved.error().text);
    lock.lock();
  }
}

bool PoisonList::IsOld(std::int64_t seconds, base::UnixTime now) const {
  return Seconds(now) - seconds > options_.days * kDaySeconds;
}

void PoisonList::Load(std::string_view text, base::UnixTime now) {
  bool whole = text.substr(0, kFirstLine.size() + 1) == std::string(kFirstLine) + "\n";
  if (whole) text.remove_prefix(kFirstLine.size() + 1);
  while (whole && !text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    whole = end != std::string_view::npos && line.size() > kHexBytes + 1 &&
            line.size() <= kHexBytes + 1 + kMaxDigits && line[kHexBytes] == ' ' &&
            IsMadeOf(line.substr(0, kHexBytes), "0123456789abcdef") &&
            IsMadeOf(line.substr(kHexBytes + 1), "0123456789");
    if (!whole) break;
    // One from the future (the clock was wrong) would stay for ever.
    const std::int64_t time = std::min<std::int64_t>(
        std::atoll(std::string(line.substr(kHexBytes + 1)).c_str()), Seconds(now));
    if (!IsOld(time, now)) last_[std::string(line.substr(0, kHexBytes))] = time;
    text.remove_prefix(end + 1);
  }
  if (!whole) base::LogWarning(options_.path + ": damaged; what stands before the damage is kept");
  Shrink();
}

void PoisonList::Shrink() {
  while (last_.size() > options_.entries) {
    last_.erase(std::min_element(last_.begin(), last_.end(),
                                 [](const auto& a, const auto& b) { return a.second < b.second; }));
  }
}

bool PoisonList::Strike(const base::Sha256Digest& message, base::UnixTime came,
                        base::UnixTime now) {
  const std::string key = base::Hex(base::AsBytes(message));
  const std::scoped_lock lock(mutex_);
  for (auto entry = last_.begin(); entry != last_.end();) {
    entry = IsOld(entry->second, now) ? last_.erase(entry) : std::next(entry);
  }
  const auto before = last_.find(key);
  const bool again = before != last_.end() && before->second <= Seconds(came);
  // The new one is made room for, not thrown out again where several have the same second.
  last_[key] = INT64_MAX;
  Shrink();
  last_[key] = Seconds(now);
  unsaved_ = true;
  changed_.notify_all();
  return again;
}

std::string PoisonList::Text() const {
  std::string text(kFirstLine);
  text += '\n';
  for (const auto& [key, time] : last_) text += key + " " + std::to_string(time) + "\n";
  return text;
}

// Not synced to disk: after a power failure a message is tried once more, that is all.
base::Status PoisonList::Save(const std::string& text) const {
  const std::string beside = options_.path + ".new";
  ::unlink(beside.c_str());
  {
    const base::UniqueFd fd(
        ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd.valid()) return base::ErrnoError(beside);
    LAZARET_TRY(base::WriteAll(fd.get(), text));
  }
  if (::rename(beside.c_str(), options_.path.c_str()) != 0) return base::ErrnoError(options_.path);
  return base::Ok();
}

std::size_t PoisonList::size() const {
  const std::scoped_lock lock(mutex_);
  return last_.size();
}

}  // namespace lazaret::front
