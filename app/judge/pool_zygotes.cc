#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "app/judge/generation_codec.h"
#include "app/judge/pool.h"
#include "base/bytes.h"
#include "base/log.h"

namespace lazaret::judge {
namespace {

using process::Frame;
using process::FrameType;

// How long the accepting thread rests when no descriptor is free, instead of spinning.
constexpr int kShortageMillis = 100;
// Of ends that no thread asks for (a worker that retired) only the newest are kept: workers count
// up.
constexpr std::size_t kMaxEnded = 64;
constexpr std::int64_t kSwitchMillis = 2'000;

LineLimits LineLimitsOf(const PoolOptions& options) {
  LineLimits limits;
  limits.messages = options.max_waiting;
  limits.bytes = options.max_waiting_bytes;
  limits.wait_millis = options.max_wait_millis;
  limits.overtake_millis = options.overtake_millis;
  return limits;
}

}  // namespace

Pool::Pool(PoolOptions options, base::UniqueFd listener, base::UniqueFd wake)
    : options_(std::move(options)),
      listener_(std::move(listener)),
      wake_(std::move(wake)),
      line_(LineLimitsOf(options_)) {
  in_force_ = options_.bundle_sha256;
  thread_ = std::thread([this] { Serve(); });
}

Pool::~Pool() {
  stopping_ = true;
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
  ::unlink(options_.socket_path.c_str());
}

void Pool::Serve() {
  while (!stopping_) {
    std::vector<pollfd> entries{{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    for (const auto& zygote : zygotes_) {
      const bool full = zygote->link.HasKept();
      entries.push_back(
          {zygote->link.fd(), static_cast<short>(full ? POLLIN | POLLOUT : POLLIN), 0});
    }
    if (::poll(entries.data(), entries.size(), -1) < 0) continue;
    eventfd_t ignored = 0;
    if (entries[0].revents != 0) {
      ::eventfd_read(wake_.get(), &ignored);
      RetireOthers();
    }
    const std::vector<std::shared_ptr<Zygote>> now = zygotes_;
    for (std::size_t i = 0; i < now.size(); ++i) {
      const short happened = entries[i + 2].revents;
      if ((happened & POLLOUT) != 0) now[i]->link.SendKept();
      if ((happened & ~POLLOUT) != 0 && !Read(now[i])) Drop(now[i]);
    }
    if (entries[1].revents != 0) Accept();
  }
}

void Pool::Accept() {
  base::UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!socket.valid()) {
    // The connection stays in the queue and would wake the poll at once.
    pollfd wake{wake_.get(), POLLIN, 0};
    ::poll(&wake, 1, kShortageMillis);
    return;
  }
  const auto peer = process::PeerOf(socket.get());
  const bool ours =
      peer.ok() && (options_.peers.empty()
                        ? peer->uid == ::geteuid()
                        : std::count(options_.peers.begin(), options_.peers.end(), peer->uid) > 0);
  if (!ours) {
    base::LogWarning("workers socket: refused a peer of another user");
    return;
  }
  zygotes_.push_back(std::make_shared<Zygote>(std::move(socket), wake_.get()));
}

bool Pool::Read(const std::shared_ptr<Zygote>& zygote) {
  auto frame = process::ReceiveFrame(zygote->link.fd(), base::Deadline::AfterMillis(0));
  if (!frame.ok()) {
    // A worker that could not be taken sees its socket close and ends; the zygote offers another.
    if (frame.error().code == base::ErrorCode::kLimit) base::LogWarning(frame.error().text);
    return frame.error().code == base::ErrorCode::kTimeout ||
           frame.error().code == base::ErrorCode::kLimit;
  }
  return Take(zygote, std::move(frame).value());
}

bool Pool::Take(const std::shared_ptr<Zygote>& zygote, Frame frame) {
  switch (frame.type) {
    case FrameType::kGenerationHello: {
      auto info = DecodeGeneration(frame.payload);
      // Once: the judging threads read it.
      if (!info.ok() || zygote->hello) return false;
      NoteInForce(*info);
      zygote->info = std::move(info).value();
      zygote->hello = true;
      RetireOthers();
      NoteBundles();
      return true;
    }
    case FrameType::kWorkerReady:
      if (!zygote->hello || frame.fds.size() != 1) return false;
      AddWorker(zygote, frame);
      return true;
    case FrameType::kWorkerGone: {
      base::ByteReader in(frame.payload);
      Forget(zygote, in.U32());
      return true;
    }
    case FrameType::kNotReady: {
      base::ByteReader in(frame.payload);
      const std::scoped_lock lock(mutex_);
      not_ready_ = in.String(policy::kMaxNameBytes);
      changed_.notify_all();
      return true;
    }
    default:
      return false;
  }
}

void Pool::AddWorker(const std::shared_ptr<Zygote>& zygote, Frame& frame) {
  base::ByteReader in(frame.payload);
  Worker worker;
  worker.id = in.U32();
  worker.socket = std::move(frame.fds[0]);
  worker.zygote = zygote;
  const std::scoped_lock lock(mutex_);
  if (!Judges(*zygote)) {
    // One of a generation that retires sees its socket close and ends.
    if (StandsBy(*zygote)) standby_.push_back(std::move(worker));
    changed_.notify_all();
    return;
  }
  if (generation_.id != zygote->info.id) generation_since_ = base::MonotonicNow();
  generation_ = zygote->info;
  ++workers_;
  idle_.push_back(std::move(worker));
  changed_.notify_all();
  WakeFirst();
}

void Pool::Forget(const std::shared_ptr<Zygote>& zygote, std::uint32_t id) {
  const std::scoped_lock lock(mutex_);
  const auto is_it = [&](const Worker& worker) {
    return worker.zygote == zygote && worker.id == id;
  };
  standby_.erase(std::remove_if(standby_.begin(), standby_.end(), is_it), standby_.end());
  const auto gone = std::find_if(idle_.begin(), idle_.end(), is_it);
  // A busy one is noticed by the thread that waits for its answer.
  if (gone == idle_.end()) {
    zygote->ended.insert(id);
    if (zygote->ended.size() > kMaxEnded) zygote->ended.erase(zygote->ended.begin());
    changed_.notify_all();
    return;
  }
  idle_.erase(gone);
  --workers_;
}

void Pool::Drop(const std::shared_ptr<Zygote>& zygote) {
  zygotes_.erase(std::remove(zygotes_.begin(), zygotes_.end(), zygote), zygotes_.end());
  NoteBundles();
  const std::scoped_lock lock(mutex_);
  zygote->gone = true;
  const std::size_t before = idle_.size();
  const auto is_its = [&](const Worker& worker) { return worker.zygote == zygote; };
  idle_.erase(std::remove_if(idle_.begin(), idle_.end(), is_its), idle_.end());
  standby_.erase(std::remove_if(standby_.begin(), standby_.end(), is_its), standby_.end());
  workers_ -= static_cast<std::uint32_t>(before - idle_.size());
  if (zygotes_.empty()) not_ready_ = "the analyzer is restarting";
  changed_.notify_all();
}

// Whether its workers take messages; with mutex_ held.
bool Pool::Judges(const Zygote& zygote) const {
  if (zygote.retiring) return false;
  return in_force_.empty() ||
         (zygote.info.bundle_sha256 == in_force_ && zygote.info.id == in_force_id_);
}

// Whether they may take some later; with mutex_ held.
bool Pool::StandsBy(const Zygote& zygote) const {
  return !zygote.retiring && zygote.info.bundle_sha256 == expected_;
}

// An analyzer that had to start again may be of another generation with the same bundle: better
// that one than none. While one is expected it is not mistaken for that.
void Pool::NoteInForce(const GenerationInfo& hello) {
  const std::scoped_lock lock(mutex_);
  if (hello.bundle_sha256 != in_force_ || hello.bundle_sha256 == expected_) return;
  const bool held = std::any_of(zygotes_.begin(), zygotes_.end(), [this](const auto& zygote) {
    return zygote->hello && Judges(*zygote);
  });
  if (!held) in_force_id_ = hello.id;
}

void Pool::RetireOthers() {
  const std::scoped_lock lock(mutex_);
  for (const auto& zygote : zygotes_) {
    if (!zygote->hello || zygote->retiring || Judges(*zygote)) continue;
    if (StandsBy(*zygote)) continue;
    zygote->retiring = true;
    zygote->link.Retire();
  }
}

void Pool::NoteBundles() {
  const std::scoped_lock lock(mutex_);
  bundles_.clear();
  for (const auto& zygote : zygotes_) {
    if (zygote->hello) bundles_.push_back(zygote->info.bundle_sha256);
  }
}

std::vector<std::string> Pool::Bundles() const {
  const std::scoped_lock lock(mutex_);
  return bundles_;
}

void Pool::Expect(const std::string& bundle_sha256) {
  const std::scoped_lock lock(mutex_);
  expected_ = bundle_sha256;
}

void Pool::SwitchTo(const std::string& bundle_sha256, const std::string& id) {
  std::unique_lock lock(mutex_);
  const auto is_its = [&](const Worker& worker) {
    return worker.zygote->info.bundle_sha256 == bundle_sha256 &&
           (id.empty() || worker.zygote->info.id == id);
  };
  const bool stays = in_force_ == bundle_sha256 && (id.empty() || id == in_force_id_);
  const auto first = [&] { return std::find_if(standby_.begin(), standby_.end(), is_its); };
  if (!stays) {
    changed_.wait_for(lock, std::chrono::milliseconds(kSwitchMillis),
                      [&] { return first() != standby_.end(); });
    in_force_ = bundle_sha256;
    in_force_id_ = first() != standby_.end() ? first()->zygote->info.id : id;
  }
  expected_.clear();
  const std::size_t before = idle_.size();
  idle_.erase(std::remove_if(idle_.begin(), idle_.end(),
                             [&](const Worker& worker) { return !Judges(*worker.zygote); }),
              idle_.end());
  workers_ -= static_cast<std::uint32_t>(before - idle_.size());
  for (Worker& worker : standby_) {
    if (!Judges(*worker.zygote)) continue;
    if (generation_.id != worker.zygote->info.id) generation_since_ = base::MonotonicNow();
    generation_ = worker.zygote->info;
    idle_.push_back(std::move(worker));
    ++workers_;
  }
  standby_.clear();
  changed_.notify_all();
  WakeFirst();
  ::eventfd_write(wake_.get(), 1);
}

base::Result<std::unique_ptr<WorkerPool>> WorkerPool::Listen(PoolOptions options) {
  LAZARET_ASSIGN(base::UniqueFd listener, process::ListenSeqpacket(options.socket_path, 0660));
  base::UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return base::ErrnoError("eventfd");
  return std::unique_ptr<WorkerPool>(
      std::make_unique<Pool>(std::move(options), std::move(listener), std::move(wake)));
}

}  // namespace lazaret::judge
