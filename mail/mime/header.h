// The header block of a message or part as raw bytes (RFC 5322 section 2.2), without repair: fields
// keep their offsets and everything two readers may see differently is marked.
#ifndef LAZARET_MAIL_MIME_HEADER_H_
#define LAZARET_MAIL_MIME_HEADER_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lazaret::mail {

struct RawField {
  std::string_view name;   // as sent, without blanks before the colon; empty: a line without colon
  std::string_view value;  // behind the colon, folds kept, without the last line end
  std::size_t begin = 0;   // offsets in the bytes given to ParseHeader, last line end included
  std::size_t end = 0;
  bool space_before_colon = false;
  bool odd_name = false;  // blanks, controls or 8-bit inside the name, or no name at all
};

struct HeaderBlock {
  std::vector<RawField> fields;
  std::size_t begin = 0;
  std::size_t body = 0;     // first byte behind the empty line
  bool terminated = false;  // an empty line was seen
};

// Reads fields from `begin` to the empty line or `end`. Bytes are those of the whole message.
// Linear.
HeaderBlock ParseHeader(std::string_view bytes, std::size_t begin, std::size_t end);

// The first field of that name (no case), or nullptr.
const RawField* FindField(const HeaderBlock& block, std::string_view name);
std::size_t CountFields(const HeaderBlock& block, std::string_view name);

// Line ends inside the value removed, blanks kept (RFC 5322 section 2.2.3), ends trimmed.
std::string Unfold(std::string_view value);

// End of the line that starts at `at`: the offset behind its LF, or `end`.
std::size_t NextLine(std::string_view bytes, std::size_t at, std::size_t end);
// The line [at, next) without its line end.
std::string_view LineText(std::string_view bytes, std::size_t at, std::size_t next);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_MIME_HEADER_H_
