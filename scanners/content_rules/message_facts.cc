#include "scanners/content_rules/message_facts.h"

namespace lazaret::scanners {
namespace {

rules::Scope ScopeOf(mail::TextOrigin origin) {
  switch (origin) {
    case mail::TextOrigin::kSubject:
      return rules::Scope::kSubject;
    case mail::TextOrigin::kHeader:
      return rules::Scope::kHeader;
    case mail::TextOrigin::kBody:
    case mail::TextOrigin::kHtmlHidden:
      return rules::Scope::kBody;
    case mail::TextOrigin::kAttachment:
      return rules::Scope::kAttachment;
    case mail::TextOrigin::kFilename:
      return rules::Scope::kFilename;
    case mail::TextOrigin::kUrl:
      return rules::Scope::kUrl;
  }
  return rules::Scope::kBody;
}

rules::Direction DirectionOf(policy::Direction direction) {
  switch (direction) {
    case policy::Direction::kInbound:
      return rules::Direction::kInbound;
    case policy::Direction::kOutbound:
      return rules::Direction::kOutbound;
    case policy::Direction::kLocal:
      return rules::Direction::kLocal;
  }
  return rules::Direction::kInbound;
}

}  // namespace

rules::MessageFacts MakeMessageFacts(const policy::JobFacts& facts,
                                     const mail::ArtifactTree& tree) {
  rules::MessageFacts out;
  out.direction = DirectionOf(facts.envelope.direction);
  out.sender = facts.envelope.sender;
  out.recipients.assign(facts.envelope.recipients.begin(), facts.envelope.recipients.end());
  out.sender_first_seen = !facts.sender_seen_before;
  out.units.reserve(tree.texts.size());
  for (const mail::TextUnit& text : tree.texts) {
    rules::TextUnit unit;
    unit.scope = ScopeOf(text.origin);
    unit.header_name = text.name;
    unit.text = text.text;
    unit.artifact = text.artifact;
    unit.hidden = text.origin == mail::TextOrigin::kHtmlHidden;
    unit.truncated = text.truncated;
    out.units.push_back(unit);
  }
  return out;
}

}  // namespace lazaret::scanners
