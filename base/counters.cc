#include "base/counters.h"

namespace lazaret::base {

void Counters::Add(std::string_view name, std::uint64_t amount) {
  const std::scoped_lock lock(mutex_);
  values_.try_emplace(std::string(name), 0).first->second += amount;
}

void Counters::Set(std::string_view name, std::uint64_t value) {
  const std::scoped_lock lock(mutex_);
  values_[std::string(name)] = value;
}

std::map<std::string, std::uint64_t> Counters::Snapshot() const {
  const std::scoped_lock lock(mutex_);
  return {values_.begin(), values_.end()};
}

}  // namespace lazaret::base
