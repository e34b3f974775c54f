// One explicit table of all configuration keys. File, --set, encoding, documentation test: all go
// through it, so that a key exists everywhere or nowhere.
#ifndef LAZARET_APP_CONFIG_KEY_TABLE_H_
#define LAZARET_APP_CONFIG_KEY_TABLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "app/config/config.h"

namespace lazaret::config {

// What a value looks like in text.
enum class Form : std::uint8_t {
  kText,
  kPath,      // absolute, or empty where that means "derived"
  kNumber,    // decimal; min and max are of the value
  kSize,      // bytes, or a number with K, M or G (powers of 1024)
  kDuration,  // seconds, or a number with s, m, h or d
  kMode,      // octal permission bits
  kBool,
};

// A reason why a text is refused, or nothing.
using Check = std::optional<std::string> (*)(std::string_view);

using TextRef = std::string& (*)(Config&);
using U32Ref = std::uint32_t& (*)(Config&);
using U64Ref = std::uint64_t& (*)(Config&);
using BoolRef = bool& (*)(Config&);
using ListRef = std::vector<std::string>& (*)(Config&);
using MapRef = std::map<std::string, std::string>& (*)(Config&);
using NetworksRef = std::vector<policy::Network>& (*)(Config&);
// Names of {daemon_name} that mean one direction; stored the other way round.
struct DaemonsOf {
  policy::Direction direction;
};

struct Key {
  std::string_view name;  // dotted; one `*` in it stands for a language
  std::variant<TextRef, U32Ref, U64Ref, BoolRef, ListRef, MapRef, NetworksRef, DaemonsOf> field;
  Form form = Form::kText;
  std::uint64_t min = 0;  // of a list: entries
  std::uint64_t max = 0;
  Check check = nullptr;  // for texts and each item of a list
  std::string_view doc;

  bool IsList() const;
};

const std::vector<Key>& AllKeys();

// Top-level words of the file; some have no key yet and must then be empty.
bool IsSection(std::string_view name);

struct Found {
  const Key* key = nullptr;
  std::string star;  // what stands for `*`
};
// nullptr key when there is none.
Found FindKey(std::string_view name);
// Whether some key lies below this dotted name.
bool HasKeysBelow(std::string_view name);
// The words that may follow `prefix` ("", "limits."), for messages; `*` stands for a language.
std::vector<std::string> WordsBelow(std::string_view prefix);
// The one key whose last word this is; empty when there is none, or more.
std::string KeyEndingWith(std::string_view word);

struct Fault {
  std::size_t index = 0;  // which of the values
  std::string why;
};
// Sets one key. `values` holds one text, or the items of a list.
std::optional<Fault> Apply(const Found& found, const std::vector<std::string>& values,
                           Config& config);

// A key and its present values; keys with `*` give one entry for each language, in order.
struct Entry {
  std::string name;
  std::vector<std::string> values;
};
std::vector<Entry> EntriesOf(const Config& config);

}  // namespace lazaret::config

#endif  // LAZARET_APP_CONFIG_KEY_TABLE_H_
