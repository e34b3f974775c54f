#include "app/config/policy_warnings.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "base/yaml/yaml.h"

namespace lazaret::config {
namespace {

namespace yaml = base::yaml;

constexpr std::size_t kMaxShownBytes = 100;

// Whether every address that `inner` matches is matched by `outer`.
bool PatternCovers(const std::string& outer, const std::string& inner) {
  if (outer == "*") return true;
  if (inner == "*" || inner == "<>" || outer == "<>") return outer == inner;
  const std::string a = base::AsciiLower(outer);
  const std::string b = base::AsciiLower(inner);
  if (a == b) return true;
  if (a[0] != '@') return false;
  const std::string domain = b.substr(b.rfind('@') + 1);
  if (a.rfind("@.", 0) != 0) return domain == a.substr(1);
  const std::string wanted = a.substr(2);
  if (domain == wanted || domain == "." + wanted) return true;
  return domain.size() > wanted.size() &&
         domain.compare(domain.size() - wanted.size() - 1, std::string::npos, "." + wanted) == 0;
}

bool NetworkCovers(const policy::Network& outer, const policy::Network& inner) {
  if (outer.prefix_bits > inner.prefix_bits) return false;
  for (int bit = 0; bit < outer.prefix_bits; ++bit) {
    const auto at = static_cast<std::size_t>(bit / 8);
    const int mask = 0x80 >> (bit % 8);
    if ((outer.address[at] & mask) != (inner.address[at] & mask)) return false;
  }
  return true;
}

// A condition that is not given is "any".
template <typename Item, typename Covers>
bool ListCovers(const std::vector<Item>& outer, const std::vector<Item>& inner, Covers&& covers) {
  if (outer.empty()) return true;
  return !inner.empty() && std::all_of(inner.begin(), inner.end(), [&](const Item& one) {
    return std::any_of(outer.begin(), outer.end(),
                       [&](const Item& other) { return covers(other, one); });
  });
}

bool WhenCovers(const policy::When& outer, const policy::When& inner) {
  const auto same = [](const auto& a, const auto& b) { return a == b; };
  const auto user = [](const std::string& a, const std::string& b) {
    return a == "*" || base::AsciiEqualNoCase(a, b);
  };
  return ListCovers(outer.directions, inner.directions, same) &&
         ListCovers(outer.clients, inner.clients, NetworkCovers) &&
         ListCovers(outer.users, inner.users, user) &&
         ListCovers(outer.senders, inner.senders, PatternCovers) &&
         ListCovers(outer.recipients, inner.recipients, PatternCovers) &&
         (!outer.tls || outer.tls == inner.tls) && ListCovers(outer.daemons, inner.daemons, same);
}

bool IsKnown(const std::string& key, const std::vector<std::string>& known) {
  return std::any_of(known.begin(), known.end(), [&key](const std::string& code) {
    const bool family = !code.empty() && code.back() == '.';
    if (family && key.size() > code.size() && key.compare(0, code.size(), code) == 0) return true;
    return code == key || code.rfind(key + ".", 0) == 0;
  });
}

class Warnings {
 public:
  Warnings(const std::string& origin, const std::vector<std::string>& known)
      : origin_(origin), known_(known) {}

  void Add(const yaml::Node& node, std::string_view why) {
    lines_.push_back(yaml::ErrorAt(origin_, node, why).text);
  }

  void Block(const yaml::Node& node, std::size_t index, const std::vector<policy::Block>& blocks) {
    const policy::Block& block = blocks[index];
    for (std::size_t i = 0; i < index; ++i) {
      if (!WhenCovers(blocks[i].when, block.when)) continue;
      Add(node, base::Format("block \"{}\" is never reached: block \"{}\" ({}) takes all of it",
                             base::EscapeLine(block.name), base::EscapeLine(blocks[i].name),
                             base::EscapeLine(blocks[i].origin)));
      break;
    }
    const yaml::Node* codes = node.Find("codes");
    if (codes == nullptr) return;
    for (const yaml::Field& field : codes->fields) {
      if (IsKnown(field.key.text, known_)) continue;
      Add(field.key,
          base::Format("\"{}\" is no code that Lazaret or a loaded rule reports, nor the "
                       "beginning of one",
                       base::EscapeLine(field.key.text, kMaxShownBytes)));
    }
  }

  std::vector<std::string> Take() { return std::move(lines_); }

 private:
  const std::string& origin_;
  const std::vector<std::string>& known_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> PolicyWarnings(std::string_view text, const std::string& origin,
                                        const std::vector<std::string>& known) {
  const auto document = yaml::ParseDocument(text, origin);
  const auto policy = ParsePolicy(text, origin);
  if (!document.ok() || !policy.ok()) return {};
  Warnings warnings(origin, known);
  for (const yaml::Field& field : document->fields) {
    if (field.key.text == "accept_unlooked" && yaml::AsBool(field.value, origin).ok() &&
        *yaml::AsBool(field.value, origin)) {
      warnings.Add(field.key, "accept_unlooked: mail that could not be looked at may be accepted");
    }
    if (field.key.text != "blocks") continue;
    for (std::size_t i = 0; i < field.value.items.size(); ++i)
      warnings.Block(field.value.items[i], i, policy->blocks);
  }
  return warnings.Take();
}

}  // namespace lazaret::config
