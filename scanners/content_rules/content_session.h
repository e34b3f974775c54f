// What one evaluation of rules and detectors over one message gave; shared by the scanners
// content_rules (which makes it) and dlp (which reads it) of one worker.
#ifndef LAZARET_SCANNERS_CONTENT_RULES_CONTENT_SESSION_H_
#define LAZARET_SCANNERS_CONTENT_RULES_CONTENT_SESSION_H_

#include <set>
#include <string>

#include "rules/rule_set.h"

namespace lazaret::scanners {

struct ContentSession {
  bool evaluated = false;
  std::string failure;  // why not
  rules::Evaluation evaluation;
  std::set<std::string> reported_codes;  // codes of rules that matched: "dlp.iban"

  void Reset() { *this = ContentSession(); }
};

}  // namespace lazaret::scanners

#endif  // LAZARET_SCANNERS_CONTENT_RULES_CONTENT_SESSION_H_
