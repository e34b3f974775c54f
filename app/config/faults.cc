#include "app/config/faults.h"

#include <algorithm>
#include <charconv>
#include <climits>
#include <optional>
#include <string_view>
#include <utility>

#include "base/format.h"

namespace lazaret::config {

namespace {

// Takes ":" and a number off the front.
std::optional<int> TakeNumber(std::string_view& text) {
  int value = 0;
  if (text.empty() || text[0] != ':') return std::nullopt;
  const char* begin = text.data() + 1;
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

}  // namespace

void FaultList::Add(base::Error error) {
  std::string_view rest = error.text;
  std::optional<int> line;
  std::optional<int> column;
  if (rest.substr(0, origin_.size()) == origin_) {
    rest.remove_prefix(origin_.size());
    line = TakeNumber(rest);
    if (line) column = TakeNumber(rest);
  }
  faults_.push_back({line.value_or(INT_MAX), column.value_or(0), std::move(error)});
}

void FaultList::Take(base::Status status) {
  if (!status.ok()) Add(std::move(status).error());
}

std::vector<FaultList::Fault> FaultList::Sorted() const {
  std::vector<Fault> sorted = faults_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Fault& a, const Fault& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  return sorted;
}

std::vector<std::string> FaultList::Lines() const {
  std::vector<std::string> lines;
  for (const Fault& fault : Sorted()) {
    if (lines.size() == kMaxFaults) {
      lines.push_back(base::Format("... and {} more", faults_.size() - kMaxFaults));
      break;
    }
    lines.push_back(fault.error.text);
  }
  return lines;
}

base::Error FaultList::First() const {
  base::Error first = Sorted().front().error;
  if (faults_.size() > 1)
    first.text += base::Format(" ({} more: `lazaret check` says all)", faults_.size() - 1);
  return first;
}

}  // namespace lazaret::config
