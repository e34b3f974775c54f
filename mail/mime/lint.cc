#include "mail/mime/lint.h"

#include <algorithm>
#include <array>

#include "base/format.h"
#include "base/text.h"

namespace lazaret::mail {
namespace {

constexpr auto kAmbiguous = DifferenceLevel::kAmbiguous;
constexpr auto kBroken = DifferenceLevel::kBroken;

bool IsContentField(std::string_view name) {
  return base::AsciiEqualNoCase(name.substr(0, 8), "content-");
}

struct Single {
  std::string_view field;
  const char* code;
};
// Content fields of which an entity has one; two different values give two entities.
constexpr std::array kSingleContent{
    Single{"content-type", "mime.duplicate-content-type"},
    Single{"content-transfer-encoding", "mime.duplicate-transfer-encoding"},
    Single{"content-disposition", "mime.duplicate-disposition"},
};
// RFC 5322 section 3.6: at most one each.
constexpr std::array<std::string_view, 8> kSingleMessage{
    "from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id"};

// Differing values of two fields of one name: the first and last as evidence.
void LintDuplicate(const LintTarget& target, const HeaderBlock& header, std::string_view name,
                   const char* code) {
  const RawField* first = FindField(header, name);
  const RawField* last = LastField(header, name);
  if (first == last) return;
  const std::string a = Unfold(first->value);
  const std::string b = Unfold(last->value);
  const bool differ = !base::AsciiEqualNoCase(a, b);
  const bool content = IsContentField(name);
  const bool ambiguous = differ && (content || name == "from");
  target.Report(code, ambiguous ? kAmbiguous : kBroken, last->begin,
                base::Format("{}: \"{}\" or \"{}\"", name, a.substr(0, 80), b.substr(0, 80)));
}

void LintField(const LintTarget& target, const RawField& field) {
  const DifferenceLevel level = IsContentField(field.name) ? kAmbiguous : kBroken;
  const std::string_view name = field.name.substr(0, 60);
  if (field.space_before_colon) {
    target.Report("mime.space-before-colon", level, field.begin, name);
  }
  if (field.odd_name && !field.name.empty()) {
    // "Content-Type (x): ..." reads as Content-Type to some.
    target.Report("mime.odd-header-name", level, field.begin, name);
  }
  const std::string_view raw = target.bytes.substr(field.begin, field.end - field.begin);
  if (raw.find('\0') != std::string_view::npos) {
    target.Report("mime.nul-in-header", level, field.begin, name);
  }
  for (std::size_t at = raw.find('\r'); at != std::string_view::npos; at = raw.find('\r', at + 1)) {
    if (at + 1 >= raw.size() || raw[at + 1] == '\n') continue;
    // Two in a row end the header for whoever takes CR as a line end.
    const bool splits = raw[at + 1] == '\r' || IsContentField(raw.substr(at + 1));
    target.Report("mime.bare-cr", splits ? kAmbiguous : level, field.begin + at, name);
    if (splits) return;
  }
}

bool IsMboxLine(const RawField& field, std::size_t header_begin) {
  return field.begin == header_begin &&
         (field.value.substr(0, 5) == "From " || field.name.substr(0, 5) == "From " ||
          field.name.substr(0, 6) == ">From ");
}

// A line without colon: some skip it, some end the header there and lose what follows. In a part it
// may be text that lacks its empty line. Its words stay out of the record: no detector has seen
// them.
void LintNoColon(const LintTarget& target, const HeaderBlock& header, std::size_t index,
                 bool message_header) {
  const RawField& field = header.fields[index];
  const bool content_follows =
      std::any_of(header.fields.begin() + static_cast<std::ptrdiff_t>(index), header.fields.end(),
                  [](const RawField& later) { return IsContentField(later.name); });
  target.Report("mime.header-without-colon",
                content_follows || !message_header ? kAmbiguous : kBroken, field.begin,
                base::Format("a line of {} bytes", field.value.size()));
}

// An empty line first: the header is empty for some, the next lines are it for others.
void LintEmptyFirstLine(const LintTarget& target, const HeaderBlock& header) {
  if (!header.fields.empty() || !header.terminated) return;
  const std::size_t end = std::min(target.bytes.size(), header.body + 4096);
  const HeaderBlock next = ParseHeader(target.bytes, header.body, end);
  if (next.fields.empty() || next.fields.front().odd_name) return;
  const bool content =
      std::any_of(next.fields.begin(), next.fields.end(),
                  [](const RawField& field) { return IsContentField(field.name); });
  target.Report("mime.empty-first-line", content ? kAmbiguous : kBroken, header.begin,
                next.fields.front().name.substr(0, 60));
}

void LintLineEnds(const LintTarget& target, const HeaderBlock& header) {
  bool lf = false;
  bool crlf = false;
  for (std::size_t at = header.begin; at < header.body;) {
    const std::size_t newline = target.bytes.find('\n', at);
    if (newline == std::string_view::npos || newline >= header.body) break;
    const bool with_cr = newline > header.begin && target.bytes[newline - 1] == '\r';
    (with_cr ? crlf : lf) = true;
    if (lf && crlf) {
      target.Report("mime.mixed-line-ends", kBroken, newline, "LF and CRLF in one header");
      return;
    }
    at = newline + 1;
  }
}

void LintTypeSyntax(const LintTarget& target, const Entity& entity) {
  const RawField* field = LastField(entity.header, "content-type");
  if (field == nullptr) return;
  if (entity.type.unclosed_comment) {
    target.Report("mime.unclosed-comment", kAmbiguous, field->begin, "Content-Type");
  }
  const std::string main = ParseStructured(Unfold(field->value)).main;
  const bool has_boundary =
      std::any_of(entity.type.parameters.begin(), entity.type.parameters.end(),
                  [](const RawParameter& parameter) { return parameter.name == "boundary"; });
  if (std::count(main.begin(), main.end(), '/') != 1 && has_boundary) {
    target.Report("mime.bad-content-type", kAmbiguous, field->begin, main);
  } else if (std::count(main.begin(), main.end(), '/') != 1) {
    target.Report("mime.bad-content-type", kBroken, field->begin, main);
  }
  if (entity.type.main == "message/partial") {
    target.Report("mime.partial-message", kAmbiguous, field->begin,
                  "the whole is not in this mail");
  }
  if (entity.type.main == "message/external-body") {
    target.Report("mime.external-body", kAmbiguous, field->begin, "the content is elsewhere");
  }
}

bool IsPlainEncoding(std::string_view encoding) {
  constexpr std::array<std::string_view, 8> kPlain{"",      "7bit",  "8bit",  "binary",
                                                   "7-bit", "8-bit", "7bits", "8bits"};
  return std::find(kPlain.begin(), kPlain.end(), encoding) != kPlain.end();
}

bool IsKnownEncoding(std::string_view encoding) {
  constexpr std::array<std::string_view, 6> kKnown{"base64", "quoted-printable", "x-uuencode",
                                                   "x-uue",  "uuencode",         "uue"};
  return IsPlainEncoding(encoding) ||
         std::find(kKnown.begin(), kKnown.end(), encoding) != kKnown.end();
}

// Would a reader that guesses take this text for base64?
bool LooksBase64(std::string_view raw) {
  const std::string_view head = raw.substr(0, 400);
  const std::size_t letters = static_cast<std::size_t>(std::count_if(
      head.begin(), head.end(), [](char c) { return c != '\r' && c != '\n' && c != ' '; }));
  if (letters < 20) return false;
  const bool alphabet = std::all_of(head.begin(), head.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/' || c == '=' || c == '\r' || c == '\n';
  });
  return alphabet;
}

}  // namespace

