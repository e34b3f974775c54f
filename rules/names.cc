#include <algorithm>
#include <array>

#include "base/format.h"
#include "rules/rule_set.h"
#include "rules/spec.h"

namespace lazaret::rules {
namespace {

constexpr std::uint8_t kDetectorScopes = ScopeBit(Scope::kSubject) | ScopeBit(Scope::kBody) |
                                         ScopeBit(Scope::kAttachment) | ScopeBit(Scope::kFilename);
// Display names and free text; docs/rules.md lists them.
constexpr std::array<std::string_view, 10> kPeoplesHeaders = {
    "from",         "sender",   "reply-to", "to",           "cc",
    "organization", "comments", "keywords", "thread-topic", "bcc"};

bool IsWrittenByPeople(std::string_view header_name) {
  return std::find(kPeoplesHeaders.begin(), kPeoplesHeaders.end(), header_name) !=
         kPeoplesHeaders.end();
}

}  // namespace

std::string_view Name(RuleState state) {
  switch (state) {
    case RuleState::kDraft:
      return "draft";
    case RuleState::kShadow:
      return "shadow";
    case RuleState::kEnforce:
      return "enforce";
  }
  return "unknown";
}

std::string_view Name(Level level) {
  switch (level) {
    case Level::kLow:
      return "low";
    case Level::kMedium:
      return "medium";
    case Level::kHigh:
      return "high";
  }
  return "unknown";
}

std::string_view Name(RuleSeverity severity) {
  switch (severity) {
    case RuleSeverity::kInfo:
      return "info";
    case RuleSeverity::kLow:
      return "low";
    case RuleSeverity::kMedium:
      return "medium";
    case RuleSeverity::kHigh:
      return "high";
    case RuleSeverity::kCritical:
      return "critical";
  }
  return "unknown";
}

std::string_view Name(Scope scope) {
  switch (scope) {
    case Scope::kSubject:
      return "subject";
    case Scope::kHeader:
      return "header";
    case Scope::kBody:
      return "body";
    case Scope::kAttachment:
      return "attachment";
    case Scope::kFilename:
      return "filename";
    case Scope::kUrl:
      return "url";
    case Scope::kRaw:
      return "raw";
  }
  return "unknown";
}

base::Error ErrorAt(const Place& place, std::string_view why) {
  return {base::ErrorCode::kInvalid,
          base::Format("{}:{}:{}: {}", place.origin, place.line, place.column, why)};
}

bool DetectorsLookAt(const TextUnit& unit) {
  return (kDetectorScopes & ScopeBit(unit.scope)) != 0 ||
         (unit.scope == Scope::kHeader && IsWrittenByPeople(unit.header_name));
}

bool DetectorsLookAt(const ScopeSelector& scope) {
  return (scope.mask & kDetectorScopes) != 0 || scope.any_header ||
         std::any_of(scope.header_names.begin(), scope.header_names.end(), IsWrittenByPeople);
}

bool ScopeSelector::Includes(const TextUnit& unit) const {
  if ((mask & ScopeBit(unit.scope)) == 0) return false;
  if (unit.scope != Scope::kHeader || any_header) return true;
  return std::find(header_names.begin(), header_names.end(), unit.header_name) !=
         header_names.end();
}

}  // namespace lazaret::rules
