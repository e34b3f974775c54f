#include "app/config/key_table.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "app/config/checks.h"
#include "base/format.h"
#include "base/text.h"

namespace lazaret::config {
namespace {

using Values = std::vector<std::string>;
using Outcome = std::optional<Fault>;

constexpr std::size_t kMaxTextBytes = 4096;  // stops absurd values; the longest path of Linux
constexpr std::size_t kMaxItems = 10'000;    // of one list

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <typename... F>
Overloaded(F...) -> Overloaded<F...>;

std::optional<std::uint64_t> ParseUint(std::string_view text, int base = 10) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> ParseSize(std::string_view text) {
  int shift = 0;
  if (!text.empty()) {
    const char unit = text.back();
    shift = unit == 'K' ? 10 : unit == 'M' ? 20 : unit == 'G' ? 30 : 0;
    if (shift > 0) text.remove_suffix(1);
  }
  const auto value = ParseUint(text);
  if (!value || *value > (UINT64_MAX >> shift)) return std::nullopt;
  return *value << shift;
}

std::optional<std::uint64_t> ParseDuration(std::string_view text) {
  std::uint64_t seconds = 1;
  if (!text.empty()) {
    const char unit = text.back();
    seconds = unit == 'm' ? 60 : unit == 'h' ? 3600 : unit == 'd' ? 86'400 : 1;
    if (unit == 's' || seconds > 1) text.remove_suffix(1);
  }
  const auto value = ParseUint(text);
  if (!value || *value > UINT64_MAX / seconds) return std::nullopt;
  return *value * seconds;
}

std::string NumberWanted(const Key& key) {
  switch (key.form) {
    case Form::kSize:
      return base::Format("a size from {} to {} bytes is expected (K, M and G are known)", key.min,
                          key.max);
    case Form::kDuration:
      return base::Format("a time from {} to {} seconds is expected (s, m, h and d are known)",
                          key.min, key.max);
    case Form::kMode:
      return "an octal mode from 0 to 0777 is expected";
    default:
      return base::Format("a whole number from {} to {} is expected", key.min, key.max);
  }
}

template <typename Integer>
Outcome SetNumber(const Key& key, const std::string& text, Integer& out) {
  const auto value = key.form == Form::kSize       ? ParseSize(text)
                     : key.form == Form::kDuration ? ParseDuration(text)
                     : key.form == Form::kMode     ? ParseUint(text, 8)
                                                   : ParseUint(text);
  if (!value || *value < key.min || *value > key.max) return Fault{0, NumberWanted(key)};
  out = static_cast<Integer>(*value);
  return std::nullopt;
}

Outcome SetBool(const std::string& text, bool& out) {
  const bool yes = text == "true" || text == "yes" || text == "on";
  if (!yes && text != "false" && text != "no" && text != "off")
    return Fault{0, "true or false is expected"};
  out = yes;
  return std::nullopt;
}

Refusal CheckText(const Key& key, const std::string& text) {
  if (text.size() > kMaxTextBytes) return "longer than 4096 bytes";
  if (!base::IsValidUtf8(text)) return "not valid UTF-8";
  if (text.find('\0') != std::string::npos) return "a NUL byte cannot stand here";
  const bool may_be_empty = !key.IsList();
  if (key.form == Form::kPath && !(may_be_empty && text.empty()) &&
      (text.empty() || text[0] != '/')) {
    return "an absolute path is expected";
  }
  return key.check != nullptr ? key.check(text) : std::nullopt;
}

// Checks all items and that none stands twice.
Outcome CheckItems(const Key& key, const Values& values) {
  if (values.size() > kMaxItems) return Fault{0, "more than 10000 entries"};
  if (key.IsList() && values.size() < key.min) return Fault{0, "at least one entry is expected"};
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (auto why = CheckText(key, values[i])) return Fault{i, *why};
    if (!seen.insert(values[i]).second) return Fault{i, "stands twice"};
  }
  return std::nullopt;
}

Outcome SetNetworks(const Values& values, std::vector<policy::Network>& out) {
  std::vector<policy::Network> networks;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto network = policy::Network::Parse(values[i]);
    if (!network) return Fault{i, "a network such as 192.0.2.0/24 or 2001:db8::/32 is expected"};
    networks.push_back(*network);
  }
  out = std::move(networks);
  return std::nullopt;
}

Outcome SetDaemons(policy::Direction direction, const Values& values, Config& config) {
  auto& daemons = config.directions.daemons;
  for (auto it = daemons.begin(); it != daemons.end();)
    it = it->second == direction ? daemons.erase(it) : std::next(it);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!daemons.emplace(values[i], direction).second)
      return Fault{i, "this daemon name has another direction already"};
  }
  return std::nullopt;
}

std::string NetworkText(const policy::Network& network) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const auto& bytes = network.address;
  const bool mapped =
      std::all_of(bytes.begin(), bytes.begin() + 10, [](auto b) { return b == 0; }) &&
      bytes[10] == 0xff && bytes[11] == 0xff && network.prefix_bits >= 96;
  if (mapped) {
    inet_ntop(AF_INET, bytes.data() + 12, text.data(), text.size());
    return base::Format("{}/{}", text.data(), network.prefix_bits - 96);
  }
  inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
  return base::Format("{}/{}", text.data(), network.prefix_bits);
}

std::string NumberText(const Key& key, std::uint64_t value) {
  return key.form == Form::kMode ? base::Format("{:04o}", value) : std::to_string(value);
}

