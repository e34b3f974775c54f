// The policies of all live generations: a message is decided by the policy of the generation that
// judged it, also while another one is already in force. Thread-safe.
#ifndef LAZARET_APP_FRONT_POLICY_SHELF_H_
#define LAZARET_APP_FRONT_POLICY_SHELF_H_

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/policy.h"

namespace lazaret::front {

class PolicyShelf {
 public:
  using Held = std::shared_ptr<const policy::Policy>;

  // Beside what generations need, the newest ones stay: a message may be decided just after its
  // generation ended.
  static constexpr std::size_t kNewest = 8;

  // The first one is in force.
  void Add(const std::string& bundle_sha256, policy::Policy policy);
  // False when there is none of this bundle.
  bool SwitchTo(const std::string& bundle_sha256);
  // Drops old ones whose bundle is not among `live`; never the one in force or the newest.
  void Forget(const std::vector<std::string>& live);

  // nullptr when there is none of this bundle.
  Held Find(std::string_view bundle_sha256) const;
  Held InForce() const;
  std::string InForceBundle() const;

 private:
  mutable std::mutex mutex_;
  std::deque<std::pair<std::string, Held>> policies_;  // newest last; guarded by mutex_
  std::string in_force_;                               // guarded by mutex_
};

}  // namespace lazaret::front

#endif  // LAZARET_APP_FRONT_POLICY_SHELF_H_
