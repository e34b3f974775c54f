// A strict subset of YAML 1.1, read through libyaml's events, for configuration and rules. Scalars
// stay text until the schema asks for a type, so `no` and `010` are strings where a string is
// wanted. Refused, with line and column: duplicate keys, anchors, aliases, tags, merge keys, keys
// that are no scalars, nesting above kMaxDepth, input above kMaxBytes, ill-formed UTF-8. libyaml's
// types do not leave this folder.
#ifndef LAZARET_BASE_YAML_YAML_H_
#define LAZARET_BASE_YAML_YAML_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lazaret::base::yaml {

inline constexpr int kMaxDepth = 32;                // stops stack exhaustion
inline constexpr std::size_t kMaxBytes = 1U << 20;  // stops endless files
inline constexpr std::size_t kMaxNodes = 500'000;   // stops documents made of nothing but structure

enum class Kind { kScalar, kSequence, kMapping };

struct Field;

struct Node {
  Kind kind = Kind::kScalar;
  std::string text;  // scalars
  bool quoted =
      false;       // scalars: quoted or block style; a plain `~`, `null` or empty one is IsNull
  int line = 0;    // from 1
  int column = 0;  // from 1
  std::vector<Node> items;    // sequences
  std::vector<Field> fields;  // mappings, in order; keys are unique

  bool IsNull() const;
  // A mapping's value, or nullptr.
  const Node* Find(std::string_view key) const;
};

struct Field {
  Node key;
  Node value;
};

// All documents of a stream (`---` between them). An empty input gives none.
Result<std::vector<Node>> ParseStream(std::string_view text, const std::string& origin);
// Exactly one document; an empty input gives an empty mapping.
Result<Node> ParseDocument(std::string_view text, const std::string& origin);

// "origin:line:column: why"
Error ErrorAt(const std::string& origin, const Node& node, std::string_view why);

// Typed reading of one scalar; the error names the place and what was expected.
Result<std::string> AsString(const Node& node, const std::string& origin);
Result<bool> AsBool(const Node& node, const std::string& origin);  // true, false, yes, no, on, off
Result<std::uint64_t> AsUint(const Node& node, const std::string& origin, std::uint64_t min,
                             std::uint64_t max);
Result<double> AsDouble(const Node& node, const std::string& origin, double min, double max);
// A sequence of scalars, or one scalar as a list of one.
Result<std::vector<std::string>> AsStrings(const Node& node, const std::string& origin);

// Reads a mapping by key, remembers which keys were asked for, and keeps the first error: a schema
// asks for all its keys, then calls Finish once. After an error every getter gives its default.
class MappingReader {
 public:
  // `what` names the mapping in errors: "rule", "near".
  MappingReader(const Node& node, std::string origin, std::string what);

  // nullptr when absent.
  const Node* Take(std::string_view key);
  // As Take, an error when absent.
  const Node* Require(std::string_view key);

  std::string String(std::string_view key, std::string fallback = {});
  std::string RequiredString(std::string_view key);
  bool Bool(std::string_view key, bool fallback);
  std::uint64_t Uint(std::string_view key, std::uint64_t fallback, std::uint64_t min,
                     std::uint64_t max);
  std::optional<double> Double(std::string_view key, double min, double max);
  std::vector<std::string> Strings(std::string_view key);
  // Index in `names` of the value, or `fallback` when absent. The error lists the names.
  int OneOf(std::string_view key, const std::vector<std::string_view>& names, int fallback);

  // Records an error found by the caller, when it is the first.
  void Fail(const Node& node, std::string_view why);
  void Fail(Error error);
  bool ok() const { return !error_; }
  // The first error, or an unknown key (with those that are known), or success.
  Status Finish();

 private:
  const Node& node_;
  std::string origin_;
  std::string what_;
  std::set<std::string, std::less<>> taken_;
  std::optional<Error> error_;
};

}  // namespace lazaret::base::yaml

#endif  // LAZARET_BASE_YAML_YAML_H_
