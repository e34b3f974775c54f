// Result<T>: a value, or an Error that names what failed. Used wherever the outside can fail (files,
// sockets, libraries, input). Bad mail is not an Error but a Finding; a broken invariant is neither:
// it ends the process through Check().
#ifndef LAZARET_BASE_RESULT_H_
#define LAZARET_BASE_RESULT_H_

#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace lazaret::base {

enum class ErrorCode {
  kInvalid,      // the input breaks its format or a rule; trying again will not help
  kNotFound,     // the named thing does not exist
  kPermission,   // it exists, we may not
  kUnavailable,  // could not be done now: disk full, peer gone, resource short
  kTimeout,      // a deadline passed
  kLimit,        // a named limit was reached
  kCorrupt,      // stored data does not say what it must
  kUnsupported,  // well formed, not built
  kInternal,     // a library or the system answered something it should not
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  // One line for a person, naming the thing: "clamd 127.0.0.1:3310: timed out", "rules/a.yaml:3:7: ...".
  std::string text;
};

// The value of a Result that carries nothing but success.
struct Done {};

template <typename T>
class [[nodiscard]] Result {
 public:
  // Implicit on purpose: `return value;` and `return Error{...};` are the way to make one.
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Calling value() on an error, or error() on a value, throws std::bad_variant_access, which nothing
  // catches: the process ends.
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

using Status = Result<Done>;

inline Status Ok() { return Done{}; }

// Error from errno: "what: strerror". Maps ENOENT, EACCES/EPERM, ENOSPC/EDQUOT/EMFILE/ENOMEM/EAGAIN.
Error ErrnoError(std::string_view what);
Error ErrnoError(std::string_view what, int error_number);

// Stable lower-case name of a code, for logs.
std::string_view ErrorCodeName(ErrorCode code);

// A broken invariant: writes file:line and the text to stderr and aborts. Never for input.
[[noreturn]] void Fail(const char* file, int line, const char* text);

}  // namespace lazaret::base

#define LAZARET_CHECK(condition)                                              \
  do {                                                                        \
    if (!(condition)) ::lazaret::base::Fail(__FILE__, __LINE__, #condition);  \
  } while (false)

#define LAZARET_CONCAT_INNER(a, b) a##b
#define LAZARET_CONCAT(a, b) LAZARET_CONCAT_INNER(a, b)

// LAZARET_TRY(expr): returns the error of a Status or Result, drops its value.
#define LAZARET_TRY(expression)                                     \
  do {                                                              \
    auto lazaret_try_result = (expression);                         \
    if (!lazaret_try_result.ok()) return std::move(lazaret_try_result).error(); \
  } while (false)

// LAZARET_ASSIGN(auto x, expr): x = value, or returns the error.
#define LAZARET_ASSIGN(declaration, expression) \
  LAZARET_ASSIGN_IMPL(LAZARET_CONCAT(lazaret_assign_, __LINE__), declaration, expression)
#define LAZARET_ASSIGN_IMPL(temporary, declaration, expression) \
  auto temporary = (expression);                                \
  if (!temporary.ok()) return std::move(temporary).error();     \
  declaration = std::move(temporary).value()

#endif  // LAZARET_BASE_RESULT_H_
