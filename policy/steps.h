// Why each finding gave an action, as a list that recipients of one policy block share: findings
// times recipients would otherwise fill the front's memory (10 000 x 1 000).
#ifndef LAZARET_POLICY_STEPS_H_
#define LAZARET_POLICY_STEPS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/finding.h"

namespace lazaret::policy {

enum class StepSource : std::uint8_t {
  kCode = 0,     // policy override by finding code or dotted prefix
  kRule = 1,     // the rule's proposed action
  kClass = 2,    // the class's action in the block
  kDefault = 3,  // the class's action in the defaults
  kShadow = 4,   // a shadow rule: would have been `action`
};
std::string_view Name(StepSource value);

// Why one finding gave one action to one recipient.
struct Step {
  std::uint32_t finding = 0;  // index in Verdict::findings
  Action action = Action::kAccept;
  StepSource source = StepSource::kDefault;
  std::string key;  // the code, prefix or class that matched
};

// A vector by its reading half; copies share one list until one of them is changed. Lists that are
// shared stay with one thread at a time, as the verdict that holds them does.
class Steps {
 public:
  using value_type = Step;
  using const_iterator = std::vector<Step>::const_iterator;

  Steps() = default;
  explicit Steps(std::vector<Step> list)
      : list_(std::make_shared<std::vector<Step>>(std::move(list))) {}

  std::size_t size() const { return list_ ? list_->size() : 0; }
  bool empty() const { return size() == 0; }
  const_iterator begin() const { return list_ ? list_->cbegin() : const_iterator(); }
  const_iterator end() const { return list_ ? list_->cend() : const_iterator(); }
  const Step& operator[](std::size_t at) const { return (*list_)[at]; }

  // These end the sharing.
  Step& operator[](std::size_t at) { return Own()[at]; }
  void push_back(Step step) { Own().push_back(std::move(step)); }
  std::vector<Step>& Own();

  bool SharesWith(const Steps& other) const { return list_ == other.list_; }

 private:
  std::shared_ptr<std::vector<Step>> list_;
};

}  // namespace lazaret::policy

#endif  // LAZARET_POLICY_STEPS_H_
