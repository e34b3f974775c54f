#include "app/lazaret/message_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/fd.h"

namespace lazaret::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxDepth = 100;
constexpr std::size_t kFirstLineBytes = 998;  // RFC 5322 section 2.1.1

struct Magic {
  std::string_view bytes;
  std::string_view name;
};

constexpr Magic kMagics[] = {
    {"\x7f\x45LF", "a program (ELF)"},
    {"%PDF-", "a PDF document"},
    {"PK\x03\x04", "a zip archive or office document"},
    {"\xd0\xcf\x11\xe0", "an office document"},
    {"{\\rtf", "an RTF document"},
    {"Rar!", "a RAR archive"},
    {"7z\xbc\xaf", "a 7z archive"},
    {"\x1f\x8b", "gzip data"},
    {"\x89PNG", "a picture"},
    {"GIF8", "a picture"},
    {"\xff\xd8\xff", "a picture"},
};

base::Error NotAFile(const std::string& path, const std::string& kind) {
  return {base::ErrorCode::kInvalid,
          path + ": " + kind + ", not a file (- reads a message from standard input)"};
}

std::string KindName(fs::file_type type) {
  switch (type) {
    case fs::file_type::fifo:
      return "a fifo";
    case fs::file_type::socket:
      return "a socket";
    case fs::file_type::symlink:
      return "a symbolic link";
    case fs::file_type::block:
    case fs::file_type::character:
      return "a device";
    default:
      return "no regular file";
  }
}

// `depth` stops a folder that is mounted into itself.
void ListFolder(const fs::path& folder, int depth, MessageList& out) {
  std::error_code error;
  fs::directory_iterator it(folder, error);
  std::vector<fs::directory_entry> entries;
  for (; !error && it != fs::directory_iterator(); it.increment(error)) entries.push_back(*it);
  if (error || depth == 0) out.files.push_back(folder.string());
  if (depth == 0) return;
  std::sort(entries.begin(), entries.end());
  for (const fs::directory_entry& entry : entries) {
    std::error_code gone;
    const fs::file_type type = entry.symlink_status(gone).type();
    if (type == fs::file_type::directory) {
      ListFolder(entry.path(), depth - 1, out);
    } else if (type == fs::file_type::regular) {
      out.files.push_back(entry.path().string());
    } else {
      out.skipped.push_back(entry.path().string() + ": " + KindName(type));
    }
  }
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

base::Result<MessageList> ListMessages(const std::vector<std::string>& arguments) {
  MessageList out;
  for (const std::string& argument : arguments) {
    if (argument == "-") {
      out.files.push_back(argument);
      continue;
    }
    std::error_code error;
    const fs::file_status status = fs::status(argument, error);
    if (error || !fs::exists(status))
      return base::ErrnoError(argument, error ? error.value() : ENOENT);
    if (fs::is_directory(status)) {
      ListFolder(argument, kMaxDepth, out);
    } else if (fs::is_regular_file(status)) {
      out.files.push_back(argument);
    } else {
      return NotAFile(argument, KindName(status.type()));
    }
  }
  return out;
}

base::Result<std::string> ReadMessageFile(const std::string& path, std::uint64_t max_bytes) {
  if (path == "-") return ReadStandardInput(max_bytes);
  // Without O_NONBLOCK the open of a fifo waits for a writer.
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) return base::ErrnoError(path);
  if (S_ISDIR(status.st_mode)) return base::ErrnoError(path, EISDIR);
  if (!S_ISREG(status.st_mode)) return NotAFile(path, "no regular file");
  return base::ReadFdWhole(fd.get(), max_bytes, path);
}

std::string WhatItIsInstead(std::string_view bytes) {
  for (const Magic& magic : kMagics) {
    if (bytes.substr(0, magic.bytes.size()) == magic.bytes) return std::string(magic.name);
  }
  const std::string_view first = bytes.substr(0, std::min(bytes.find('\n'), kFirstLineBytes));
  const bool odd = first.find('\0') != std::string_view::npos;
  if (odd && first.substr(0, 2) == "MZ") return "a program (Windows)";
  // A NUL in the value of a field is a fact about a mail; one where its name should be is not.
  const std::size_t colon = first.find(':');
  const bool field = colon != std::string_view::npos && first.find('\0') > colon;
  return odd && !field ? "binary data" : "";
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
