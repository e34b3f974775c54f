#include <algorithm>
#include <array>
#include <optional>

#include "base/format.h"
#include "base/text.h"
#include "mail/mime/lint.h"

namespace lazaret::mail {
namespace {

constexpr auto kAmbiguous = DifferenceLevel::kAmbiguous;
constexpr auto kBroken = DifferenceLevel::kBroken;

// Does a header-like line with a Content- field stand at `at`? What a reader of that place would
// need to see a part.
bool PartHeaderAt(std::string_view bytes, std::size_t at, std::size_t end) {
  const HeaderBlock block = ParseHeader(bytes, at, std::min(end, at + 4096));
  return std::any_of(block.fields.begin(), block.fields.end(), [](const RawField& field) {
    return base::AsciiEqualNoCase(field.name.substr(0, 8), "content-");
  });
}

void LintBoundaryParameter(const LintTarget& target, const MultipartView& view) {
  const RawField* field = LastField(view.entity.header, "content-type");
  const std::size_t offset = field != nullptr ? field->begin : view.entity.header.begin;
  const ParameterReadings readings = ReadParameter(view.entity.type, "boundary", false);
  if (readings.readings.empty() || readings.readings.front().text.empty()) {
    target.Report("mime.missing-boundary", kAmbiguous, offset, "multipart without boundary");
    return;
  }
  const std::string& first = readings.readings.front().text;
  const auto other = std::find_if(readings.readings.begin(), readings.readings.end(),
                                  [&](const ParameterReading& r) { return r.text != first; });
  if (other != readings.readings.end()) {
    target.Report("mime.duplicate-boundary", kAmbiguous, offset,
                  base::Format("\"{}\" or \"{}\"", first.substr(0, 70), other->text.substr(0, 70)));
  } else if (readings.readings.size() > 1 || readings.repeated) {
    target.Report("mime.duplicate-parameter", kBroken, offset, "boundary");
  }
  if (readings.duplicate || readings.broken) {
    target.Report("mime.duplicate-boundary", kAmbiguous, offset, "doubled or broken forms");
  }
  if (readings.readings.front().extended) {
    target.Report("mime.encoded-boundary", kBroken, offset, first.substr(0, 70));
  }
  for (const RawParameter& parameter : view.entity.type.parameters) {
    if (parameter.name != "boundary") continue;
    const std::string_view value = parameter.value;
    const bool padded = base::TrimAscii(value).size() != value.size();
    if (parameter.odd || parameter.quoted_pair || padded) {
      target.Report("mime.odd-boundary", kAmbiguous, offset, value.substr(0, 80));
    }
  }
}

void LintMultipartEncoding(const LintTarget& target, const MultipartView& view) {
  constexpr std::array<std::string_view, 2> kDecoding{"base64", "quoted-printable"};
  const std::string& encoding = view.entity.encoding;
  if (std::find(kDecoding.begin(), kDecoding.end(), encoding) == kDecoding.end()) return;
  const RawField* field = LastField(view.entity.header, "content-transfer-encoding");
  target.Report("mime.encoding-on-multipart", kAmbiguous,
                field != nullptr ? field->begin : view.entity.header.begin, encoding);
}

class DelimiterCheck {
 public:
  DelimiterCheck(const LintTarget& target, const MultipartView& view)
      : target_(target), view_(view) {}

  void Run() {
    const std::size_t begin = view_.entity.header.body;
    // A header that came without its body, as bounces quote them: nothing to see in any reading.
    const std::size_t end = std::min(view_.end, target_.bytes.size());
    if (begin >= end || base::TrimAscii(target_.bytes.substr(begin, end - begin)).empty()) return;
    auto line = std::lower_bound(
        view_.delimiters.begin(), view_.delimiters.end(), begin,
        [](const DelimiterLine& delimiter, std::size_t at) { return delimiter.begin < at; });
    for (; line != view_.delimiters.end() && line->begin < view_.end; ++line) Check(*line);
    if (!opened_ && view_.children == 0) {
      target_.Report("mime.boundary-not-seen", kAmbiguous, begin, view_.boundary.substr(0, 80));
    } else if (!closed_) {
      target_.Report("mime.no-end-boundary", kBroken, view_.end, view_.boundary.substr(0, 80));
    }
  }

 private:
  void Check(const DelimiterLine& line) {
    const std::string_view text = LineText(target_.bytes, line.begin, line.end);
    const DelimiterKind kind = MatchDelimiter(text, view_.boundary);
    if (closed_ && kind != DelimiterKind::kNone) {
      if (PartHeaderAt(target_.bytes, line.end, view_.end)) {
        target_.Report("mime.parts-after-end", kAmbiguous, line.begin,
                       "a part stands behind the closing boundary");
      }
      return;
    }
    if (kind == DelimiterKind::kOpen) opened_ = true;
    if (kind == DelimiterKind::kClose) closed_ = true;
    // Few looks: each may search the whole message.
    if (kind == DelimiterKind::kSuffix && suffix_looks_++ < kMaxSuffixLooks &&
        PartHeaderAt(target_.bytes, line.end, view_.end) && !DeclaredElsewhere(text)) {
      target_.Report("mime.delimiter-suffix", kAmbiguous, line.begin, text.substr(0, 100));
    }
  }

  // A longer boundary that begins with this one is legal; its own multipart matches the line
  // exactly.
  bool DeclaredElsewhere(std::string_view text) const {
    std::string_view name = text.substr(2);
    while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.remove_suffix(1);
    const auto declared = [&](std::string_view boundary) {
      for (const char* form : {"boundary=\"", "boundary="}) {
        const std::size_t at = target_.bytes.find(std::string(form) + std::string(boundary));
        if (at != std::string_view::npos) return true;
      }
      return false;
    };
    return declared(name) || (name.size() > 2 && name.substr(name.size() - 2) == "--" &&
                              declared(name.substr(0, name.size() - 2)));
  }

  const LintTarget& target_;
  const MultipartView& view_;
  static constexpr int kMaxSuffixLooks = 8;
  int suffix_looks_ = 0;
  bool opened_ = false;
  bool closed_ = false;
};

}  // namespace

void LintMultipart(const LintTarget& target, const MultipartView& view) {
  LintBoundaryParameter(target, view);
  LintMultipartEncoding(target, view);
  if (view.boundary.empty()) return;
  if (view.boundary_in_use) {
    target.Report("mime.same-boundary", kAmbiguous, view.entity.header.begin,
                  view.boundary.substr(0, 80));
  }
  DelimiterCheck(target, view).Run();
}

}  // namespace lazaret::mail