void AppendEntries(const Key& key, Config& config, std::vector<Entry>& out) {
  const std::string name(key.name);
  const auto add = [&](Values values) { out.push_back({name, std::move(values)}); };
  std::visit(
      Overloaded{
          [&](TextRef field) { add({field(config)}); },
          [&](U32Ref field) { add({NumberText(key, field(config))}); },
          [&](U64Ref field) { add({NumberText(key, field(config))}); },
          [&](BoolRef field) { add({field(config) ? "true" : "false"}); },
          [&](ListRef field) { add(field(config)); },
          [&](MapRef field) {
            const std::size_t star = name.find('*');
            for (const auto& [language, text] : field(config))
              out.push_back({name.substr(0, star) + language + name.substr(star + 1), {text}});
          },
          [&](NetworksRef field) {
            Values values;
            for (const auto& network : field(config)) values.push_back(NetworkText(network));
            add(std::move(values));
          },
          [&](DaemonsOf daemons) {
            Values values;
            for (const auto& [daemon, direction] : config.directions.daemons) {
              if (direction == daemons.direction) values.push_back(daemon);
            }
            add(std::move(values));
          },
      },
      key.field);
}

}  // namespace

bool Key::IsList() const {
  return std::holds_alternative<ListRef>(field) || std::holds_alternative<NetworksRef>(field) ||
         std::holds_alternative<DaemonsOf>(field);
}

bool IsSection(std::string_view name) {
  static constexpr std::array<std::string_view, 19> kSections = {
      "paths",   "users", "limits",  "milter",   "reply",      "clamav",   "rules",
      "lists",   "dlp",   "policy",  "log",      "quarantine", "outbound", "sandbox",
      "release", "admin", "confine", "scanners", "reload"};
  return std::find(kSections.begin(), kSections.end(), name) != kSections.end();
}

Found FindKey(std::string_view name) {
  for (const Key& key : AllKeys()) {
    const std::size_t star = key.name.find('*');
    if (star == std::string_view::npos) {
      if (key.name == name) return {&key, {}};
      continue;
    }
    const std::string_view before = key.name.substr(0, star);
    const std::string_view after = key.name.substr(star + 1);
    if (name.size() <= before.size() + after.size() || name.substr(0, star) != before ||
        name.substr(name.size() - after.size()) != after) {
      continue;
    }
    const std::string_view middle = name.substr(star, name.size() - before.size() - after.size());
    if (!CheckLanguage(middle)) return {&key, std::string(middle)};
  }
  return {};
}

bool HasKeysBelow(std::string_view name) {
  const std::string prefix = std::string(name) + ".";
  return std::any_of(AllKeys().begin(), AllKeys().end(), [&](const Key& key) {
    if (key.name.rfind(prefix, 0) == 0) return true;
    const std::size_t star = key.name.find('*');
    if (star == std::string_view::npos || prefix.rfind(key.name.substr(0, star), 0) != 0)
      return false;
    const std::string_view middle = std::string_view(prefix).substr(star, prefix.size() - star - 1);
    return !CheckLanguage(middle);
  });
}

std::vector<std::string> WordsBelow(std::string_view prefix) {
  std::vector<std::string> words;
  for (const Key& key : AllKeys()) {
    const std::size_t star = key.name.find('*');
    std::string_view rest = key.name;
    // What stands for the star has another length.
    if (star != std::string_view::npos && star < prefix.size()) {
      const std::size_t after = prefix.find('.', star);
      if (prefix.substr(0, star) != key.name.substr(0, star)) continue;
      if (after + 1 != prefix.size()) continue;
      rest = key.name.substr(star + 2);
    } else if (rest.substr(0, prefix.size()) == prefix) {
      rest = rest.substr(prefix.size());
    } else {
      continue;
    }
    std::string word(rest.substr(0, rest.find('.')));
    if (std::find(words.begin(), words.end(), word) == words.end())
      words.push_back(std::move(word));
  }
  return words;
}

std::string KeyEndingWith(std::string_view word) {
  const std::string end = "." + std::string(word);
  std::string found;
  for (const Key& key : AllKeys()) {
    if (key.name.size() < end.size() || key.name.substr(key.name.size() - end.size()) != end)
      continue;
    if (!found.empty()) return {};
    found = std::string(key.name);
  }
  return found;
}

std::optional<Fault> Apply(const Found& found, const std::vector<std::string>& values,
                           Config& config) {
  const Key& key = *found.key;
  if (!key.IsList() && values.size() != 1) return Fault{0, "one value is expected"};
  if (auto fault = CheckItems(key, values)) return fault;
  return std::visit(
      Overloaded{
          [&](TextRef field) -> Outcome {
            field(config) = values[0];
            return std::nullopt;
          },
          [&](U32Ref field) { return SetNumber(key, values[0], field(config)); },
          [&](U64Ref field) { return SetNumber(key, values[0], field(config)); },
          [&](BoolRef field) { return SetBool(values[0], field(config)); },
          [&](ListRef field) -> Outcome {
            field(config) = values;
            return std::nullopt;
          },
          [&](MapRef field) -> Outcome {
            field(config)[found.star] = values[0];
            return std::nullopt;
          },
          [&](NetworksRef field) { return SetNetworks(values, field(config)); },
          [&](DaemonsOf daemons) { return SetDaemons(daemons.direction, values, config); },
      },
      key.field);
}

std::vector<Entry> EntriesOf(const Config& config) {
  Config copy = config;
  std::vector<Entry> entries;
  for (const Key& key : AllKeys()) AppendEntries(key, copy, entries);
  return entries;
}

}  // namespace lazaret::config
