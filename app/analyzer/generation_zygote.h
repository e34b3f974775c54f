// The generation zygote: a fork of the engine zygote that compiles rules, lists and tables, and
// forks workers. It never reads mail. It serves one front at a time (or `lazaret scan`), over the
// named socket; when that closes it kills its workers and connects again.
#ifndef LAZARET_APP_ANALYZER_GENERATION_ZYGOTE_H_
#define LAZARET_APP_ANALYZER_GENERATION_ZYGOTE_H_

#include <string>

#include "app/config/config.h"
#include "base/fd.h"
#include "scanners/clamav/engine.h"

namespace lazaret::analyzer {

// EX_CONFIG of sysexits.h: what was given is wrong, starting again will not help.
inline constexpr int kExitConfiguration = 78;

struct GenerationInputs {
  const config::Config* config = nullptr;
  const config::GenerationBundle* bundle = nullptr;
  scanners::ClamavEngine* engine = nullptr;
  std::string front_socket;
  base::UniqueFd engine_pipe;  // SEQPACKET to the engine zygote; closing it ends this process
};

[[noreturn]] void RunGenerationZygote(GenerationInputs inputs);

}  // namespace lazaret::analyzer

#endif  // LAZARET_APP_ANALYZER_GENERATION_ZYGOTE_H_
