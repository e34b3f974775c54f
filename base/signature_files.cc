#include "base/signature_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include "base/crypto.h"
#include "base/fd.h"

namespace lazaret::base {
namespace {

namespace fs = std::filesystem;

// Endings libclamav takes as databases (clamav.net, "File formats of signatures").
constexpr std::array<std::string_view, 36> kEndings = {
    ".cvd", ".cld",  ".cud", ".hdb",  ".hsb", ".hdu", ".hsu",  ".mdb",  ".msb",
    ".mdu", ".msu",  ".imp", ".ndb",  ".ndu", ".ldb", ".ldu",  ".cdb",  ".crb",
    ".fp",  ".sfp",  ".ign", ".ign2", ".idb", ".pdb", ".gdb",  ".wdb",  ".cbc",
    ".ftm", ".info", ".cfg", ".zmd",  ".rmd", ".yar", ".yara", ".pwdb", ".db"};

bool IsSignatureFile(const fs::path& path) {
  const std::string ending = path.extension().string();
  std::error_code error;
  return path.filename().string().front() != '.' &&
         std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end() &&
         !fs::is_directory(path, error);
}

base::Result<SignatureFile> Describe(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return base::ErrnoError(path);
  SignatureFile file;
  file.path = path;
  file.size = static_cast<std::uint64_t>(info.st_size);
  file.modified_nanos =
      static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec;
  file.inode = info.st_ino;
  return file;
}

}  // namespace

base::Result<std::vector<SignatureFile>> ListSignatures(const std::string& place) {
  std::vector<SignatureFile> files;
  std::error_code error;
  const fs::file_status status = fs::status(place, error);
  if (place.empty() || status.type() == fs::file_type::not_found) return files;
  if (error) return base::ErrnoError(place, error.value());
  std::vector<std::string> paths;
  if (fs::is_directory(status)) {
    fs::directory_iterator it(place, error);
    if (error) return base::ErrnoError(place, error.value());
    for (; it != fs::directory_iterator(); it.increment(error)) {
      if (error) return base::ErrnoError(place, error.value());
      if (IsSignatureFile(it->path())) paths.push_back(it->path().string());
    }
  } else {
    paths.push_back(place);
  }
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    LAZARET_ASSIGN(SignatureFile file, Describe(path));
    files.push_back(std::move(file));
  }
  return files;
}

base::Error NoDatabase(const std::string& place) {
  return {base::ErrorCode::kNotFound,
          place +
              ": no signature database (run freshclam, or set clamav.database; "
              "clamav.builtin_only: true starts a trial without one)"};
}

base::Result<std::string> HashSignatures(const std::vector<SignatureFile>& files) {
  base::Sha256Stream hash;
  std::string chunk(1U << 20, '\0');
  for (const SignatureFile& file : files) {
    hash.Update(fs::path(file.path).filename().string());
    hash.Update(std::string_view("\0", 1));
    hash.Update(std::to_string(file.size));
    const base::UniqueFd fd(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return base::ErrnoError(file.path);
    for (;;) {
      const ssize_t got = ::read(fd.get(), chunk.data(), chunk.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return base::ErrnoError(file.path);
      if (got == 0) break;
      hash.Update(std::string_view(chunk).substr(0, static_cast<std::size_t>(got)));
    }
  }
  return base::Hex(base::AsBytes(hash.Finish()));
}

}  // namespace lazaret::base
