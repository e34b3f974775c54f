// Decide(): facts in, one action per recipient and the explanation out. Pure: no I/O, no clock, no
// randomness; the same input gives the same verdict. More evidence never weakens class or action,
// for any policy (property-tested).
#ifndef LAZARET_POLICY_DECIDE_H_
#define LAZARET_POLICY_DECIDE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.h"
#include "policy/analysis.h"
#include "policy/envelope.h"
#include "policy/finding.h"
#include "policy/policy.h"
#include "policy/steps.h"

namespace lazaret::policy {

struct RecipientVerdict {
  std::string recipient;
  Action action = Action::kAccept;  // what policy gives to this recipient alone
  std::string block;                // name of the block that matched, empty for the defaults
  std::string block_origin;
  bool observed = false;  // observe applies: action is recorded, not carried out
  // One a finding, in finding order; winners have step.action == action. Recipients of one block
  // share one list.
  Steps steps;
};

struct Verdict {
  Class cls = Class::kClean;
  Action action =
      Action::kAccept;  // carried out for the whole message: strictest of all recipients
  Action wanted = Action::kAccept;  // the same before observe mode
  bool observed = false;  // some recipient's action was not carried out because of observe
  std::string reason;     // one neutral line for log and header: "clamav.signature: Eicar (+2)"
  // analysis.findings plus one `scan.error.<scanner>` for each mandatory scanner that could not
  // look or is missing in looked.
  std::vector<Finding> findings;
  std::vector<RecipientVerdict>
      recipients;  // in envelope order; one with an empty address when none
};

struct DecideInput {
  const Envelope& envelope;
  const Analysis& analysis;
  const Policy& policy;
  base::UnixTime now;
};

Verdict Decide(const DecideInput& input);

// The verdict for a message whose analyzer died, hung or answered badly: one finding
// `scan.error.analyzer` with the reason, class error. Never clean, whatever the policy says about
// class error short of an explicit accept.
Analysis AnalysisForFailure(std::string_view reason);

// The same for a message that cost workers before: one finding `scan.error.poison`, class error,
// that proposes hold, so that the sender does not bring it again. A policy entry for that code, or
// a beginning of it, wins over the proposal.
Analysis AnalysisForPoison(std::string_view reason);

// The same for a message that was not even begun with, because the queue is full or too slow: one
// finding `scan.error.busy`. Its action is tempfail, whatever the policy says and under observe
// too: nothing is wrong with the message, and a flood must neither bounce mail nor let it through.
Analysis AnalysisForBusy(std::string_view reason);

}  // namespace lazaret::policy

#endif  // LAZARET_POLICY_DECIDE_H_
