#include "app/lazaret/check_command.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <sstream>

#include "app/config/policy_warnings.h"
#include "app/config/unread_files.h"
#include "app/lazaret/check_postfix.h"
#include "app/lazaret/check_signatures.h"
#include "app/lazaret/check_system.h"
#include "app/lazaret/rules_command.h"
#include "base/text.h"

namespace lazaret::cli {
namespace {

constexpr int kWrong = 2;
// Stands for faults that are counted and not said.
constexpr std::string_view kMore = "... and ";

std::string_view OriginOf(const config::Config& config) {
  return config.origin.empty() ? std::string_view("embedded defaults")
                               : std::string_view(config.origin);
}

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// The analyzer counts in its last line what it has said; here all is counted together.
bool IsCount(std::string_view line) {
  return line.find(':') == std::string_view::npos && line.rfind(kMore, 0) != 0 &&
         (EndsWith(line, " fault") || EndsWith(line, " faults") || EndsWith(line, " failed"));
}

void TakeRuleLine(const std::string& line, CheckNotes& notes) {
  constexpr std::string_view kNoTests = ": warning: has no tests";
  if (IsCount(line)) return;
  if (EndsWith(line, kNoTests)) {
    notes.warnings.push_back(line.substr(0, line.size() - kNoTests.size()) + ": has no tests");
  } else {
    notes.faults.push_back(line);
  }
}

// What the analyzer says about the rules, one fault a line.
void CheckRules(const config::Config& config, const config::GenerationBundle& bundle,
                std::ostream& out, CheckNotes& notes) {
  auto rules = AskAboutRules(config, bundle, "check");
  if (!rules.ok()) {
    notes.faults.push_back(rules.error().text);
  } else if (rules->exit_code == 0) {
    out << rules->text;
  } else {
    std::istringstream lines(rules->text);
    for (std::string line; std::getline(lines, line);) TakeRuleLine(line, notes);
  }
}

// The codes that rules report: a column of the analyzer's list.
std::vector<std::string> RuleCodes(const config::Config& config,
                                   const config::GenerationBundle& bundle) {
  std::vector<std::string> codes;
  const auto rules = AskAboutRules(config, bundle, "list");
  if (!rules.ok() || rules->exit_code != 0) return codes;
  std::istringstream lines(rules->text);
  std::string line;
  std::getline(lines, line);
  const std::size_t column = line.find("CODE ");
  if (column == std::string::npos) return codes;
  while (std::getline(lines, line)) {
    if (line.size() > column) codes.push_back(line.substr(column, line.find(' ', column) - column));
  }
  return codes;
}

void WarnAboutPolicy(const config::Config& config, const config::GenerationBundle& bundle,
                     CheckNotes& notes) {
  std::vector<std::string> known = RuleCodes(config, bundle);
  const std::vector<std::string>& documented = config::DocumentedCodes();
  // Rules are listed above, each by its own code.
  std::copy_if(documented.begin(), documented.end(), std::back_inserter(known),
               [](const std::string& code) { return code != "rule."; });
  for (const config::BundleDocument& document : bundle.documents) {
    if (document.kind != config::DocumentKind::kPolicy) continue;
    const auto warnings = config::PolicyWarnings(document.text, document.origin, known);
    notes.warnings.insert(notes.warnings.end(), warnings.begin(), warnings.end());
  }
}

bool Holds(const policy::Policy& policy) {
  const auto holds = [](const auto& actions) {
    return std::any_of(actions.begin(), actions.end(),
                       [](const auto& entry) { return entry.second == policy::Action::kHold; });
  };
  return holds(policy.defaults) ||
         std::any_of(policy.blocks.begin(), policy.blocks.end(), [&holds](const auto& block) {
           return holds(block.classes) || holds(block.codes);
         });
}

// Whether the policy holds anything.
bool CheckBundle(const config::Config& config, std::ostream& out, CheckNotes& notes) {
  auto bundle = config::ReadBundle(config, "");
  if (!bundle.ok()) {
    notes.faults.push_back(bundle.error().text);
    return false;
  }
  std::vector<std::string> faults;
  const auto policy = config::PolicyOf(config, *bundle, &faults);
  if (policy.ok()) {
    out << "policy: " << policy->blocks.size() << " blocks\n";
  } else if (faults.empty()) {
    notes.faults.push_back(policy.error().text);
  }
  notes.faults.insert(notes.faults.end(), faults.begin(), faults.end());
  CheckRules(config, *bundle, out, notes);
  const std::vector<std::string> unread = config::UnreadFiles(config);
  notes.warnings.insert(notes.warnings.end(), unread.begin(), unread.end());
  WarnAboutPolicy(config, *bundle, notes);
  return policy.ok() && Holds(*policy);
}

// Postfix's daemons connect as its own user, which is in no group of ours.
void CheckReach(const config::Config& config, const PostfixInstance& postfix, CheckNotes& notes) {
  constexpr std::string_view kUnix = "unix:";
  const std::string& listen = config.milter.listen;
  const std::string owner(ValueOf(postfix.settings, "mail_owner"));
  if (listen.rfind(kUnix, 0) != 0 || owner.empty()) return;
  if (const auto why = WhyNotReachable(listen.substr(kUnix.size()), owner))
    notes.faults.push_back(
        config::PlaceOf(config, "milter.listen") + ": " + *why +
        ": Postfix cannot ask Lazaret (the socket's folder: chgrp postfix, chmod 2750)");
}

// One instance that was asked; true when it is attached.
bool CheckInstance(const config::Config& config, const PostfixInstance& postfix, bool policy_holds,
                   CheckNotes& notes) {
  CompareWithPostfix(config, postfix, policy_holds, notes);
  if (!IsAttached(config.milter.listen, postfix.settings)) return false;
  CheckReach(config, postfix, notes);
  return true;
}

// `alone`: it need not be named.
void CheckFolderOfPostfix(const config::Config& config, const std::string& folder, bool alone,
                          bool policy_holds, CheckNotes& notes) {
  auto postfix = AskPostfix(folder);
  if (postfix.ok()) {
    if (alone) postfix->folder.clear();
    CheckInstance(config, *postfix, policy_holds, notes);
  } else {
    notes.faults.push_back("--postfix " + folder + ": " + postfix.error().text);
  }
}

// The system's Postfix and its further instances. One that does not ask Lazaret is said, as a
// warning: it may be one that only sends.
void CheckPostfix(const config::Config& config, const std::vector<std::string>& folders,
                  bool policy_holds, CheckNotes& notes) {
  for (const std::string& folder : folders)
    CheckFolderOfPostfix(config, folder, folders.size() == 1, policy_holds, notes);
  if (!folders.empty()) return;
  const auto first = AskPostfix("");
  if (!first.ok()) {
    if (first.error().code != base::ErrorCode::kNotFound)
      notes.warnings.push_back("Postfix's settings were not compared: " + first.error().text);
    return;
  }
  CheckInstance(config, *first, policy_holds, notes);
  for (const std::string& folder : FurtherFolders(first->settings)) {
    const auto further = AskPostfix(folder);
    if (further.ok()) {
      CheckInstance(config, *further, policy_holds, notes);
    } else {
      notes.warnings.push_back("Postfix " + folder + " was not compared: " + further.error().text);
    }
  }
}

std::string Counted(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::size_t CountFaults(const std::vector<std::string>& faults) {
  std::size_t count = 0;
  for (const std::string& fault : faults) {
    std::size_t more = 1;
    if (fault.rfind(kMore, 0) == 0)
      std::from_chars(fault.data() + kMore.size(), fault.data() + fault.size(), more);
    count += more;
  }
  return count;
}

int Say(const CheckNotes& notes, std::ostream& out, std::ostream& err) {
  out.flush();
  for (const std::string& fault : notes.faults) err << base::EscapeLine(fault, 4096) << "\n";
  for (const std::string& warning : notes.warnings)
    err << "warning: " << base::EscapeLine(warning, 4096) << "\n";
  const std::string warnings =
      notes.warnings.empty() ? "" : ", " + Counted(notes.warnings.size(), "warning");
  if (!notes.faults.empty()) {
    err << Counted(CountFaults(notes.faults), "fault") << warnings << "\n";
    return kWrong;
  }
  out << "all fine" << warnings << "\n";
  return 0;
}

}  // namespace

int RunCheck(const config::Config& config, const CheckArguments& arguments, std::ostream& out,
             std::ostream& err) {
  CheckNotes notes;
  out << "configuration: " << base::EscapeLine(OriginOf(config)) << "\n";
  CheckUsers(config, notes);
  CheckFolders(config, notes);
  CheckSyslog(config, notes);
  const bool policy_holds = CheckBundle(config, out, notes);
  CheckSignatures(config, arguments.signatures, out, notes);
  CheckPostfix(config, arguments.postfix, policy_holds, notes);
  return Say(notes, out, err);
}

}  // namespace lazaret::cli
