// Text of the XML parts inside office documents (OOXML, ODF): runs join, paragraphs and cells
// break.
#ifndef LAZARET_MAIL_TEXT_DOCUMENT_TEXT_H_
#define LAZARET_MAIL_TEXT_DOCUMENT_TEXT_H_

#include <string>
#include <string_view>

namespace lazaret::mail {

// Does this member of a document hold text that a reader sees?
bool IsDocumentTextMember(std::string_view name);

// `xml` is valid UTF-8. Linear; tags are dropped, entities decoded, no entity is ever defined.
std::string DocumentText(std::string_view xml);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_TEXT_DOCUMENT_TEXT_H_
