// Shared by the `lazaret log` commands: times, cells and colours.
#ifndef LAZARET_APP_LAZARET_LOG_TEXT_H_
#define LAZARET_APP_LAZARET_LOG_TEXT_H_

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "policy/finding.h"

namespace lazaret::cli {

// RFC 3339 ("2026-03-01T12:00:00Z", fractions and offsets allowed), a date (its midnight, UTC), or
// a span back from `now`: digits and one of s, m, h, d, w.
base::Result<base::UnixTime> ParseLogTime(std::string_view text, base::UnixTime now);

// One CSV cell, always quoted (RFC 4180). Control characters are escaped, and a text that a
// spreadsheet would take for a formula gets a leading apostrophe.
std::string CsvCell(std::string_view text);

// Text from mail for a terminal: escaped, and "-" when empty.
std::string Shown(std::string_view text);

// Puts colours around fixed words, or nothing at all.
class Paint {
 public:
  explicit Paint(bool on) : on_(on) {}
  std::string Bold(std::string_view text) const { return Wrap("1", text); }
  std::string Dim(std::string_view text) const { return Wrap("2", text); }
  std::string Good(std::string_view text) const { return Wrap("32", text); }
  std::string Bad(std::string_view text) const { return Wrap("31", text); }
  std::string Class(policy::Class cls, int width = 0) const;

 private:
  std::string Wrap(std::string_view code, std::string_view text) const;
  bool on_;
};

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_LOG_TEXT_H_
