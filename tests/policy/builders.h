// Small ways to make policy values in tests.
#ifndef LAZARET_TESTS_POLICY_BUILDERS_H_
#define LAZARET_TESTS_POLICY_BUILDERS_H_

#include <string>

#include "policy/decide.h"

namespace lazaret::tests {

inline policy::Finding MakeFinding(const std::string& code, policy::Class cls) {
  policy::Finding finding;
  finding.code = code;
  finding.cls = cls;
  finding.scanner = "test";
  finding.path = "message";
  return finding;
}

inline policy::Analysis LookedAnalysis() {
  policy::Analysis analysis;
  policy::ArtifactRecord root;
  root.kind = policy::ArtifactKind::kMessage;
  root.path = "message";
  analysis.tree.push_back(root);
  analysis.looked = {"clamav"};
  return analysis;
}

inline policy::Envelope MakeEnvelope() {
  policy::Envelope envelope;
  envelope.sender = "a@x.test";
  envelope.recipients = {"b@y.test"};
  return envelope;
}

inline policy::Policy MakePolicy() {
  policy::Policy policy;
  policy.mandatory_scanners = {"clamav"};
  policy.defaults = policy::DefaultClassActions();
  return policy;
}

}  // namespace lazaret::tests

#endif  // LAZARET_TESTS_POLICY_BUILDERS_H_
