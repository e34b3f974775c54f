#include "db/audit/event_codec.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "db/audit/event_archive.h"
#include "db/audit/event_fields.h"

namespace lazaret::db {
namespace {

base::Error Corrupt(const char* why) { return {base::ErrorCode::kCorrupt, why}; }

bool SameSteps(const policy::Steps& a, const policy::Steps& b) {
  if (a.SharesWith(b)) return true;
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const policy::Step& x, const policy::Step& y) {
                      return x.finding == y.finding && x.action == y.action &&
                             x.source == y.source && x.key == y.key;
                    });
}

bool SamePlan(const RecipientPlan& plan, const policy::RecipientVerdict& one) {
  return plan.action == one.action && plan.observed == one.observed && plan.block == one.block &&
         plan.block_origin == one.block_origin && SameSteps(plan.steps, one.steps);
}

std::string EnvelopeRecipient(const DecisionEvent& event, std::size_t at) {
  return at < event.envelope.recipients.size() ? event.envelope.recipients[at] : std::string();
}

struct Plans {
  std::vector<RecipientPlan> plans;
  std::vector<PlannedRecipient> recipients;
};

// Plans are numbered in order of first use, so that one verdict has one form.
Plans MakePlans(const DecisionEvent& event) {
  Plans out;
  out.recipients.reserve(event.verdict.recipients.size());
  // Few blocks, many recipients: only plans of the same block can be the same.
  std::map<std::pair<std::string, std::string>, std::vector<std::size_t>> of_block;
  for (std::size_t i = 0; i < event.verdict.recipients.size(); ++i) {
    const policy::RecipientVerdict& one = event.verdict.recipients[i];
    std::vector<std::size_t>& known = of_block[{one.block, one.block_origin}];
    auto found = std::find_if(known.begin(), known.end(),
                              [&](std::size_t at) { return SamePlan(out.plans[at], one); });
    if (found == known.end()) {
      known.push_back(out.plans.size());
      found = known.end() - 1;
      out.plans.push_back({one.action, one.block, one.block_origin, one.observed, one.steps});
    }
    const bool named = one.recipient == EnvelopeRecipient(event, i);
    out.recipients.push_back({*found, named ? std::string() : one.recipient});
  }
  return out;
}

bool ApplyPlans(const Plans& plans, DecisionEvent& event) {
  for (std::size_t i = 0; i < plans.recipients.size(); ++i) {
    const PlannedRecipient& one = plans.recipients[i];
    if (one.plan >= plans.plans.size()) return false;
    const RecipientPlan& plan = plans.plans[one.plan];
    policy::RecipientVerdict& out = event.verdict.recipients.emplace_back();
    out.recipient = one.address.empty() ? EnvelopeRecipient(event, i) : one.address;
    out.action = plan.action;
    out.block = plan.block;
    out.block_origin = plan.block_origin;
    out.observed = plan.observed;
    out.steps = plan.steps;
  }
  return true;
}

// Whether the writer would have numbered the plans so: each used, in order of first use, none
// twice, and no address spelled out that the envelope has.
bool AreCanonical(const Plans& plans, const DecisionEvent& event) {
  const Plans made = MakePlans(event);
  if (made.plans.size() != plans.plans.size()) return false;
  return std::equal(
      made.recipients.begin(), made.recipients.end(), plans.recipients.begin(),
      plans.recipients.end(),
      [](const PlannedRecipient& a, const PlannedRecipient& b) { return a.plan == b.plan; });
}

// `plans` belong to a decision and are unused for the rest.
template <typename Archive>
void AllFields(Archive& archive, Event& event, Plans& plans) {
  if (auto* decision = std::get_if<DecisionEvent>(&event)) {
    Fields(archive, *decision, VerdictFields{decision->verdict, plans.plans, plans.recipients});
  } else if (auto* update = std::get_if<UpdateEvent>(&event)) {
    Fields(archive, *update);
  } else if (auto* release = std::get_if<ReleaseEvent>(&event)) {
    Fields(archive, *release);
  } else {
    Fields(archive, std::get<ForgetEvent>(event));
  }
}

bool MakeEmpty(EventKind kind, Event& event) {
  switch (kind) {
    case EventKind::kDecision:
      event.emplace<DecisionEvent>();
      return true;
    case EventKind::kUpdate:
      event.emplace<UpdateEvent>();
      return true;
    case EventKind::kRelease:
      event.emplace<ReleaseEvent>();
      return true;
    case EventKind::kForget:
      event.emplace<ForgetEvent>();
      return true;
  }
  return false;
}

}  // namespace

EncodedEvent EncodeEvent(Event event) {
  EventWriter writer;
  Plans plans;
  if (const auto* decision = std::get_if<DecisionEvent>(&event)) plans = MakePlans(*decision);
  AllFields(writer, event, plans);
  return {writer.TakeBody(), writer.TakePersonal()};
}

base::Result<Event> DecodeEvent(EventKind kind, std::string_view body, std::string_view personal) {
  const std::optional<PersonalValues> values = DecodePersonal(personal);
  if (!values) return Corrupt("the personal values are not in their form");
  EventReader reader(body, *values);
  Event event;
  Plans plans;
  if (!MakeEmpty(kind, event)) return Corrupt("no such kind of event");
  AllFields(reader, event, plans);
  if (!reader.AtEnd()) return Corrupt("the body is not an event of its kind");
  if (!reader.personal_ok()) return Corrupt("a personal value is not the one the body names");
  // Whatever the reader took must be the one form the writer gives.
  EventWriter again(&reader.hashes());
  AllFields(again, event, plans);
  if (again.TakeBody() != body) return Corrupt("the body is not in its canonical form");
  auto* decision = std::get_if<DecisionEvent>(&event);
  if (decision != nullptr && !ApplyPlans(plans, *decision)) {
    return Corrupt("a recipient names a plan that does not exist");
  }
  if (decision != nullptr && !AreCanonical(plans, *decision))
    return Corrupt("the recipients' plans are not in their canonical form");
  return event;
}

}  // namespace lazaret::db
