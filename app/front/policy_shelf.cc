#include "app/front/policy_shelf.h"

#include <algorithm>

namespace lazaret::front {

void PolicyShelf::Add(const std::string& bundle_sha256, policy::Policy policy) {
  auto held = std::make_shared<const policy::Policy>(std::move(policy));
  const std::scoped_lock lock(mutex_);
  if (in_force_.empty()) in_force_ = bundle_sha256;
  policies_.erase(std::remove_if(policies_.begin(), policies_.end(),
                                 [&](const auto& one) { return one.first == bundle_sha256; }),
                  policies_.end());
  policies_.emplace_back(bundle_sha256, std::move(held));
}

PolicyShelf::Held PolicyShelf::Find(std::string_view bundle_sha256) const {
  const std::scoped_lock lock(mutex_);
  for (const auto& [bundle, policy] : policies_) {
    if (bundle == bundle_sha256) return policy;
  }
  return nullptr;
}

bool PolicyShelf::SwitchTo(const std::string& bundle_sha256) {
  if (Find(bundle_sha256) == nullptr) return false;
  const std::scoped_lock lock(mutex_);
  in_force_ = bundle_sha256;
  return true;
}

void PolicyShelf::Forget(const std::vector<std::string>& live) {
  const std::scoped_lock lock(mutex_);
  for (std::size_t i = 0; policies_.size() > kNewest && i + kNewest < policies_.size();) {
    const std::string& bundle = policies_[i].first;
    if (bundle == in_force_ || std::find(live.begin(), live.end(), bundle) != live.end()) {
      ++i;
    } else {
      policies_.erase(policies_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
}

PolicyShelf::Held PolicyShelf::InForce() const { return Find(InForceBundle()); }

std::string PolicyShelf::InForceBundle() const {
  const std::scoped_lock lock(mutex_);
  return in_force_;
}

}  // namespace lazaret::front
