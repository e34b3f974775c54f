// The engine zygote: loads libclamav once and forks generation zygotes. It never reads mail. A
// change of signatures is another engine zygote beside this one, which ends after the messages it
// has.
#ifndef LAZARET_APP_ANALYZER_ENGINE_ZYGOTE_H_
#define LAZARET_APP_ANALYZER_ENGINE_ZYGOTE_H_

#include <string>

#include "app/analyzer/generation_zygote.h"

namespace lazaret::analyzer {

struct EngineArguments {
  std::string front_socket;  // --front SOCKET: where workers are offered
  std::string shelf;         // --snapshots FOLDER; empty: the engine is loaded from the originals
  std::string snapshot;      // --snapshot HASH: this one, whatever the originals are now
  std::string unless;        // --unless HASH: a snapshot that is the same is not loaded
  bool gently = false;       // --gently: others use the machine, loading comes after them
};

// Returns the exit code: kExitConfiguration when database, rules or configuration are wrong (the
// reason went to the control socket as kNotReady and to the log), 0 when the control socket closed,
// when the signatures are those of `unless`, or after the last message once another engine is in
// force.
int RunEngineZygote(const EngineArguments& arguments);

}  // namespace lazaret::analyzer

#endif  // LAZARET_APP_ANALYZER_ENGINE_ZYGOTE_H_
