#include "app/lazaret/rules_command.h"

#include "app/config/unread_files.h"
#include "app/lazaret/analyzer_session.h"
#include "app/lazaret/ask_supervisor.h"
#include "base/json_value.h"
#include "base/text.h"

namespace lazaret::cli {
namespace {

constexpr int kWrong = 2;

// Without a daemon that answers, or one that has no generation yet, there is nothing to compare.
bool HasOtherRules(const config::Config& config, const config::GenerationBundle& bundle) {
  const auto answer = AskSupervisor(config, "status");
  if (!answer.ok()) return false;
  const auto status = base::ParseJson(*answer);
  if (!status.ok()) return false;
  for (const base::JsonValue& role : (*status)["roles"].items) {
    const std::string& in_force = role["status"]["generation"]["bundle"].text;
    if (role["name"].text == "front" && !in_force.empty())
      return in_force != config::BundleSha256(bundle);
  }
  return false;
}

}  // namespace

base::Result<ProgramOutput> AskAboutRules(const config::Config& config,
                                          const config::GenerationBundle& bundle,
                                          const std::string& what) {
  LAZARET_ASSIGN(const base::UniqueFd config_fd,
                 base::SealedMemfd("lazaret-config", config::EncodeConfig(config)));
  LAZARET_ASSIGN(const base::UniqueFd bundle_fd,
                 base::SealedMemfd("lazaret-bundle", config::EncodeBundle(bundle)));
  return OutputOf(SiblingProgram("lazaret-analyzer"), {"rules", what},
                  {config_fd.get(), bundle_fd.get()});
}

int RunRules(config::Config config, const RulesArguments& arguments, std::ostream& out,
             std::ostream& err) {
  config.rules_paths.insert(config.rules_paths.end(), arguments.paths.begin(),
                            arguments.paths.end());
  const auto complain = [&err](const base::Error& error) {
    err << "lazaret rules: " << base::EscapeLine(error.text, 4096) << "\n";
    return kWrong;
  };
  auto bundle = config::ReadBundle(config, "");
  if (!bundle.ok()) return complain(bundle.error());
  for (const std::string& unread : config::UnreadFiles(config))
    err << "warning: " << unread << "\n";
  if (arguments.command == "list" && arguments.paths.empty() && HasOtherRules(config, *bundle)) {
    err << "note: the running daemon has other rules, lists or policy in force than these files "
           "(`lazaret status` says why, `lazaret reload` takes them)\n";
  }
  auto output = AskAboutRules(config, *bundle, arguments.command);
  if (!output.ok()) return complain(output.error());
  (output->exit_code == 0 ? out : err) << output->text;
  return output->exit_code == 0 ? 0 : kWrong;
}

}  // namespace lazaret::cli
