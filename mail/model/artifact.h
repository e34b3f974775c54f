// The artifact tree: message > parts > archive members > embedded objects. Plain data made by
// mail/reader.h and read by scanners. Names and types that come from the sender say so
// (claimed_name, declared_type); all strings meant for people are valid UTF-8.
#ifndef LAZARET_MAIL_MODEL_ARTIFACT_H_
#define LAZARET_MAIL_MODEL_ARTIFACT_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"

namespace lazaret::mail {

enum class ArtifactKind : std::uint8_t { kMessage = 0, kPart = 1, kMember = 2, kObject = 3 };

// Half-open byte range in the message as the front rebuilt it.
struct ByteRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};

struct Artifact {
  std::uint32_t id = 0;      // index in ArtifactTree::artifacts
  std::uint32_t parent = 0;  // parent's id; the root (id 0, the message) names itself
  ArtifactKind kind = ArtifactKind::kPart;
  int depth = 0;
  // "message > part 2 > x.zip > y.lnk"; parts are numbered from 1 within their parent, named ones
  // show their best claimed name.
  std::string path;
  // Every name a reader could use (filename=, name=, RFC 2231 and 2047 forms, member name), best
  // first.
  std::vector<std::string> claimed_names;
  std::string declared_type;  // "text/html", lower case; empty when none is declared
  std::string detected_type;  // by content, lower case; empty when unknown
  std::string charset;        // declared, lower case
  std::string disposition;    // "attachment", "inline" or empty, lower case
  std::string transfer_encoding;
  // Decoded bytes: they live in the message or in the tree's storage, as long as the tree. Empty
  // for multiparts (their children hold the bytes).
  std::string_view content;
  std::optional<ByteRange> raw_header;  // parts: header block in the message
  std::optional<ByteRange> raw_body;    // parts: body as sent
  base::Sha256Digest sha256{};          // of content; not set for multiparts
  bool multipart = false;               // a container by MIME structure: no content of its own
  bool text = false;           // declared or detected text: libclamav normalises white space
  bool format_flowed = false;  // text/plain with format=flowed (RFC 3676)
  bool format_delsp = false;   // and delsp=yes
  bool encrypted = false;      // an archive or document that cannot be opened
  bool truncated = false;      // a limit cut its content: what is missing was not seen
};

enum class DifferenceLevel : std::uint8_t {
  kAmbiguous = 0,  // severity A: two readings give different leaves, names or types
  kBroken = 1,     // severity B: broken, one reading
};

// Where two readers part. Codes are finding codes: "mime.duplicate-boundary".
struct Difference {
  std::string code;
  DifferenceLevel level = DifferenceLevel::kAmbiguous;
  std::uint32_t artifact = 0;
  std::size_t offset = 0;  // byte in the message
  std::string detail;      // the two readings, escaped, at most 200 bytes
};

// Something that could not be read. Codes: "scan.unscannable.<what>" for a property of the mail.
struct Unreadable {
  std::string code;
  std::uint32_t artifact = 0;
  std::string reason;
  std::uint32_t count = 1;  // how many things of this kind, when they are grouped
};

enum class TextOrigin : std::uint8_t {
  kSubject = 0,
  kHeader = 1,      // name: the header's name, lower case
  kBody = 2,        // text of a body part (text/plain, or the visible text of HTML)
  kHtmlHidden = 3,  // text a reader does not see
  kAttachment = 4,  // text of a part that is an attachment
  kFilename = 5,
  kUrl = 6,
};

// A run of text made ready for rules: valid UTF-8, transfer and charset decoded.
struct TextUnit {
  TextOrigin origin = TextOrigin::kBody;
  std::string name;  // kHeader: header name; kUrl: empty
  std::uint32_t artifact = 0;
  std::string text;
  bool truncated = false;  // a limit cut it
  bool charset_guessed = false;
};

// Header fields of the top message, in order, unfolded; value is decoded (RFC 2047) valid UTF-8.
struct HeaderField {
  std::string name;  // as sent
  std::string value;
  ByteRange raw;  // the whole field in the message
};

// Text outside headers and leaves: a header field of an embedded message, a header line that is no
// field, or the preamble or epilogue of a multipart.
struct SideText {
  std::uint32_t artifact = 0;
  std::string header;      // the field's name, lower case; empty: no field
  std::string value;       // of a field: decoded (RFC 2047), valid UTF-8
  std::string_view bytes;  // else: as sent, in the message or in storage
};

struct ArtifactTree {
  std::string_view message;  // the bytes as the front rebuilt them
  std::vector<HeaderField> headers;
  std::deque<Artifact> artifacts;  // [0] is the message
  std::vector<SideText> side_texts;
  std::vector<TextUnit> texts;
  std::vector<Difference> differences;
  std::vector<Unreadable> unreadable;
  std::deque<std::string> storage;  // decoded content the artifacts point into; never reordered

  const Artifact& root() const { return artifacts.front(); }
};

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_MODEL_ARTIFACT_H_
