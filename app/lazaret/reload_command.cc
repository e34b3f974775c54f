#include "app/lazaret/reload_command.h"

#include "app/lazaret/ask_supervisor.h"
#include "base/text.h"

namespace lazaret::cli {
namespace {

constexpr int kRefused = 1;
constexpr int kNoAnswer = 2;
// Longer than a second engine may take to load.
constexpr std::int64_t kAnswerMillis = 1'000'000;
constexpr std::size_t kShownBytes = 8192;

}  // namespace

int RunReload(const config::Config& config, const std::string& command, std::ostream& out,
              std::ostream& err) {
  const auto answer = AskSupervisorWithin(config, command, kAnswerMillis);
  if (!answer.ok()) {
    err << "lazaret " << command << ": " << WhyNoAnswer(command, answer.error()) << "\n";
    return kNoAnswer;
  }
  if (!answer->ok) {
    err << "lazaret " << command << ": " << base::EscapeLine(answer->text, kShownBytes) << "\n";
    return kRefused;
  }
  out << base::EscapeLine(answer->text, kShownBytes) << "\n";
  return 0;
}

}  // namespace lazaret::cli
