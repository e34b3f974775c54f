#include "app/lazaretd/originals.h"

namespace lazaret::supervisor {

std::uint64_t Originals::Bytes() const {
  std::uint64_t bytes = 0;
  for (const auto* files : {&database, &own}) {
    for (const base::SignatureFile& file : *files) bytes += file.size;
  }
  return bytes;
}

base::Result<Originals> LookAtOriginals(const config::Config& config) {
  Originals originals;
  LAZARET_ASSIGN(originals.database, base::ListSignatures(config.clamav.database));
  LAZARET_ASSIGN(originals.own, base::ListSignatures(config.clamav.signatures_dir));
  return originals;
}

}  // namespace lazaret::supervisor
