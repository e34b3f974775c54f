// What lies in a signature folder: names, sizes, times and one hash over all contents, so that a
// generation names exactly what it was loaded from and a change during loading is noticed. Knows
// nothing of libclamav itself: the supervisor looks through it too.
#ifndef LAZARET_BASE_SIGNATURE_FILES_H_
#define LAZARET_BASE_SIGNATURE_FILES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace lazaret::base {

struct SignatureFile {
  std::string path;
  std::uint64_t size = 0;
  std::int64_t modified_nanos = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const SignatureFile&, const SignatureFile&) = default;
};

// Files libclamav would load, by name; `place` is a folder or one file. A missing place gives none.
// Hidden files, folders and what freshclam keeps beside them (.part, .tmp, mirrors.dat,
// freshclam.dat) are none.
base::Result<std::vector<SignatureFile>> ListSignatures(const std::string& place);

// kNotFound: what is said when there is none and there must be one.
base::Error NoDatabase(const std::string& place);

// Hex SHA-256 over names and contents.
base::Result<std::string> HashSignatures(const std::vector<SignatureFile>& files);

}  // namespace lazaret::base

#endif  // LAZARET_BASE_SIGNATURE_FILES_H_
