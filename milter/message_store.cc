#include "milter/message_store.h"

#include <fcntl.h>
#include <sys/sendfile.h>

#include <algorithm>
#include <cerrno>

#include "base/format.h"

namespace lazaret::milter {
namespace {

// Less than this is cheaper to collect in a string than packet by packet in a file.
constexpr std::uint64_t kStringBytes = 64U << 10;

base::Status CopyFile(int from, int to, std::uint64_t bytes) {
  off_t at = 0;
  while (static_cast<std::uint64_t>(at) < bytes) {
    const ssize_t sent = sendfile(to, from, &at, bytes - static_cast<std::uint64_t>(at));
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return base::ErrnoError("spool: writing");
    if (sent == 0) return base::Error{base::ErrorCode::kInternal, "spool: message file cut"};
  }
  return base::Ok();
}

}  // namespace

bool MessageStore::Reserve(std::uint64_t bytes) {
  return bytes <= options_.memory_bytes || share_.GrowTo(bytes);
}

base::Status MessageStore::Append(std::string_view bytes) {
  if (error_) return *error_;
  if (bytes.size() > options_.message_bytes - bytes_) {
    return Fail({base::ErrorCode::kLimit,
                 base::Format("message larger than {} bytes", options_.message_bytes)});
  }
  const base::Status written = Write(bytes);
  if (!written.ok()) return Fail(written.error());
  bytes_ += bytes.size();
  whole_.Update(bytes);
  if (body_) body_->Update(bytes);
  return base::Ok();
}

void MessageStore::BeginBody() {
  if (!body_) body_.emplace();
}

base::Status MessageStore::Write(std::string_view bytes) {
  if (!spool_.valid() && bytes_ + bytes.size() > options_.memory_bytes) {
    LAZARET_TRY(MoveToSpool());
  }
  if (spool_.valid()) {
    if (!share_.GrowTo(bytes_ + bytes.size()))
      return base::Error{base::ErrorCode::kUnavailable, "spool: limits.spool_bytes are in use"};
    return base::WriteAll(spool_.get(), bytes);
  }
  if (memory_file_.valid()) return base::WriteAll(memory_file_.get(), bytes);
  memory_.append(bytes);
  return memory_.size() > kStringBytes ? MoveToMemoryFile() : base::Ok();
}

base::Status MessageStore::MoveToMemoryFile() {
  LAZARET_ASSIGN(memory_file_, base::NewMemfd("message"));
  LAZARET_TRY(base::WriteAll(memory_file_.get(), memory_));
  std::string().swap(memory_);
  return base::Ok();
}

base::Status MessageStore::MoveToSpool() {
  base::UniqueFd file(open(options_.spool_dir.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0400));
  if (!file.valid()) return base::ErrnoError(base::Format("spool {}", options_.spool_dir));
  if (memory_file_.valid()) {
    LAZARET_TRY(CopyFile(memory_file_.get(), file.get(), bytes_));
  } else {
    LAZARET_TRY(base::WriteAll(file.get(), memory_));
  }
  spool_ = std::move(file);
  memory_file_.Reset();
  std::string().swap(memory_);
  return base::Ok();
}

base::Status MessageStore::Fail(base::Error error) {
  error_ = error;
  std::string().swap(memory_);
  memory_file_.Reset();
  spool_.Reset();
  share_.ShrinkTo(0);
  return error;
}

base::Result<base::UniqueFd> MessageStore::ReadOnlySpool() const {
  const std::string path = base::Format("/proc/self/fd/{}", spool_.get());
  base::UniqueFd reader(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!reader.valid()) return base::ErrnoError("spool: reopening for reading");
  return reader;
}

base::Result<StoredMessage> MessageStore::Finish() {
  if (error_) return *error_;
  StoredMessage message;
  if (spool_.valid()) {
    LAZARET_ASSIGN(message.fd, ReadOnlySpool());
    spool_.Reset();
    share_.ShrinkTo(bytes_);
  } else {
    share_.ShrinkTo(0);
    if (!memory_file_.valid()) LAZARET_TRY(MoveToMemoryFile());
    LAZARET_TRY(base::SealMemfd(memory_file_.get()));
    message.fd = std::move(memory_file_);
  }
  BeginBody();
  message.share = std::move(share_);
  message.bytes = bytes_;
  message.sha256 = whole_.Finish();
  message.body_sha256 = body_->Finish();
  return message;
}

}  // namespace lazaret::milter
