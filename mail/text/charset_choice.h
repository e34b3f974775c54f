// Which charset a text is in: the label, unless the bytes say otherwise. Every plausible reading is
// given, so that rules see what any mail program would show.
#ifndef LAZARET_MAIL_TEXT_CHARSET_CHOICE_H_
#define LAZARET_MAIL_TEXT_CHARSET_CHOICE_H_

#include <string>
#include <string_view>
#include <vector>

namespace lazaret::mail {

struct TextReading {
  std::string utf8;
  bool guessed = false;
};

struct TextReadings {
  std::vector<TextReading> readings;  // one or two, best first
  bool unknown_label = false;
};

// `label` may be empty or unknown.
TextReadings ReadText(std::string_view bytes, std::string_view label);

// The charset named by <meta charset> or http-equiv in the first kilobyte, or empty.
std::string HtmlMetaCharset(std::string_view html);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_TEXT_CHARSET_CHOICE_H_
