#include <array>
#include <cstddef>

#include "policy/decide.h"
#include "policy/envelope.h"
#include "policy/finding.h"

namespace lazaret::policy {
namespace {

constexpr std::array<std::string_view, kClassCount> kClasses = {
    "clean", "suspicious", "ambiguous", "policy", "unscannable", "error", "malicious"};
constexpr std::array<std::string_view, kActionCount> kActions = {
    "accept", "tag", "strip", "redirect", "hold", "quarantine", "tempfail", "reject"};
constexpr std::array<std::string_view, 5> kSeverities = {"info", "low", "medium", "high",
                                                         "critical"};
constexpr std::array<std::string_view, 3> kConfidences = {"low", "medium", "high"};
constexpr std::array<std::string_view, 3> kDirections = {"inbound", "outbound", "local"};
constexpr std::array<std::string_view, 4> kKinds = {"message", "part", "member", "object"};
constexpr std::array<std::string_view, 5> kSources = {"code", "rule", "class", "default", "shadow"};

template <typename Enum, std::size_t N>
std::optional<Enum> Parse(const std::array<std::string_view, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

template <typename Enum, std::size_t N>
std::string_view NameOf(const std::array<std::string_view, N>& names, Enum value) {
  const auto index = static_cast<std::size_t>(value);
  return index < N ? names[index] : std::string_view("unknown");
}

}  // namespace

std::string_view Name(Class value) { return NameOf(kClasses, value); }
std::string_view Name(Action value) { return NameOf(kActions, value); }
std::string_view Name(Severity value) { return NameOf(kSeverities, value); }
std::string_view Name(Confidence value) { return NameOf(kConfidences, value); }
std::string_view Name(Direction value) { return NameOf(kDirections, value); }
std::string_view Name(ArtifactKind value) { return NameOf(kKinds, value); }
std::string_view Name(StepSource value) { return NameOf(kSources, value); }

std::optional<Class> ParseClass(std::string_view name) { return Parse<Class>(kClasses, name); }
std::optional<Action> ParseAction(std::string_view name) { return Parse<Action>(kActions, name); }
std::optional<Severity> ParseSeverity(std::string_view name) {
  return Parse<Severity>(kSeverities, name);
}
std::optional<Confidence> ParseConfidence(std::string_view name) {
  return Parse<Confidence>(kConfidences, name);
}
std::optional<Direction> ParseDirection(std::string_view name) {
  return Parse<Direction>(kDirections, name);
}

bool IsBuilt(Action action) {
  switch (action) {
    case Action::kAccept:
    case Action::kTag:
    case Action::kHold:
    case Action::kTempfail:
    case Action::kReject:
      return true;
    case Action::kStrip:
    case Action::kRedirect:
    case Action::kQuarantine:
      return false;
  }
  return false;
}

}  // namespace lazaret::policy
