#include "app/lazaret/message_files.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/fd.h"

namespace lazaret::cli {
namespace {

namespace fs = std::filesystem;

base::Status ListFolder(const std::string& folder, std::vector<std::string>& out) {
  std::error_code error;
  fs::recursive_directory_iterator it(folder, error);
  if (error) return base::ErrnoError(folder, error.value());
  std::vector<std::string> found;
  for (; it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (error) return base::ErrnoError(folder, error.value());
    std::error_code ignored;
    if (it->symlink_status(ignored).type() == fs::file_type::regular)
      found.push_back(it->path().string());
  }
  if (error) return base::ErrnoError(folder, error.value());
  std::sort(found.begin(), found.end());
  out.insert(out.end(), found.begin(), found.end());
  return base::Ok();
}

base::Result<std::string> ReadStandardInput(std::uint64_t max_bytes) {
  std::string out;
  char chunk[65536];
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::ErrnoError("standard input");
    if (got == 0) return out;
    out.append(chunk, static_cast<std::size_t>(got));
    if (out.size() > max_bytes)
      return base::Error{base::ErrorCode::kLimit, "standard input: too large"};
  }
}

bool AllLineEndsAreBare(std::string_view bytes) {
  bool any = false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '\r') return false;
    any = any || bytes[i] == '\n';
  }
  return any;
}

}  // namespace

base::Result<std::vector<std::string>> ListMessages(const std::vector<std::string>& arguments) {
  std::vector<std::string> out;
  for (const std::string& argument : arguments) {
    if (argument == "-") {
      out.push_back(argument);
      continue;
    }
    std::error_code error;
    const fs::file_status status = fs::status(argument, error);
    if (error || !fs::exists(status)) {
      return base::ErrnoError(argument, error ? error.value() : ENOENT);
    }
    if (fs::is_directory(status)) {
      LAZARET_TRY(ListFolder(argument, out));
    } else {
      out.push_back(argument);
    }
  }
  return out;
}

base::Result<std::string> ReadMessageFile(const std::string& path, std::uint64_t max_bytes) {
  if (path == "-") return ReadStandardInput(max_bytes);
  return base::ReadFile(path, max_bytes);
}

std::string AsReceived(std::string bytes) {
  if (bytes.rfind("From ", 0) == 0) {
    const std::size_t end = bytes.find('\n');
    bytes.erase(0, end == std::string::npos ? bytes.size() : end + 1);
  }
  if (!AllLineEndsAreBare(bytes)) return bytes;
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 32);
  for (const char c : bytes) {
    if (c == '\n') out.push_back('\r');
    out.push_back(c);
  }
  return out;
}

}  // namespace lazaret::cli
