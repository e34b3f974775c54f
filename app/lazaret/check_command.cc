#include "app/lazaret/check_command.h"

#include <filesystem>

#include "app/lazaret/rules_command.h"
#include "base/text.h"

namespace lazaret::cli {
namespace {

constexpr int kWrong = 2;

// What libclamav would load as a database.
bool HoldsSignatures(const std::string& folder) {
  static constexpr std::string_view kEndings[] = {".cvd", ".cld", ".cud",  ".hdb", ".hsb",
                                                  ".mdb", ".msb", ".ndb",  ".ldb", ".cdb",
                                                  ".ftm", ".yar", ".yara", ".db"};
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string ending = entry.path().extension().string();
    for (const std::string_view known : kEndings) {
      if (ending == known) return true;
    }
  }
  return false;
}

std::string_view OriginOf(const config::Config& config) {
  return config.origin.empty() ? std::string_view("embedded defaults")
                               : std::string_view(config.origin);
}

bool CheckSignatures(const config::Config& config, std::ostream& out, std::ostream& err) {
  if (HoldsSignatures(config.clamav.database)) {
    out << "signatures: " << base::EscapeLine(config.clamav.database) << "\n";
    return true;
  }
  if (config.clamav.builtin_only) {
    out << "signatures: built-in test signatures only (clamav.builtin_only)\n";
    return true;
  }
  err << base::EscapeLine(config.clamav.database)
      << ": no signature database (run freshclam, set clamav.database, or clamav.builtin_only: "
         "true for a trial)\n";
  return false;
}

bool Complain(std::ostream& err, const base::Error& error) {
  err << base::EscapeLine(error.text, 4096) << "\n";
  return false;
}

bool CheckBundle(const config::Config& config, std::ostream& out, std::ostream& err) {
  auto bundle = config::ReadBundle(config, "");
  if (!bundle.ok()) return Complain(err, bundle.error());
  auto policy = config::PolicyOf(config, *bundle);
  if (!policy.ok()) return Complain(err, policy.error());
  out << "policy: " << policy->blocks.size() << " blocks\n";
  auto rules = AskAboutRules(config, *bundle, "check");
  if (!rules.ok()) return Complain(err, rules.error());
  (rules->exit_code == 0 ? out : err) << rules->text;
  return rules->exit_code == 0;
}

}  // namespace

int RunCheck(const config::Config& config, std::ostream& out, std::ostream& err) {
  out << "configuration: " << base::EscapeLine(OriginOf(config)) << "\n";
  const bool bundle = CheckBundle(config, out, err);
  const bool signatures = CheckSignatures(config, out, err);
  if (!bundle || !signatures) return kWrong;
  out << "all fine\n";
  return 0;
}

}  // namespace lazaret::cli
