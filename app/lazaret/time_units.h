// Seconds of the letters that name a span of time, for Postfix's settings and for `log query`.
#ifndef LAZARET_APP_LAZARET_TIME_UNITS_H_
#define LAZARET_APP_LAZARET_TIME_UNITS_H_

#include <cstdint>
#include <optional>

namespace lazaret::cli {

constexpr std::optional<std::int64_t> SecondsOfUnit(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 3600;
    case 'd':
      return 86'400;
    case 'w':
      return 7 * 86'400;
    default:
      return std::nullopt;
  }
}

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_TIME_UNITS_H_
