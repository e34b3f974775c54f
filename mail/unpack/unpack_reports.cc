#include "mail/unpack/unpack_reports.h"

#include "base/format.h"
#include "base/text.h"

namespace lazaret::mail {
namespace {

constexpr std::size_t kMaxReason = 197;  // EscapeLine adds "..."

}  // namespace

void UnpackReports::Add(std::string_view code, std::uint32_t item, std::uint32_t place,
                        std::string_view reason) {
  auto& reports = tree_.tree().unreadable;
  const auto [at, fresh] = groups_.try_emplace({std::string(code), place});
  Group& group = at->second;
  if (fresh) {
    group = Group{reports.size(), item, std::string(reason)};
    tree_.CannotRead(code, item, reason);
    return;
  }
  // The list was full, or somebody else had reported this.
  if (group.index >= reports.size() || reports[group.index].code != code) return;
  Unreadable& report = reports[group.index];
  ++report.count;
  report.artifact = place;
  report.reason = base::EscapeLine(base::Format("{} times: {}; first {}", report.count,
                                                group.reason, tree_.At(group.first).path),
                                   kMaxReason);
}

}  // namespace lazaret::mail
