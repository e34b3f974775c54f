#include "rules/faults.h"

#include "base/format.h"

namespace lazaret::rules {

void Faults::Add(base::Error error) {
  ++count_;
  if (kept_.size() < kMaxFaults) kept_.push_back(std::move(error));
}

bool Faults::Check(base::Status status) {
  if (status.ok()) return true;
  Add(std::move(status).error());
  return false;
}

void Faults::AddAll(const Faults& other, const std::string& suffix) {
  for (base::Error error : other.kept_) {
    error.text += suffix;
    Add(std::move(error));
  }
  count_ += other.count_ - other.kept_.size();
}

base::Error Faults::Summary() const {
  base::Error first = kept_.front();
  if (count_ > 1) {
    first.text += base::Format(" (and {} more: `lazaret rules check` lists them)", count_ - 1);
  }
  return first;
}

}  // namespace lazaret::rules
