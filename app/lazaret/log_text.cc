#include "app/lazaret/log_text.h"

#include <chrono>
#include <cstdint>
#include <optional>

#include "app/lazaret/time_units.h"
#include "base/format.h"
#include "base/text.h"

namespace lazaret::cli {
namespace {

constexpr std::int64_t kMicros = 1'000'000;
constexpr std::size_t kMaxCell = 32'000;  // a spreadsheet's cell takes 32 767 characters

base::Error NoTime(std::string_view text) {
  return {base::ErrorCode::kInvalid,
          base::Format("{}: not a time; use 2026-03-01, 2026-03-01T12:00:00Z, or 30m, 2h, 7d",
                       base::EscapeLine(text, 64))};
}

// Takes exactly `digits` digits off the front.
std::optional<int> TakeNumber(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool TakeChar(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::int64_t> SpanSeconds(std::string_view text) {
  if (text.size() < 2 || text.size() > 8) return std::nullopt;
  const auto unit = SecondsOfUnit(text.back());
  if (!unit) return std::nullopt;
  text.remove_suffix(1);
  const auto count = TakeNumber(text, text.size());
  if (!count) return std::nullopt;
  return *count * *unit;
}

// Days since 1970-01-01 of "YYYY-MM-DD" at the front.
std::optional<std::int64_t> TakeDate(std::string_view& text) {
  const auto year = TakeNumber(text, 4);
  if (!year || !TakeChar(text, '-')) return std::nullopt;
  const auto month = TakeNumber(text, 2);
  if (!month || !TakeChar(text, '-')) return std::nullopt;
  const auto day = TakeNumber(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

std::optional<std::int64_t> TakeHourMinute(std::string_view& text) {
  const auto hour = TakeNumber(text, 2);
  if (!hour || *hour > 23 || !TakeChar(text, ':')) return std::nullopt;
  const auto minute = TakeNumber(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  return *hour * 3600 + *minute * 60;
}

std::int64_t TakeFraction(std::string_view& text) {
  std::int64_t micros = 0;
  std::int64_t unit = kMicros / 10;
  if (!TakeChar(text, '.')) return 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    micros += (text.front() - '0') * unit;
    unit /= 10;
    text.remove_prefix(1);
  }
  return micros;
}

// Seconds east of UTC; the whole rest must be the offset.
std::optional<std::int64_t> TakeOffset(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  const bool west = TakeChar(text, '-');
  if (!west && !TakeChar(text, '+')) return std::nullopt;
  const auto offset = TakeHourMinute(text);
  if (!offset || !text.empty()) return std::nullopt;
  return west ? -*offset : *offset;
}

std::optional<std::int64_t> ParseRfc3339(std::string_view text) {
  const auto days = TakeDate(text);
  if (!days) return std::nullopt;
  const std::int64_t midnight = *days * 86'400;
  if (text.empty()) return midnight * kMicros;
  if (!TakeChar(text, 'T') && !TakeChar(text, 't') && !TakeChar(text, ' ')) return std::nullopt;
  const auto minutes = TakeHourMinute(text);
  if (!minutes || !TakeChar(text, ':')) return std::nullopt;
  const auto seconds = TakeNumber(text, 2);
  if (!seconds || *seconds > 60) return std::nullopt;
  const std::int64_t fraction = TakeFraction(text);
  const auto offset = TakeOffset(text);
  if (!offset) return std::nullopt;
  return (midnight + *minutes + *seconds - *offset) * kMicros + fraction;
}

}  // namespace

base::Result<base::UnixTime> ParseLogTime(std::string_view text, base::UnixTime now) {
  if (const auto span = SpanSeconds(text)) return base::UnixTime{now.micros - *span * kMicros};
  if (const auto micros = ParseRfc3339(text)) return base::UnixTime{*micros};
  return NoTime(text);
}

std::string CsvCell(std::string_view text) {
  constexpr std::string_view kFormula = "=+-@\t\r";
  std::string out = "\"";
  if (!text.empty() && kFormula.find(text.front()) != std::string_view::npos) out += '\'';
  for (const char c : base::EscapeLine(text, kMaxCell)) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
  return out;
}

std::string Shown(std::string_view text) { return text.empty() ? "-" : base::EscapeLine(text); }

std::string Paint::Wrap(std::string_view code, std::string_view text) const {
  if (!on_) return std::string(text);
  return base::Format("\x1b[{}m{}\x1b[0m", code, text);
}

std::string Paint::Class(policy::Class cls, int width) const {
  const std::string name = base::Format("{:<{}}", policy::Name(cls), width);
  switch (cls) {
    case policy::Class::kClean:
      return Good(name);
    case policy::Class::kMalicious:
      return Bad(name);
    default:
      return Wrap("33", name);
  }
}

}  // namespace lazaret::cli
