#include <algorithm>

#include "app/config/config.h"
#include "app/config/key_table.h"

namespace lazaret::config {

std::vector<std::string> ChangedKeys(const Config& before, const Config& after) {
  const std::vector<Entry> old_entries = EntriesOf(before);
  const std::vector<Entry> new_entries = EntriesOf(after);
  const auto missing_in = [](const Entry& entry, const std::vector<Entry>& entries) {
    return std::none_of(entries.begin(), entries.end(), [&entry](const Entry& other) {
      return other.name == entry.name && other.values == entry.values;
    });
  };
  std::vector<std::string> names;
  for (const Entry& entry : old_entries) {
    if (missing_in(entry, new_entries)) names.push_back(entry.name);
  }
  for (const Entry& entry : new_entries) {
    const bool known = std::find(names.begin(), names.end(), entry.name) != names.end();
    if (!known && missing_in(entry, old_entries)) names.push_back(entry.name);
  }
  return names;
}

}  // namespace lazaret::config
