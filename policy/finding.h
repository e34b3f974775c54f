// What a scanner reports about one message, and the labels everything else is decided from.
// Plain data: codes are stable, dotted, lower case ("clamav.signature", "file.double-extension",
// "dlp.iban"); docs/findings.md lists them. Nothing here holds a value from the mail unmasked.
#ifndef LAZARET_POLICY_FINDING_H_
#define LAZARET_POLICY_FINDING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lazaret::policy {

// A label; worst wins. The order of the enumerators is the order of badness.
enum class Class : std::uint8_t {
  kClean = 0,
  kSuspicious = 1,
  kAmbiguous = 2,
  kPolicy = 3,
  kUnscannable = 4,  // a property of the mail: encrypted, over a limit
  kError = 5,        // could not look: engine, time, crash; transient, never cached
  kMalicious = 6,
};
inline constexpr int kClassCount = 7;

// What happens to the mail; weakest first, strictest wins.
enum class Action : std::uint8_t {
  kAccept = 0,
  kTag = 1,
  kStrip = 2,
  kRedirect = 3,
  kHold = 4,
  kQuarantine = 5,
  kTempfail = 6,
  kReject = 7,
};
inline constexpr int kActionCount = 8;
// Actions this build can carry out: accept, tag, hold, tempfail, reject. A rule or policy that
// names another one is refused with file and line.
bool IsBuilt(Action action);

enum class Severity : std::uint8_t { kInfo = 0, kLow = 1, kMedium = 2, kHigh = 3, kCritical = 4 };
enum class Confidence : std::uint8_t { kLow = 0, kMedium = 1, kHigh = 2 };
enum class SpanUnit : std::uint8_t { kBytes = 0, kCharacters = 1 };

// Lower-case names as in configuration, log and JSON. Parse* gives nullopt for anything else.
std::string_view Name(Class value);
std::string_view Name(Action value);
std::string_view Name(Severity value);
std::string_view Name(Confidence value);
std::optional<Class> ParseClass(std::string_view name);
std::optional<Action> ParseAction(std::string_view name);
std::optional<Severity> ParseSeverity(std::string_view name);
std::optional<Confidence> ParseConfidence(std::string_view name);

struct Span {
  SpanUnit unit = SpanUnit::kBytes;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;  // exclusive
};

struct Finding {
  std::string code;
  Class cls = Class::kSuspicious;
  std::string rule;          // rule id or signature name; empty when the scanner has none
  std::string rule_version;  // revision of the rule's text; empty when it has none
  std::string scanner;
  std::string path;            // "message > part 2 > x.zip > y.lnk", masked
  std::uint32_t artifact = 0;  // index in Analysis::tree
  std::optional<Span> span;
  std::string evidence;  // masked
  Severity severity = Severity::kMedium;
  Confidence confidence = Confidence::kMedium;
  std::uint32_t count = 1;         // distinct values, where that means something
  std::optional<Action> proposed;  // what the rule asks for
  bool shadow = false;             // a rule in state shadow: logged, never acts
};

enum class ArtifactKind : std::uint8_t { kMessage = 0, kPart = 1, kMember = 2, kObject = 3 };
std::string_view Name(ArtifactKind value);

// One node of the artifact tree as it is kept in the record. tree[0] is the message itself.
struct ArtifactRecord {
  ArtifactKind kind = ArtifactKind::kPart;
  std::uint32_t parent = 0;  // index below its own; the root names itself
  std::string path;          // masked
  std::string claimed_name;  // masked
  std::string declared_type;
  std::string detected_type;
  std::uint64_t size = 0;  // decoded bytes
  std::string sha256;      // 32 raw bytes of the decoded content, or empty when it was not decoded
};

struct NotLooked {
  std::string scanner;
  std::string reason;
};

struct Timing {
  std::string stage;  // "mime", "clamav", "rules", ...
  std::uint64_t micros = 0;
};

// Every detector that found something, whether or not a rule asks.
struct DetectorCount {
  std::string detector;  // "payment_card"
  std::uint32_t distinct = 0;
  Confidence confidence = Confidence::kLow;  // the highest among them
};

}  // namespace lazaret::policy

#endif  // LAZARET_POLICY_FINDING_H_
