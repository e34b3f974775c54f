#include "rules/keyword_set.h"

#include <algorithm>
#include <cstring>
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

std::uint32_t KeywordFinds::Count(std::size_t slot) {
  Counter& counter = counters_[slot];
  if (counter.pass != pass_) counter = {pass_, 0};
  if (counter.count < UINT32_MAX) ++counter.count;
  return counter.count;
}

std::uint32_t KeywordSet::Add(std::string_view word) {
  const std::string as_is = Collapse(word);
  std::string lower = base::SimpleLower(as_is);
  auto [found, added] = index_.try_emplace(lower, static_cast<std::uint32_t>(words_.size()));
  if (!added) return found->second;
  const std::uint32_t number = found->second;
  words_.push_back(lower);
  edges_of_word_.push_back({WordCharacterAt(lower, 0), WordCharacterBefore(lower, lower.size())});
  // ASCII is folded while matching; other letters are entered in the cases that are written.
  std::size_t first = 0;
  if (!lower.empty()) base::NextCodePoint(lower, first);
  const std::string title = base::SimpleUpper(lower.substr(0, first)) + lower.substr(first);
  std::set<std::string> forms;
  for (const std::string& form : {lower, base::SimpleUpper(as_is), title, as_is})
    forms.insert(base::AsciiLower(form));
  for (const std::string& form : forms) Insert(form, {number, kNone, false});
  return number;
}

void KeywordSet::AddLiteral(std::string_view literal, std::uint32_t number) {
  literals_ = std::max(literals_, number + 1);
  Insert(Collapse(literal), {number, kNone, true});
}

void KeywordSet::Insert(std::string_view folded, Ending ending) {
  std::uint32_t node = 0;
  for (char c : folded) {
    const std::uint64_t key =
        (static_cast<std::uint64_t>(node) << 8) | static_cast<unsigned char>(c);
    auto [found, added] = trie_.try_emplace(key, static_cast<std::uint32_t>(nodes_.size()));
    if (added) nodes_.emplace_back();
    node = found->second;
  }
  ending.next = nodes_[node].first_ending;
  endings_.push_back(ending);
  nodes_[node].first_ending = static_cast<std::uint32_t>(endings_.size() - 1);
}

void KeywordSet::Build(std::size_t table_bytes) {
  MakeClasses();
  NumberNodes();
  MakeTable(table_bytes);
  MakeLinks();
  Trie().swap(trie_);
}

void KeywordSet::MakeClasses() {
  std::array<bool, 256> used{};
  for (const auto& entry : trie_) used[entry.first & 0xFF] = true;
  for (std::size_t byte = 0; byte < used.size(); ++byte) {
    if (used[byte]) class_of_[byte] = static_cast<std::uint8_t>(classes_++);
  }
  for (std::size_t byte = 0; byte < used.size(); ++byte) {
    const auto c = static_cast<unsigned char>(byte);
    class_of_[byte] = class_of_[IsBlank(c) ? ' ' : Fold(c)];
  }
}

void KeywordSet::NumberNodes() {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> edges(trie_.begin(), trie_.end());
  std::sort(edges.begin(), edges.end());
  std::vector<std::size_t> first_edge(nodes_.size() + 1, edges.size());
  for (std::size_t i = edges.size(); i-- > 0;) first_edge[edges[i].first >> 8] = i;
  std::vector<std::uint32_t> order{0};
  std::vector<Node> numbered;
  class_into_.assign(1, 0);
  for (std::size_t head = 0; head < order.size(); ++head) {
    const std::uint32_t old = order[head];
    Node node = nodes_[old];
    node.first_child = static_cast<std::uint32_t>(order.size());
    for (std::size_t i = first_edge[old]; i < edges.size() && edges[i].first >> 8 == old; ++i) {
      order.push_back(edges[i].second);
      class_into_.push_back(class_of_[edges[i].first & 0xFF]);
    }
    node.children = static_cast<std::uint32_t>(order.size()) - node.first_child;
    numbered.push_back(node);
  }
  nodes_ = std::move(numbered);
}

void KeywordSet::MakeTable(std::size_t bytes) {
  const std::size_t fit = bytes / (classes_ * sizeof(std::uint32_t));
  rows_ = static_cast<std::uint32_t>(std::clamp<std::size_t>(fit, 1, nodes_.size()));
  table_.assign(static_cast<std::size_t>(rows_) * classes_, 0);
}

// Parents come before children and what they fail to, so that one pass fills links and rows.
void KeywordSet::MakeLinks() {
  for (std::uint32_t parent = 0; parent < nodes_.size(); ++parent) {
    const Node& node = nodes_[parent];
    for (std::uint32_t child = node.first_child; child < node.first_child + node.children;
         ++child) {
      const std::uint32_t fail = parent == 0 ? 0 : Step(node.fail, class_into_[child]);
      nodes_[child].fail = fail;
      nodes_[child].output_link =
          nodes_[fail].first_ending != kNone ? fail : nodes_[fail].output_link;
    }
    if (parent >= rows_) continue;
    const auto row = table_.begin() + static_cast<std::ptrdiff_t>(parent) * classes_;
    if (parent != 0) {
      std::copy_n(table_.begin() + static_cast<std::ptrdiff_t>(node.fail) * classes_, classes_,
                  row);
    }
    for (std::uint32_t child = node.first_child; child < node.first_child + node.children; ++child)
      row[class_into_[child]] = StateOf(child);
    // Another blank of the same run changes nothing.
    if (parent != 0 && class_into_[parent] == class_of_[' ']) row[class_of_[' ']] = StateOf(parent);
  }
}

