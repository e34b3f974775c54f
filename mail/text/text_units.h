// Turns an artifact tree into text units for rules: subject and headers, bodies, attachments of
// text types, file names, links. Within one budget of bytes for the whole message.
#ifndef LAZARET_MAIL_TEXT_TEXT_UNITS_H_
#define LAZARET_MAIL_TEXT_TEXT_UNITS_H_

#include <cstddef>

#include "base/clock.h"
#include "base/result.h"
#include "mail/model/tree_builder.h"

namespace lazaret::mail {

struct TextLimits {
  std::size_t max_bytes = 32U << 20;  // whole message: stops text bombs
  std::size_t max_units = 20'000;     // whole message: stops floods of names and links
  bool rtf = true;                    // false: RTF is left out, its reader may be fatal
};

// Uses artifacts' types, charsets and content; adds to tree.texts, differences and unreadable. When
// a limit left text out, the last unit is marked truncated.
base::Status ExtractTexts(TreeBuilder& tree, const TextLimits& limits, base::Deadline deadline);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_TEXT_TEXT_UNITS_H_
