#include "app/lazaret/rules_command.h"

#include "app/config/unread_files.h"
#include "app/lazaret/analyzer_session.h"
#include "base/text.h"

namespace lazaret::cli {
namespace {

constexpr int kWrong = 2;

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
  auto output = AskAboutRules(config, *bundle, arguments.command);
  if (!output.ok()) return complain(output.error());
  (output->exit_code == 0 ? out : err) << output->text;
  return output->exit_code == 0 ? 0 : kWrong;
}

}  // namespace lazaret::cli