std::uint32_t KeywordSet::StateOf(std::uint32_t node) const {
  const std::uint32_t state =
      node < rows_ ? node * classes_ : node - rows_ + static_cast<std::uint32_t>(table_.size());
  return HasOutput(node) ? state | kEndsWords : state;
}

std::uint32_t KeywordSet::NodeOf(std::uint32_t state) const {
  const auto size = static_cast<std::uint32_t>(table_.size());
  return state < size ? state / classes_ : state - size + rows_;
}

std::uint32_t KeywordSet::Step(std::uint32_t node, std::uint8_t byte_class) const {
  while (node >= rows_) {
    const Node& at = nodes_[node];
    const std::uint8_t* first = class_into_.data() + at.first_child;
    const void* found = at.children == 0 ? nullptr : std::memchr(first, byte_class, at.children);
    if (found != nullptr)
      return at.first_child +
             static_cast<std::uint32_t>(static_cast<const std::uint8_t*>(found) - first);
    if (byte_class == class_of_[' '] && class_into_[node] == byte_class && byte_class != 0)
      return node;
    node = at.fail;
  }
  const std::uint32_t state = table_[static_cast<std::size_t>(node) * classes_ + byte_class];
  return NodeOf(state & ~kEndsWords);
}

inline std::uint32_t KeywordSet::Next(std::uint32_t state, char c) const {
  const std::uint8_t byte_class = class_of_[static_cast<unsigned char>(c)];
  return state < table_.size() ? table_[state + byte_class]
                               : StateOf(Step(NodeOf(state), byte_class));
}

void KeywordSet::Find(std::string_view text, std::size_t max_hits, KeywordFinds& finds) const {
  finds.hits.clear();
  finds.literals.clear();
  if (endings_.empty()) return;
  finds.counters_.resize(words_.size() + literals_);
  ++finds.pass_;
  Sink sink{max_hits, finds};
  std::uint32_t state = 0;
  for (std::size_t at = 0; at < text.size(); at += kBlockBytes) {
    const std::size_t end = std::min(at + kBlockBytes, text.size());
    const std::size_t fresh = FreshPlace(text.substr(0, end), at + (end - at) / 2);
    state = fresh == end ? Walk(text, {at, end}, state, sink)
                         : WalkBoth(text, {at, fresh}, {fresh, end}, state, sink);
  }
}

// The first place at or behind `at` where the automaton is at its root whatever stood before:
// behind a byte of no word. The end of the text when none is near.
std::size_t KeywordSet::FreshPlace(std::string_view text, std::size_t at) const {
  const std::size_t end = std::min(text.size(), at + kFreshBytes);
  for (; at < end; ++at) {
    if (class_of_[static_cast<unsigned char>(text[at])] == 0) return at + 1;
  }
  return text.size();
}

std::uint32_t KeywordSet::Walk(std::string_view text, Range range, std::uint32_t state,
                               Sink& sink) const {
  for (std::size_t i = range.begin; i < range.end; ++i) {
    state = Next(state, text[i]);
    if ((state & kEndsWords) == 0) continue;
    state &= ~kEndsWords;
    Report(text, i + 1, NodeOf(state), sink);
  }
  return state;
}

// Each step waits for memory: two walks at once take hardly longer than one. What the second finds
// is reported behind all of the first.
std::uint32_t KeywordSet::WalkBoth(std::string_view text, Range first, Range second,
                                   std::uint32_t state, Sink& sink) const {
  const std::size_t steps = std::min(first.end - first.begin, second.end - second.begin);
  std::vector<std::pair<std::size_t, std::uint32_t>> later;  // end, node
  std::uint32_t other = 0;
  for (std::size_t i = 0; i < steps; ++i) {
    state = Next(state, text[first.begin + i]);
    other = Next(other, text[second.begin + i]);
    if (((state | other) & kEndsWords) == 0) continue;
    if ((state & kEndsWords) != 0) {
      state &= ~kEndsWords;
      Report(text, first.begin + i + 1, NodeOf(state), sink);
    }
    if ((other & kEndsWords) != 0) {
      other &= ~kEndsWords;
      later.emplace_back(second.begin + i + 1, NodeOf(other));
    }
  }
  Walk(text, {first.begin + steps, first.end}, state, sink);
  for (const auto& [end, node] : later) Report(text, end, node, sink);
  return Walk(text, {second.begin + steps, second.end}, other, sink);
}

void KeywordSet::Report(std::string_view text, std::size_t end, std::uint32_t node,
                        Sink& sink) const {
  for (std::uint32_t at = nodes_[node].first_ending != kNone ? node : nodes_[node].output_link;
       at != 0; at = nodes_[at].output_link) {
    for (std::uint32_t e = nodes_[at].first_ending; e != kNone; e = endings_[e].next) {
      const std::uint32_t word = endings_[e].word;
      if (!endings_[e].literal) {
        ReportWord(text, end, word, sink);
      } else if (sink.finds.Count(words_.size() + word) == 1) {
        sink.finds.literals.push_back(word);
      }
    }
  }
}

void KeywordSet::ReportWord(std::string_view text, std::size_t end, std::uint32_t word,
                            Sink& sink) const {
  const Edges& edges = edges_of_word_[word];
  if (edges.right && WordCharacterAt(text, end)) return;
  const std::size_t begin = BeginOf(text, end, words_[word]);
  if (edges.left && WordCharacterBefore(text, begin)) return;
  if (sink.finds.Count(word) <= sink.max_hits) sink.finds.hits.push_back({word, begin, end});
}

}  // namespace lazaret::rules
