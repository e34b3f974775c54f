// The engine zygote: loads libclamav once and forks generation zygotes. It never reads mail.
#ifndef LAZARET_APP_ANALYZER_ENGINE_ZYGOTE_H_
#define LAZARET_APP_ANALYZER_ENGINE_ZYGOTE_H_

#include <string>

#include "app/analyzer/generation_zygote.h"

namespace lazaret::analyzer {

// Returns the exit code: kExitConfiguration when database, rules or configuration are wrong (the
// reason went to the control socket as kNotReady and to the log), 0 when the control socket closed.
int RunEngineZygote(const std::string& front_socket);

}  // namespace lazaret::analyzer

#endif  // LAZARET_APP_ANALYZER_ENGINE_ZYGOTE_H_
