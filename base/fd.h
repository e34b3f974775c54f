// Descriptors and memory files. Every descriptor made here is close-on-exec.
#ifndef LAZARET_BASE_FD_H_
#define LAZARET_BASE_FD_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace lazaret::base {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) Reset(other.Release());
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { Reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }
  void Reset(int fd = -1);

 private:
  int fd_ = -1;
};

// A memory file holding `bytes`, sealed against write, grow and shrink. `name` shows in /proc only.
Result<UniqueFd> SealedMemfd(std::string_view name, std::string_view bytes);

// An empty memory file that can be written and sealed later.
Result<UniqueFd> NewMemfd(std::string_view name);
Status SealMemfd(int fd);
// True when the descriptor is a memory file sealed against write and shrink.
bool IsSealed(int fd);

// Writes all bytes, restarting after signals and short writes.
Status WriteAll(int fd, std::string_view bytes);
// Reads from offset 0 (pread) at most max_bytes; kLimit when the file is larger.
Result<std::string> ReadFdWhole(int fd, std::size_t max_bytes, std::string_view what);
Result<std::string> ReadFile(const std::string& path, std::size_t max_bytes);

// A read-only private mapping of a whole descriptor; empty file = empty view.
class Mapping {
 public:
  Mapping() = default;
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping();

  static Result<Mapping> Map(int fd, std::size_t max_bytes);
  // Never null, so that an empty file is an empty text to libraries that take pointers.
  std::string_view bytes() const {
    return {address_ == nullptr ? "" : static_cast<const char*>(address_), size_};
  }

 private:
  void* address_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace lazaret::base

#endif  // LAZARET_BASE_FD_H_
