#include "app/judge/zygote_link.h"

#include <sys/eventfd.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/log.h"

namespace lazaret::judge {
namespace {

using process::Frame;
using process::FrameType;

// No worker has this number: keeps what is for the zygote itself apart.
constexpr std::uint32_t kNoWorker = 0;

Frame OrderFrame(FrameType type, const process::Uid& uid, base::ByteWriter& payload) {
  Frame frame;
  frame.type = type;
  frame.uid = uid;
  frame.payload = payload.Take();
  return frame;
}

}  // namespace

void ZygoteLink::Arm(std::uint32_t worker, const process::Uid& uid, base::Deadline deadline) {
  base::ByteWriter out;
  out.U32(worker);
  out.I64(deadline.monotonic());
  Give(worker, OrderFrame(FrameType::kArm, uid, out));
}

void ZygoteLink::Disarm(std::uint32_t worker, const process::Uid& uid) {
  base::ByteWriter out;
  out.U32(worker);
  Give(worker, OrderFrame(FrameType::kDisarm, uid, out));
}

void ZygoteLink::Kill(std::uint32_t worker, const process::Uid& uid, const std::string& reason) {
  base::ByteWriter out;
  out.U32(worker);
  out.String(reason);
  Give(worker, OrderFrame(FrameType::kKill, uid, out));
}

void ZygoteLink::Retire() {
  base::ByteWriter out;
  out.U32(kNoWorker);
  Give(kNoWorker, OrderFrame(FrameType::kRetire, {}, out));
}

void ZygoteLink::Give(std::uint32_t worker, Frame frame) {
  const std::scoped_lock lock(mutex_);
  if (kept_.empty() && SendOrDrop(frame)) return;
  kept_.erase(std::remove_if(kept_.begin(), kept_.end(),
                             [worker](const Order& order) { return order.worker == worker; }),
              kept_.end());
  kept_.push_back({worker, std::move(frame)});
  ::eventfd_write(wake_, 1);
}

// False when the socket is full.
bool ZygoteLink::SendOrDrop(const Frame& frame) {
  const base::Status sent = process::TrySendFrame(fd(), frame);
  if (sent.ok()) return true;
  if (sent.error().code == base::ErrorCode::kTimeout ||
      sent.error().code == base::ErrorCode::kLimit)
    return false;
  base::LogWarning("generation zygote: " + sent.error().text);
  return true;
}

bool ZygoteLink::HasKept() const {
  const std::scoped_lock lock(mutex_);
  return !kept_.empty();
}

void ZygoteLink::SendKept() {
  const std::scoped_lock lock(mutex_);
  while (!kept_.empty() && SendOrDrop(kept_.front().frame)) kept_.pop_front();
}

}  // namespace lazaret::judge