void LintHeader(const LintTarget& target, const Entity& entity, bool message_header) {
  const HeaderBlock& header = entity.header;
  for (const Single& single : kSingleContent) {
    LintDuplicate(target, header, single.field, single.code);
  }
  if (message_header) {
    for (const std::string_view name : kSingleMessage) {
      LintDuplicate(target, header, name, "mime.duplicate-header");
    }
  }
  for (std::size_t i = 0; i < header.fields.size(); ++i) {
    const RawField& field = header.fields[i];
    if (IsMboxLine(field, header.begin)) {
      target.Report("mime.mbox-line", kBroken, field.begin, "the message begins with an mbox line");
    } else if (field.name.empty()) {
      LintNoColon(target, header, i, message_header);
    } else {
      LintField(target, field);
    }
  }
  if (message_header) LintEmptyFirstLine(target, header);
  LintLineEnds(target, header);
  LintTypeSyntax(target, entity);
}

void LintNames(const LintTarget& target, const Entity& entity, const ClaimedNames& names) {
  const std::size_t offset = entity.header.begin;
  const std::string shown = names.names.empty() ? "" : names.names.front();
  if (names.duplicate) target.Report("mime.duplicate-filename", kAmbiguous, offset, shown);
  if (names.repeated) target.Report("mime.duplicate-parameter", kBroken, offset, shown);
  if (names.broken) target.Report("mime.broken-parameter", kBroken, offset, shown);
  if (names.unknown_charset) target.Report("mime.unknown-charset", kBroken, offset, shown);
  if (names.extension_conflict) {
    const std::string& last = names.names.back();
    target.Report("mime.name-conflict", kAmbiguous, offset, base::Format("{} or {}", shown, last));
  }
}

void LintEncoding(const LintTarget& target, const Entity& entity, std::string_view raw) {
  if (IsKnownEncoding(entity.encoding)) return;
  const RawField* field = LastField(entity.header, "content-transfer-encoding");
  target.Report("mime.unknown-transfer-encoding", LooksBase64(raw) ? kAmbiguous : kBroken,
                field != nullptr ? field->begin : entity.header.begin, entity.encoding);
}

void LintDecoded(const LintTarget& target, std::string_view encoding, const Decoded& decoded,
                 std::size_t body) {
  if (!decoded.broken()) return;
  const std::size_t offset = body + decoded.first_problem;
  if (encoding == "quoted-printable") {
    target.Report("mime.broken-quoted-printable", kBroken, offset,
                  base::Format("{} bad escapes", decoded.foreign));
    return;
  }
  if (decoded.data_after_padding) {
    target.Report("mime.base64-after-padding", kAmbiguous, offset, "stop at the padding or go on");
  }
  target.Report("mime.broken-base64", kBroken, offset,
                base::Format("{} foreign bytes{}", decoded.foreign,
                             decoded.leftover ? ", incomplete last group" : ""));
}

}  // namespace lazaret::mail
