// All keywords of all rules, and the literals that patterns need, in one automaton (Aho-Corasick):
// one pass over a text finds every word. Case is ignored; any run of white space in the text is one
// space, so that a wrapped line does not hide a phrase. A word whose edge is a letter or digit of a
// spaced script needs a word boundary there; Han, Kana and Hangul match anywhere.
#ifndef LAZARET_RULES_KEYWORD_SET_H_
#define LAZARET_RULES_KEYWORD_SET_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lazaret::rules {

// Memory of the table that holds where each byte leads: the nodes nearest to the root have a row in
// it, deeper ones are followed by their edges. Stops word lists of a million entries from taking
// gigabytes.
inline constexpr std::size_t kKeywordTableBytes = 8U << 20;

struct KeywordHit {
  std::uint32_t word = 0;  // as Add() numbered it
  std::size_t begin = 0;   // bytes of the text
  std::size_t end = 0;
};

// What one text holds. Reused from text to text it allocates once. One thread at a time.
class KeywordFinds {
 public:
  std::vector<KeywordHit> hits;         // in order of their ends
  std::vector<std::uint32_t> literals;  // numbers of the literals that occur, each once

 private:
  friend class KeywordSet;
  // How often `slot` was found in this text, this time included.
  std::uint32_t Count(std::size_t slot);

  struct Counter {
    std::uint32_t pass = 0;
    std::uint32_t count = 0;
  };
  std::vector<Counter> counters_;
  std::uint32_t pass_ = 0;
};

class KeywordSet {
 public:
  // The same word (but for case) gives the same number. Words are normalised text, not empty.
  std::uint32_t Add(std::string_view word);
  // A literal that is reported as `number` wherever it occurs: boundaries are not asked, and white
  // space may differ from the literal's own. ASCII letters in lower case; not white space alone.
  void AddLiteral(std::string_view literal, std::uint32_t number);
  // Once, after the last Add.
  void Build(std::size_t table_bytes = kKeywordTableBytes);
  std::size_t size() const { return words_.size(); }
  const std::string& word(std::uint32_t index) const { return words_[index]; }

  // Replaces `finds` by what `text` holds: at most `max_hits` hits for each word.
  void Find(std::string_view text, std::size_t max_hits, KeywordFinds& finds) const;

 private:
  // Nodes are numbered breadth first, so that the children of one stand side by side.
  struct Node {
    std::uint32_t first_child = 0;
    std::uint32_t children = 0;
    std::uint32_t fail = 0;
    std::uint32_t output_link = 0;  // next node on the fail path that ends words; 0 = none
    std::uint32_t first_ending = kNone;
  };
  struct Ending {
    std::uint32_t word = 0;  // a literal's number when `literal`
    std::uint32_t next = kNone;
    bool literal = false;
  };
  struct Edges {
    bool left = false;  // a word boundary is needed there
    bool right = false;
  };
  using Trie = std::unordered_map<std::uint64_t, std::uint32_t>;
  static constexpr std::uint32_t kNone = UINT32_MAX;
  // In an entry of the table: words end at that node.
  static constexpr std::uint32_t kEndsWords = 1U << 31;

  void Insert(std::string_view folded, Ending ending);
  void MakeClasses();
  void NumberNodes();
  void MakeTable(std::size_t bytes);
  void MakeLinks();
  bool HasOutput(std::uint32_t node) const {
    return nodes_[node].first_ending != kNone || nodes_[node].output_link != 0;
  }
  std::uint32_t StateOf(std::uint32_t node) const;
  std::uint32_t NodeOf(std::uint32_t state) const;
  std::uint32_t Step(std::uint32_t node, std::uint8_t byte_class) const;
  struct Sink {
    std::size_t max_hits;
    KeywordFinds& finds;
  };
  struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  // Bounds what is found by the second of two walks and waits for the first.
  static constexpr std::size_t kBlockBytes = 64U << 10;
  static constexpr std::size_t kFreshBytes = 1024;
  std::uint32_t Next(std::uint32_t state, char c) const;
  std::size_t FreshPlace(std::string_view text, std::size_t at) const;
  std::uint32_t Walk(std::string_view text, Range range, std::uint32_t state, Sink& sink) const;
  std::uint32_t WalkBoth(std::string_view text, Range first, Range second, std::uint32_t state,
                         Sink& sink) const;
  void Report(std::string_view text, std::size_t end, std::uint32_t node, Sink& sink) const;
  void ReportWord(std::string_view text, std::size_t end, std::uint32_t word, Sink& sink) const;

  std::vector<std::string> words_;  // lower case
  std::vector<Edges> edges_of_word_;
  std::unordered_map<std::string, std::uint32_t> index_;
  Trie trie_;  // (node, byte) -> node while building
  std::vector<Node> nodes_{Node{}};
  std::vector<Ending> endings_;
  std::uint32_t literals_ = 0;  // one more than the largest number
  // What a byte is to the automaton: letters without case, blanks as one, those of no word as one.
  std::array<std::uint8_t, 256> class_of_{};
  std::uint32_t classes_ = 1;
  std::vector<std::uint8_t> class_into_;  // node -> class of the byte that leads to it
  // The state behind each class, for the first `rows_` nodes. The state of a node that has a row is
  // where its row begins; those of the others are counted on from the table's end.
  std::vector<std::uint32_t> table_;
  std::uint32_t rows_ = 0;
};

}  // namespace lazaret::rules

#endif  // LAZARET_RULES_KEYWORD_SET_H_
