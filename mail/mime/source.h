// Inside mail/mime: a text that is parsed as a message, and places in it.
#ifndef LAZARET_MAIL_MIME_SOURCE_H_
#define LAZARET_MAIL_MIME_SOURCE_H_

#include <cstddef>
#include <string_view>
#include <vector>

#include "mail/mime/delimiters.h"
#include "mail/mime/structure.h"

namespace lazaret::mail {

// One text that is parsed as a message: the mail itself, a message that was decoded or found, or
// another view of a multipart.
struct Source {
  std::string_view bytes;
  bool in_message = true;
  std::size_t outer_offset = 0;
  bool first_view = true;  // false: the text is itself another view of some multipart
  // True: nobody declared this text as a message. No mail program opens it by itself, so what two
  // readers would make of its headers is not reported; its parts are looked at all the same.
  bool found = false;
  std::vector<DelimiterLine> delimiters;
};

// Where an entity stands: header and body, without the delimiter lines around it.
struct Region {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string_view enclosing_boundary;
};

// Of the entity and all below it, as view 0 saw them.
std::size_t FirstByte(const StructureNode& node);
std::size_t LastByte(const StructureNode& node);

// The delimiter lines of one boundary between `begin` and `end`.
std::vector<DelimiterLine> OwnDelimiters(const Source& source, std::string_view boundary,
                                         std::size_t begin, std::size_t end);

// A delimiter's line break belongs to the delimiter (RFC 2046 section 5.1.1): where the text before
// the delimiter at `at` ends, not before `floor`.
std::size_t BeforeLineEnd(std::string_view bytes, std::size_t at, std::size_t floor);

// The place of a multipart's child. `own` are the delimiter lines of the multipart.
Region ChildRegion(const Source& source, const std::vector<DelimiterLine>& own,
                   const StructureNode& child, const Region& region, std::string_view boundary);

// Where the first part behind the closing delimiter begins; body.end when there is none.
std::size_t EndOfParts(const Source& source, std::string_view boundary, const Region& body);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_MIME_SOURCE_H_
