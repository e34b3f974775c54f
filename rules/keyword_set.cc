#include "rules/keyword_set.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "base/unicode/normalize.h"

namespace lazaret::rules {
namespace {

bool IsBlank(unsigned char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
unsigned char Fold(unsigned char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<unsigned char>(c + 32) : c;
}

std::string Collapse(std::string_view word) {
  std::string out;
  for (char c : base::TrimAscii(word)) {
    if (!IsBlank(static_cast<unsigned char>(c))) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

bool WordCharacterBefore(std::string_view text, std::size_t at) {
  if (at == 0) return false;
  --at;
  for (int i = 0; i < 3 && at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80; ++i)
    --at;
  return base::IsSpacedWordCharacter(base::NextCodePoint(text, at));
}

bool WordCharacterAt(std::string_view text, std::size_t at) {
  return at < text.size() && base::IsSpacedWordCharacter(base::NextCodePoint(text, at));
}

// Where the text that ends at `end` and equals `word` but for case and blanks begins.
std::size_t BeginOf(std::string_view text, std::size_t end, std::string_view word) {
  std::size_t at = end;
  for (std::size_t i = word.size(); i > 0 && at > 0; --i) {
    --at;
    if (word[i - 1] == ' ') {
      while (at > 0 && IsBlank(static_cast<unsigned char>(text[at - 1]))) --at;
    }
  }
  // Another case of a letter may be of another length.
  while (at < end && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  return at;
}

}  // namespace

std::uint32_t KeywordSet::Add(std::string_view word) {
  const std::string as_is = Collapse(word);
  std::string lower = base::SimpleLower(as_is);
  auto [found, added] = index_.try_emplace(lower, static_cast<std::uint32_t>(words_.size()));
  if (!added) return found->second;
  const std::uint32_t number = found->second;
  words_.push_back(lower);
  // ASCII is folded while matching; other letters are entered in the cases that are written.
  std::size_t first = 0;
  if (!lower.empty()) base::NextCodePoint(lower, first);
  const std::string title = base::SimpleUpper(lower.substr(0, first)) + lower.substr(first);
  std::set<std::string> forms;
  for (const std::string& form : {lower, base::SimpleUpper(as_is), title, as_is})
    forms.insert(base::AsciiLower(form));
  for (const std::string& form : forms) Insert(form, number);
  return number;
}

void KeywordSet::Insert(std::string_view folded, std::uint32_t word) {
  std::uint32_t node = 0;
  for (char c : folded) {
    const std::uint64_t key =
        (static_cast<std::uint64_t>(node) << 8) | static_cast<unsigned char>(c);
    auto [found, added] = trie_.try_emplace(key, static_cast<std::uint32_t>(nodes_.size()));
    if (added) nodes_.emplace_back();
    node = found->second;
  }
  endings_.push_back({word, nodes_[node].first_word});
  nodes_[node].first_word = static_cast<std::uint32_t>(endings_.size() - 1);
}

void KeywordSet::Build() {
  MakeEdges();
  MakeLinks();
  MakeRows();
  trie_.clear();
}

void KeywordSet::MakeEdges() {
  std::vector<std::uint64_t> keys;
  keys.reserve(trie_.size());
  for (const auto& entry : trie_) keys.push_back(entry.first);
  std::sort(keys.begin(), keys.end());
  for (std::uint64_t key : keys) {
    Node& node = nodes_[key >> 8];
    if (node.edges == 0) node.first_edge = static_cast<std::uint32_t>(edge_bytes_.size());
    ++node.edges;
    edge_bytes_.push_back(static_cast<unsigned char>(key & 0xFF));
    edge_targets_.push_back(trie_.at(key));
  }
  for (std::uint32_t i = 0; i < nodes_[0].edges; ++i) root_[edge_bytes_[i]] = edge_targets_[i];
}

void KeywordSet::MakeLinks() {
  std::vector<std::uint32_t> queue{0};
  for (std::size_t head = 0; head < queue.size(); ++head) {
    const std::uint32_t parent = queue[head];
    for (std::uint32_t i = 0; i < nodes_[parent].edges; ++i) {
      const std::uint32_t edge = nodes_[parent].first_edge + i;
      const std::uint32_t child = edge_targets_[edge];
      nodes_[child].fail = parent == 0 ? 0 : Step(nodes_[parent].fail, edge_bytes_[edge]);
      const Node& fail = nodes_[nodes_[child].fail];
      nodes_[child].output_link =
          fail.first_word != kNoWord ? nodes_[child].fail : fail.output_link;
      queue.push_back(child);
    }
  }
}

void KeywordSet::MakeRows() {
  for (std::uint32_t i = 0; i < nodes_[0].edges; ++i) {
    const std::uint32_t node = edge_targets_[nodes_[0].first_edge + i];
    Row row = root_;
    for (std::uint32_t e = nodes_[node].first_edge;
         e < nodes_[node].first_edge + nodes_[node].edges; ++e) {
      row[edge_bytes_[e]] = edge_targets_[e];
    }
    nodes_[node].row = static_cast<std::uint32_t>(rows_.size());
    rows_.push_back(row);
  }
}

std::uint32_t KeywordSet::Child(std::uint32_t node, unsigned char byte) const {
  const Node& at = nodes_[node];
  for (std::uint32_t i = at.first_edge; i < at.first_edge + at.edges; ++i) {
    if (edge_bytes_[i] == byte) return edge_targets_[i];
  }
  return 0;
}

std::uint32_t KeywordSet::Step(std::uint32_t node, unsigned char byte) const {
  while (node != 0) {
    if (nodes_[node].row != kNoRow) return rows_[nodes_[node].row][byte];
    if (const std::uint32_t next = Child(node, byte); next != 0) return next;
    node = nodes_[node].fail;
  }
  return root_[byte];
}

void KeywordSet::Find(std::string_view text, std::size_t max_hits,
                      std::vector<KeywordHit>& hits) const {
  if (words_.empty()) return;
  Sink sink{max_hits, hits, {}};
  std::uint32_t node = 0;
  bool blank = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (IsBlank(c)) {
      if (blank) continue;
      blank = true;
      node = Step(node, ' ');
    } else {
      blank = false;
      node = Step(node, Fold(c));
    }
    if (nodes_[node].first_word != kNoWord || nodes_[node].output_link != 0)
      Report(text, i + 1, node, sink);
  }
}

void KeywordSet::Report(std::string_view text, std::size_t end, std::uint32_t node,
                        Sink& sink) const {
  for (std::uint32_t at = nodes_[node].first_word != kNoWord ? node : nodes_[node].output_link;
       at != 0; at = nodes_[at].output_link) {
    for (std::uint32_t e = nodes_[at].first_word; e != kNoWord; e = endings_[e].next) {
      const std::uint32_t word = endings_[e].word;
      const std::size_t begin = BeginOf(text, end, words_[word]);
      if (WordCharacterAt(words_[word], 0) && WordCharacterBefore(text, begin)) continue;
      if (WordCharacterBefore(words_[word], words_[word].size()) && WordCharacterAt(text, end))
        continue;
      if (++sink.counts[word] <= sink.max_hits) sink.hits.push_back({word, begin, end});
    }
  }
}

}  // namespace lazaret::rules
