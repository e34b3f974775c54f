// A neutral, typed view of one message for rules: no mail type, no policy type.
// scanners/content_rules fills it. All text is valid UTF-8; views must outlive the evaluation.
#ifndef LAZARET_RULES_FACTS_H_
#define LAZARET_RULES_FACTS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lazaret::rules {

enum class Direction : std::uint8_t { kInbound, kOutbound, kLocal };

// Where a text unit comes from; what `scope:` in a rule selects.
enum class Scope : std::uint8_t { kSubject, kHeader, kBody, kAttachment, kFilename, kUrl, kRaw };

struct TextUnit {
  Scope scope = Scope::kBody;
  std::string_view header_name;  // kHeader only, lower case
  std::string_view text;
  std::uint32_t artifact = 0;  // handed back with matches
  bool hidden = false;         // text a reader does not see
  bool truncated = false;
};

struct MessageFacts {
  Direction direction = Direction::kInbound;
  std::string_view sender;
  std::vector<std::string_view> recipients;
  bool sender_first_seen = false;
  std::vector<TextUnit> units;
};

}  // namespace lazaret::rules

#endif  // LAZARET_RULES_FACTS_H_
