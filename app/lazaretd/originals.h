// The signature files on disk, as a reload would take them now.
#ifndef LAZARET_APP_LAZARETD_ORIGINALS_H_
#define LAZARET_APP_LAZARETD_ORIGINALS_H_

#include <cstdint>
#include <vector>

#include "app/config/config.h"
#include "base/result.h"
#include "base/signature_files.h"

namespace lazaret::supervisor {

struct Originals {
  std::vector<base::SignatureFile> database;
  std::vector<base::SignatureFile> own;
  friend bool operator==(const Originals&, const Originals&) = default;

  std::uint64_t Bytes() const;
};

// Names, sizes, times and inodes only: cheap, and enough to see that nothing changed.
base::Result<Originals> LookAtOriginals(const config::Config& config);

}  // namespace lazaret::supervisor

#endif  // LAZARET_APP_LAZARETD_ORIGINALS_H_
