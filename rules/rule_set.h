// Compiled rules and detectors: immutable, made before workers fork, shared by all of them.
// Text -> Compile() -> RuleSet -> Evaluate(). Matches never hold a value from the mail in the
// clear: masked form and keyed hash only.
#ifndef LAZARET_RULES_RULE_SET_H_
#define LAZARET_RULES_RULE_SET_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "rules/facts.h"

namespace lazaret::rules {

enum class RuleState : std::uint8_t { kDraft, kShadow, kEnforce };
enum class Level : std::uint8_t { kLow, kMedium, kHigh };
enum class RuleSeverity : std::uint8_t { kInfo, kLow, kMedium, kHigh, kCritical };

// One file's text. Rules know no file system; app/config reads and names.
struct Document {
  std::string origin;  // "rules.d/site.yaml"; errors say origin:line:column
  std::string text;
  bool site = false;  // site rules override shipped ones by id
};

// A list file: one entry a line, `#` comments; `keywords: list:NAME` in a rule refers to it.
struct ListDocument {
  std::string name;
  std::string origin;
  std::string text;
};

struct Bundle {
  std::vector<Document> rules;
  std::vector<ListDocument> lists;
  std::string lists_folder = "lists.d";  // where lists are looked for; only named in errors
  std::string masking_key;               // keyed hashes of matched values; random when empty
};

// Delivers rule text from somewhere. Parsing and checking are the same for all sources.
class RuleSource {
 public:
  virtual ~RuleSource() = default;
  virtual std::string_view Name() const = 0;
  // Cheap: changes exactly when Load() would return something else.
  virtual base::Result<std::string> Revision() = 0;
  // All documents or an error, never a part.
  virtual base::Result<Bundle> Load() = 0;
};

// What a rule is, for `rules list` and the log.
struct RuleSummary {
  std::string id;
  std::string version;  // first 12 hex digits of the SHA-256 of the rule's own text
  std::string name;
  std::string origin;  // file:line
  RuleState state = RuleState::kEnforce;
  RuleSeverity severity = RuleSeverity::kMedium;
  std::string code;  // finding code: `code:` of the rule, else "rule." + lower-case id
  std::vector<std::string> tags;
  std::string cls;  // class the rule asks for: suspicious, policy, malicious; empty = not said
  std::string direction;  // "inbound", "outbound", "local" or "any"; several joined by ','
  std::uint32_t tests = 0;
  bool site = false;  // not one of the shipped rules
};

struct MaskedSpan {
  std::uint64_t begin = 0;  // bytes in the unit's text
  std::uint64_t end = 0;
};

// One rule that matched one message.
struct RuleMatch {
  std::uint32_t rule = 0;      // index in RuleSet::summaries()
  std::uint32_t artifact = 0;  // of the first matching unit
  Scope scope = Scope::kBody;
  MaskedSpan span;  // of the first hit in that unit
  Level confidence = Level::kMedium;
  RuleSeverity severity = RuleSeverity::kMedium;
  std::uint32_t distinct = 1;  // distinct values over the whole message
  std::string evidence;        // masked; at most 200 bytes
  std::string action;          // the action name the rule or its threshold asks for; empty = none
};

// One detector over the whole message, whether or not a rule asks.
struct DetectorResult {
  std::string detector;  // "payment_card"
  std::uint32_t artifact = 0;
  Scope scope = Scope::kBody;
  MaskedSpan span;
  Level confidence = Level::kLow;     // the highest
  std::uint32_t distinct = 0;         // distinct values at any confidence
  std::uint32_t distinct_medium = 0;  // distinct values at medium or above
  std::string evidence;               // masked
};

// Bytes of one unit that a detector matched, so that subject and names can be masked for the
// record.
struct SensitiveSpan {
  std::uint32_t unit = 0;  // index in MessageFacts::units
  MaskedSpan span;
  std::string detector;
};

struct Evaluation {
  std::vector<RuleMatch> matches;
  std::vector<DetectorResult> detectors;
  std::vector<SensitiveSpan> sensitive;
  bool truncated = false;  // a text budget was reached: some text was not looked at
};

struct RuleTestFailure {
  std::string rule;
  std::string origin;  // file:line:column of the test
  std::string text;    // "should_match 2: no match", the test's text is not repeated
};

class RuleSet {
 public:
  // All documents or an error naming origin:line:column. Does not run the rules' tests.
  static base::Result<std::shared_ptr<const RuleSet>> Compile(const Bundle& bundle);
  virtual ~RuleSet() = default;

  virtual const std::vector<RuleSummary>& summaries() const = 0;
  // Rules' own tests; empty = all passed.
  virtual std::vector<RuleTestFailure> RunTests() const = 0;
  // Warms automata on a built-in sample: call before forking.
  virtual void Warm() const = 0;
  // Error = could not look (deadline, memory of an automaton), never "no match".
  virtual base::Result<Evaluation> Evaluate(const MessageFacts& facts,
                                            base::Deadline deadline) const = 0;
};

std::string_view Name(RuleState state);
std::string_view Name(Level level);
std::string_view Name(RuleSeverity severity);
std::string_view Name(Scope scope);

}  // namespace lazaret::rules

#endif  // LAZARET_RULES_RULE_SET_H_
