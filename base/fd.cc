#include "base/fd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace lazaret::base {

void UniqueFd::Reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

Result<UniqueFd> NewMemfd(std::string_view name) {
  UniqueFd fd(::memfd_create(std::string(name).c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) return ErrnoError("memfd_create");
  return fd;
}

Status SealMemfd(int fd) {
  if (::fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
    return ErrnoError("sealing a memory file");
  }
  return Ok();
}

bool IsSealed(int fd) {
  const int seals = ::fcntl(fd, F_GET_SEALS);
  return seals >= 0 && (seals & F_SEAL_WRITE) != 0 && (seals & F_SEAL_SHRINK) != 0;
}

Result<UniqueFd> SealedMemfd(std::string_view name, std::string_view bytes) {
  LAZARET_ASSIGN(UniqueFd fd, NewMemfd(name));
  LAZARET_TRY(WriteAll(fd.get(), bytes));
  LAZARET_TRY(SealMemfd(fd.get()));
  return fd;
}

Status WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return ErrnoError("write");
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return Ok();
}

Result<std::string> ReadFdWhole(int fd, std::size_t max_bytes, std::string_view what) {
  std::string out;
  char chunk[65536];
  for (;;) {
    const ssize_t got = ::pread(fd, chunk, sizeof chunk, static_cast<off_t>(out.size()));
    if (got < 0) {
      if (errno == EINTR) continue;
      return ErrnoError(what);
    }
    if (got == 0) return out;
    out.append(chunk, static_cast<std::size_t>(got));
    if (out.size() > max_bytes) {
      return Error{ErrorCode::kLimit,
                   std::string(what) + ": larger than " + std::to_string(max_bytes) + " bytes"};
    }
  }
}

Result<std::string> ReadFile(const std::string& path, std::size_t max_bytes) {
  // Not blocking: a named pipe without a writer would hold up the caller for ever.
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd.valid()) return ErrnoError(path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return ErrnoError(path);
  if (!S_ISREG(info.st_mode)) {
    return Error{ErrorCode::kInvalid, path + ": not a regular file"};
  }
  return ReadFdWhole(fd.get(), max_bytes, path);
}

Mapping::Mapping(Mapping&& other) noexcept
    : address_(std::exchange(other.address_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  std::swap(address_, other.address_);
  std::swap(size_, other.size_);
  return *this;
}

Mapping::~Mapping() {
  if (address_ != nullptr) ::munmap(address_, size_);
}

Result<Mapping> Mapping::Map(int fd, std::size_t max_bytes) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return ErrnoError("fstat");
  if (info.st_size < 0 || static_cast<std::size_t>(info.st_size) > max_bytes) {
    return Error{ErrorCode::kLimit, "mapping: larger than " + std::to_string(max_bytes) + " bytes"};
  }
  Mapping mapping;
  if (info.st_size == 0) return mapping;
  void* address = ::mmap(nullptr, static_cast<std::size_t>(info.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
  if (address == MAP_FAILED) return ErrnoError("mmap");
  mapping.address_ = address;
  mapping.size_ = static_cast<std::size_t>(info.st_size);
  return mapping;
}

}  // namespace lazaret::base
