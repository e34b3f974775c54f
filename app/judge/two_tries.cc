#include "app/judge/two_tries.h"

#include <algorithm>
#include <array>
#include <utility>

#include "app/judge/could_not_look.h"
#include "base/text.h"

namespace lazaret::judge {
namespace {

constexpr std::size_t kMaxReasonBytes = 200;

// What libraries and the system say when there is no memory, space or descriptor.
constexpr std::array<std::string_view, 8> kPassing = {
    "allocate memory", "out of memory",       "No space left", "temporary space",
    "temporary file",  "temporary directory", "Too many open", "write to file",
};

bool IsPassing(std::string_view reason) {
  return std::any_of(kPassing.begin(), kPassing.end(), [&](std::string_view text) {
    return reason.find(text) != std::string_view::npos;
  });
}

bool CostAWorker(const Outcome& outcome) {
  return outcome.kind == Failure::kDied || outcome.kind == Failure::kHung ||
         outcome.kind == Failure::kStalled || outcome.kind == Failure::kBadAnswer;
}

bool Struck(const Outcome& outcome, const TryTimes& times) {
  if (outcome.kind == Failure::kStalled) return false;
  if (outcome.kind == Failure::kHung) return outcome.worked_micros >= times.fair_micros;
  return CostAWorker(outcome);
}

// Why there should be a second try; empty when there should not.
std::string WhyAgain(const Outcome& first) {
  if (CostAWorker(first)) return first.failure;
  if (first.failed || !CouldNotLookForNow(first.analysis)) return {};
  for (const policy::NotLooked& item : first.analysis.not_looked) {
    if (IsPassing(item.reason)) return item.scanner + ": " + item.reason;
  }
  return {};
}

policy::Finding RetriedNote(const std::string& why) {
  policy::Finding note;
  note.code = kRetriedCode;
  note.cls = policy::Class::kClean;
  note.scanner = "analyzer";
  note.path = "message";
  note.evidence = base::EscapeLine("first try: " + why, kMaxReasonBytes);
  note.severity = policy::Severity::kInfo;
  note.confidence = policy::Confidence::kHigh;
  return note;
}

// An answer stands until there is a better one: a second try that failed takes nothing back.
bool FirstIsBetter(const Outcome& first, const Outcome& second) {
  return !first.failed && (second.failed || CouldNotLook(second.analysis));
}

}  // namespace

TryTimes TryTimesFrom(base::Nanoseconds began, double deadline_seconds) {
  const auto at = [&](double share) {
    return base::Deadline::At(began +
                              static_cast<base::Nanoseconds>(deadline_seconds * share * 1e9));
  };
  TryTimes times;
  times.first = at(kFirstTryShare);
  times.second = at(kSecondTryShare);
  times.fair_micros = static_cast<std::uint64_t>(deadline_seconds * kFairShare * 1e6);
  return times;
}

bool CouldNotLookForNow(const policy::Analysis& analysis) {
  const bool decided =
      std::any_of(analysis.findings.begin(), analysis.findings.end(), [](const auto& finding) {
        return finding.cls == policy::Class::kMalicious && !finding.shadow;
      });
  return !decided && std::any_of(analysis.not_looked.begin(), analysis.not_looked.end(),
                                 [](const auto& item) { return IsPassing(item.reason); });
}

Tried RunTwice(WorkerPool& pool, Job job, const TryTimes& times,
               const std::function<void()>& on_wait) {
  Tried tried;
  job.deadline = times.second;
  job.first_deadline = times.first;
  const base::Nanoseconds arrived = base::MonotonicNow();
  tried.outcome = pool.Run(job, on_wait);
  tried.struck = Struck(tried.outcome, times);
  const std::string why = WhyAgain(tried.outcome);
  if (why.empty() || times.second.PollMillis() < kLeastSecondTryMillis) return tried;
  tried.twice = true;
  job.first_deadline = {};
  job.arrived = arrived;
  // What kept an answer from looking was no extractor's fault.
  job.facts.plain = tried.outcome.failed;
  Outcome second = pool.Run(std::move(job), on_wait);
  tried.struck = tried.struck || Struck(second, times);
  second.cpu_micros += tried.outcome.cpu_micros;
  second.waited_micros += tried.outcome.waited_micros;
  if (!FirstIsBetter(tried.outcome, second)) tried.outcome = std::move(second);
  tried.notes.push_back(RetriedNote(why));
  tried.outcome.analysis.findings.push_back(tried.notes.back());
  return tried;
}

}  // namespace lazaret::judge
