#include "milter/spool_budget.h"

namespace lazaret::milter {

bool SpoolBudget::Take(std::uint64_t bytes) {
  std::uint64_t used = used_;
  do {
    if (bytes > total_ - used) return false;
  } while (!used_.compare_exchange_weak(used, used + bytes));
  return true;
}

SpoolShare& SpoolShare::operator=(SpoolShare&& other) noexcept {
  if (this != &other) {
    ShrinkTo(0);
    budget_ = std::exchange(other.budget_, nullptr);
    bytes_ = std::exchange(other.bytes_, 0);
  }
  return *this;
}

bool SpoolShare::GrowTo(std::uint64_t bytes) {
  if (budget_ == nullptr || bytes <= bytes_) return true;
  if (!budget_->Take(bytes - bytes_)) return false;
  bytes_ = bytes;
  return true;
}

void SpoolShare::ShrinkTo(std::uint64_t bytes) {
  if (budget_ == nullptr || bytes >= bytes_) return;
  budget_->GiveBack(bytes_ - bytes);
  bytes_ = bytes;
}

}  // namespace lazaret::milter
