// The bridge between mail's artifact tree and rules' neutral view of a message.
#ifndef LAZARET_SCANNERS_CONTENT_RULES_MESSAGE_FACTS_H_
#define LAZARET_SCANNERS_CONTENT_RULES_MESSAGE_FACTS_H_

#include "mail/model/artifact.h"
#include "policy/analysis.h"
#include "rules/facts.h"

namespace lazaret::scanners {

// Views into `facts` and `tree`, which must outlive the result. Units stand in the order of
// tree.texts.
rules::MessageFacts MakeMessageFacts(const policy::JobFacts& facts, const mail::ArtifactTree& tree);

}  // namespace lazaret::scanners

#endif  // LAZARET_SCANNERS_CONTENT_RULES_MESSAGE_FACTS_H_
