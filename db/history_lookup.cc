#include "db/history_lookup.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <span>
#include <utility>

#include "base/format.h"
#include "base/log.h"

namespace lazaret::db {
namespace {

constexpr base::Nanoseconds kHanging = 1'000'000'000;
// Between so many keys it is seen whether anybody still waits.
constexpr std::size_t kKeysAtOnce = 64;

}  // namespace

HistoryLookup::HistoryLookup(VerdictStore& store) : store_(store), thread_([this] { Run(); }) {}

HistoryLookup::~HistoryLookup() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& question : waiting_) question->abandoned = true;
  }
  asked_.notify_one();
  thread_.join();
}

std::optional<bool> HistoryLookup::Contains(std::vector<std::string> keys,
                                            base::Deadline deadline) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  if (keys.size() > kMaxHistoryKeys) keys.resize(kMaxHistoryKeys);
  const auto question = std::make_shared<Question>();
  question->keys = std::move(keys);
  std::unique_lock lock(mutex_);
  if (Hangs()) return std::nullopt;
  waiting_.push_back(question);
  asked_.notify_one();
  const auto done = [&question] { return question->done; };
  if (deadline.never()) {
    answered_.wait(lock, done);
    return question->answer;
  }
  const std::int64_t left = std::max<std::int64_t>(0, deadline.monotonic() - base::MonotonicNow());
  if (answered_.wait_for(lock, std::chrono::nanoseconds(left), done)) return question->answer;
  question->abandoned = true;
  std::erase(waiting_, question);
  return std::nullopt;
}

// Under mutex_.
bool HistoryLookup::Hangs() const {
  return read_began_ && base::MonotonicNow() - *read_began_ > kHanging;
}

void HistoryLookup::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    while (waiting_.empty() && !stopping_) asked_.wait(lock);
    if (stopping_) return;
    const std::shared_ptr<Question> question = waiting_.front();
    waiting_.pop_front();
    Answer(*question, lock);
    question->done = true;
    answered_.notify_all();
  }
}

base::Result<bool> HistoryLookup::Ask(std::span<const std::string> keys) {
  try {
    return store_.HistoryContains(keys);
  } catch (const std::exception& error) {
    return base::Error{base::ErrorCode::kUnavailable, error.what()};
  }
}

void HistoryLookup::Answer(Question& question, std::unique_lock<std::mutex>& lock) {
  const std::span<const std::string> keys(question.keys);
  for (std::size_t at = 0; at < keys.size(); at += kKeysAtOnce) {
    if (question.abandoned) return;
    read_began_ = base::MonotonicNow();
    lock.unlock();
    const auto known = Ask(keys.subspan(at, std::min(kKeysAtOnce, keys.size() - at)));
    lock.lock();
    read_began_.reset();
    if (!known.ok()) {
      base::LogWarning(base::Format("sender history: {}", known.error().text));
      return;
    }
    if (*known) {
      question.answer = true;
      return;
    }
  }
  question.answer = false;
}

}  // namespace lazaret::db
