// base::Format, the one formatting function of the project ({fmt}).
#ifndef LAZARET_BASE_FORMAT_H_
#define LAZARET_BASE_FORMAT_H_

#include <fmt/format.h>

#include <string>
#include <utility>

namespace lazaret::base {

template <typename... Args>
std::string Format(fmt::format_string<Args...> pattern, Args&&... args) {
  return fmt::format(pattern, std::forward<Args>(args)...);
}

}  // namespace lazaret::base

#endif  // LAZARET_BASE_FORMAT_H_
