// lazaret-analyzer: the only program that reads mail. Started by the supervisor, or by `lazaret
// scan`, `lazaret rules` and `lazaret check`, with the configuration on descriptor 3 and the
// generation bundle on descriptor 4.
//
//   lazaret-analyzer --front SOCKET [--snapshots FOLDER [--snapshot HASH] [--unless HASH]]
//   [--gently]
//                                            engine zygote; descriptor 5 is the control socket
//   lazaret-analyzer rules check|test|list   compiles the bundle's rules and reports, reads no mail
#include <clocale>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "app/analyzer/engine_zygote.h"
#include "app/analyzer/rules_mode.h"

// Workers end by _exit inside their box, where the leak checker cannot run.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }

namespace {

using lazaret::analyzer::EngineArguments;

std::optional<EngineArguments> EngineArgumentsOf(const std::vector<std::string>& words) {
  EngineArguments arguments;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--gently") {
      arguments.gently = true;
      continue;
    }
    std::string* value = words[i] == "--front"       ? &arguments.front_socket
                         : words[i] == "--snapshots" ? &arguments.shelf
                         : words[i] == "--snapshot"  ? &arguments.snapshot
                         : words[i] == "--unless"    ? &arguments.unless
                                                     : nullptr;
    if (value == nullptr || i + 1 == words.size()) return std::nullopt;
    *value = words[++i];
  }
  if (arguments.front_socket.empty()) return std::nullopt;
  return arguments;
}

}  // namespace

int main(int argc, char** argv) {
  // First: in the C locale libarchive gives no name for a Chinese member.
  if (std::setlocale(LC_ALL, "C.UTF-8") == nullptr) {
    std::fputs("lazaret-analyzer: the locale C.UTF-8 is missing\n", stderr);
    return lazaret::analyzer::kExitConfiguration;
  }
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (const auto engine = EngineArgumentsOf(arguments))
    return lazaret::analyzer::RunEngineZygote(*engine);
  if (arguments.size() == 2 && arguments[0] == "rules")
    return lazaret::analyzer::RunRulesMode(arguments[1]);
  std::fputs("lazaret-analyzer is started by lazaretd and lazaret; see docs/ARCHITECTURE.md\n",
             stderr);
  return 2;
}
