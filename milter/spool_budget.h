// How many bytes of messages may lie in the spool at a time, over all sessions: stops many large
// messages at once from filling the disk that the verdict log and the MTA's queue need too.
#ifndef LAZARET_MILTER_SPOOL_BUDGET_H_
#define LAZARET_MILTER_SPOOL_BUDGET_H_

#include <atomic>
#include <cstdint>
#include <utility>

namespace lazaret::milter {

// Thread-safe. Outlives all shares of it.
class SpoolBudget {
 public:
  explicit SpoolBudget(std::uint64_t bytes) : total_(bytes) {}
  SpoolBudget(const SpoolBudget&) = delete;
  SpoolBudget& operator=(const SpoolBudget&) = delete;

  bool Take(std::uint64_t bytes);
  void GiveBack(std::uint64_t bytes) { used_ -= bytes; }
  std::uint64_t used() const { return used_; }

 private:
  const std::uint64_t total_;
  std::atomic<std::uint64_t> used_ = 0;
};

// What one message holds of the budget, given back at its end. One thread at a time.
class SpoolShare {
 public:
  SpoolShare() = default;
  // Without a budget every share is granted.
  explicit SpoolShare(SpoolBudget* budget) : budget_(budget) {}
  SpoolShare(SpoolShare&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  SpoolShare& operator=(SpoolShare&& other) noexcept;
  ~SpoolShare() { ShrinkTo(0); }

  // Until it is at least `bytes`. False, and unchanged, when the budget does not hold that.
  bool GrowTo(std::uint64_t bytes);
  void ShrinkTo(std::uint64_t bytes);

 private:
  SpoolBudget* budget_ = nullptr;
  std::uint64_t bytes_ = 0;
};

}  // namespace lazaret::milter

#endif  // LAZARET_MILTER_SPOOL_BUDGET_H_
