// Faults of rule files, in the order found, so that a check names all of them and not the first
// alone.
#ifndef LAZARET_RULES_FAULTS_H_
#define LAZARET_RULES_FAULTS_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "rules/rule_set.h"

namespace lazaret::rules {

// Faults kept; stops a broken file from filling the screen.
inline constexpr std::size_t kMaxFaults = 100;

class Faults {
 public:
  void Add(base::Error error);
  // True when it is none.
  bool Check(base::Status status);
  template <typename T>
  std::optional<T> Take(base::Result<T> result) {
    if (result.ok()) return std::move(result).value();
    Add(std::move(result).error());
    return std::nullopt;
  }
  // Takes over those of another, each followed by `suffix`.
  void AddAll(const Faults& other, const std::string& suffix);

  bool empty() const { return count_ == 0; }
  std::size_t count() const { return count_; }  // also those beyond kMaxFaults
  const std::vector<base::Error>& kept() const { return kept_; }
  // The first, and how many more there are. Not when empty.
  base::Error Summary() const;

 private:
  std::vector<base::Error> kept_;
  std::size_t count_ = 0;
};

// RuleSet::Compile that names all faults; nullptr exactly when there are any.
std::shared_ptr<const RuleSet> CompileNaming(const Bundle& bundle, Faults& faults);

}  // namespace lazaret::rules

#endif  // LAZARET_RULES_FAULTS_H_
