// All keywords of all rules in one automaton (Aho-Corasick): one pass over a text finds every word.
// Case is ignored; any run of white space in the text is one space, so that a wrapped line does not
// hide a phrase. A word whose edge is a letter or digit of a spaced script needs a word boundary
// there; Han, Kana and Hangul match anywhere.
#ifndef LAZARET_RULES_KEYWORD_SET_H_
#define LAZARET_RULES_KEYWORD_SET_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lazaret::rules {

struct KeywordHit {
  std::uint32_t word = 0;  // as Add() numbered it
  std::size_t begin = 0;   // bytes of the text
  std::size_t end = 0;
};

class KeywordSet {
 public:
  // The same word (but for case) gives the same number. Words are normalised text, not empty.
  std::uint32_t Add(std::string_view word);
  // Once, after the last Add.
  void Build();
  std::size_t size() const { return words_.size(); }
  const std::string& word(std::uint32_t index) const { return words_[index]; }

  // Appends hits in order of their ends, at most `max_hits` for each word.
  void Find(std::string_view text, std::size_t max_hits, std::vector<KeywordHit>& hits) const;

 private:
  struct Node {
    std::uint32_t first_edge = 0;
    std::uint32_t edges = 0;
    std::uint32_t fail = 0;
    std::uint32_t output_link = 0;  // next node on the fail path that ends words; 0 = none
    std::uint32_t first_word = kNoWord;
    std::uint32_t row = kNoRow;
  };
  struct Ending {
    std::uint32_t word = 0;
    std::uint32_t next = kNoWord;
  };
  static constexpr std::uint32_t kNoWord = UINT32_MAX;
  static constexpr std::uint32_t kNoRow = UINT32_MAX;
  using Row = std::array<std::uint32_t, 256>;

  void Insert(std::string_view folded, std::uint32_t word);
  void MakeEdges();
  void MakeLinks();
  void MakeRows();
  std::uint32_t Child(std::uint32_t node, unsigned char byte) const;
  std::uint32_t Step(std::uint32_t node, unsigned char byte) const;
  struct Sink {
    std::size_t max_hits;
    std::vector<KeywordHit>& hits;
    std::unordered_map<std::uint32_t, std::size_t> counts;
  };
  void Report(std::string_view text, std::size_t end, std::uint32_t node, Sink& sink) const;

  std::vector<std::string> words_;  // lower case
  std::unordered_map<std::string, std::uint32_t> index_;
  std::unordered_map<std::uint64_t, std::uint32_t> trie_;  // (node, byte) -> node while building
  std::vector<Node> nodes_{Node{}};
  std::vector<Ending> endings_;
  std::vector<unsigned char> edge_bytes_;
  std::vector<std::uint32_t> edge_targets_;
  Row root_{};
  // Where each byte leads from the nodes of one byte, failing included: most of any text is spent
  // in these.
  std::vector<Row> rows_;
};

}  // namespace lazaret::rules

#endif  // LAZARET_RULES_KEYWORD_SET_H_
