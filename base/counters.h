// Counters of one role. A folder counts; only app collects and prints. Thread-safe; names are stable,
// lower case with underscores, and end in a unit or _total.
#ifndef LAZARET_BASE_COUNTERS_H_
#define LAZARET_BASE_COUNTERS_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace lazaret::base {

class Counters {
 public:
  void Add(std::string_view name, std::uint64_t amount = 1);
  void Set(std::string_view name, std::uint64_t value);
  std::map<std::string, std::uint64_t> Snapshot() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t, std::less<>> values_;
};

}  // namespace lazaret::base

#endif  // LAZARET_BASE_COUNTERS_H_
