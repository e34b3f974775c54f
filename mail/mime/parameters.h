// Structured field values of MIME: "type/subtype; name=value; ..." (RFC 2045 section 5.1) with
// comments (RFC 5322 section 3.2.2) and the extended forms of RFC 2231. Never loses a later
// parameter because an earlier one is broken; what is broken or doubled is marked.
#ifndef LAZARET_MAIL_MIME_PARAMETERS_H_
#define LAZARET_MAIL_MIME_PARAMETERS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lazaret::mail {

struct RawParameter {
  std::string name;   // lower case, as written: "filename", "filename*", "filename*0*"
  std::string value;  // bytes, quotes and quoted pairs undone
  std::string raw;    // bytes between the quotes, pairs kept
  bool quoted = false;
  bool quoted_pair = false;
  bool odd = false;  // unclosed quote, text behind the closing quote, unquoted blank
};

struct StructuredValue {
  std::string main;  // "text/plain", "attachment": lower case, comments removed
  std::vector<RawParameter> parameters;
  bool unclosed_comment = false;
  bool has_comment = false;
  bool odd_main = false;  // more than one word before the first semicolon
};

// At most kMaxParameters parameters are kept (stops parameter floods); linear time.
inline constexpr std::size_t kMaxParameters = 200;
StructuredValue ParseStructured(std::string_view unfolded);

// One reading of a parameter after RFC 2231.
struct ParameterReading {
  std::string text;       // valid UTF-8
  bool extended = false;  // came from name*, name*0, name*0*
  bool unknown_charset = false;
};

struct ParameterReadings {
  std::vector<ParameterReading> readings;  // best first: extended form, then plain ones in order
  bool duplicate = false;                  // the same form twice with different values
  bool repeated = false;                   // the same form twice, same value
  bool broken = false;                     // gap or repeated index, bad percent escape
};

// All readings of parameter `base` ("filename"), plain values decoded from their bytes (RFC 2047
// words inside them too when `words` is set).
ParameterReadings ReadParameter(const StructuredValue& value, std::string_view base, bool words);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_MIME_PARAMETERS_H_
