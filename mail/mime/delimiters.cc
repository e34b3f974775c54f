#include "mail/mime/delimiters.h"

#include <set>

#include "base/text.h"
#include "mail/mime/header.h"
#include "mail/mime/parameters.h"

namespace lazaret::mail {
namespace {

constexpr std::size_t kMaxBoundary = 1'000;  // compared at most; longer ones are cut
constexpr std::size_t kMaxLengths =
    256;  // distinct boundary lengths: bounds the work for each line

class Pass {
 public:
  Pass(std::string_view bytes, const MimeLimits& limits) : bytes_(bytes), limits_(limits) {
    out_.end = bytes.size();
  }

  Prescan Run() {
    while (at_ < bytes_.size() && out_.limit.empty()) {
      if (in_header_) {
        HeaderLine();
      } else {
        NextCandidate();
      }
    }
    return std::move(out_);
  }

 private:
  void HeaderLine() {
    const std::size_t next = NextLine(bytes_, at_, bytes_.size());
    const std::string_view line = LineText(bytes_, at_, next);
    if (IsDelimiter(line)) {
      EndHeader();
      AddDelimiter(next);
      return;
    }
    header_bytes_ += next - at_;
    if (!line.empty() && line.front() != ' ' && line.front() != '\t') ++header_fields_;
    if (header_fields_ > limits_.max_header_fields) return Stop("header-fields");
    if (header_bytes_ > limits_.max_header_bytes) return Stop("header-bytes");
    if (line.empty()) EndHeader();
    at_ = next;
    if (line.empty()) header_begin_ = at_;
  }

  // Learns what the header declares; an embedded message's header follows at once.
  void EndHeader() {
    in_header_ = false;
    const HeaderBlock block = ParseHeader(bytes_, header_begin_, at_);
    for (const RawField& field : block.fields) {
      if (!base::AsciiEqualNoCase(field.name, "content-type")) continue;
      const StructuredValue type = ParseStructured(Unfold(field.value));
      if (type.main.compare(0, 8, "message/") == 0) in_header_ = true;
      for (const RawParameter& parameter : type.parameters) {
        if (parameter.name.compare(0, 8, "boundary") != 0) continue;
        Declare(parameter.value);
        Declare(parameter.raw);
      }
      for (const ParameterReading& reading : ReadParameter(type, "boundary", false).readings) {
        Declare(reading.text);
      }
    }
  }

  void Declare(std::string_view boundary) {
    boundary = base::TrimAscii(boundary).substr(0, kMaxBoundary);
    if (boundary.empty()) return;
    lengths_.insert(boundary.size());
    boundaries_.emplace(boundary);
    if (lengths_.size() > kMaxLengths) Stop("parts");
  }

  // In a body only lines that begin with "--" matter.
  void NextCandidate() {
    if (bytes_.substr(at_, 2) != "--") {
      const std::size_t found = bytes_.find("\n--", at_);
      at_ = found == std::string_view::npos ? bytes_.size() : found + 1;
      if (at_ >= bytes_.size()) return;
    }
    const std::size_t next = NextLine(bytes_, at_, bytes_.size());
    if (IsDelimiter(LineText(bytes_, at_, next))) {
      AddDelimiter(next);
    } else {
      at_ = next;
    }
  }

  void AddDelimiter(std::size_t next) {
    if (out_.delimiters.size() >= limits_.max_parts) return Stop("parts");
    out_.delimiters.push_back(DelimiterLine{at_, next});
    at_ = next;
    header_begin_ = next;
    in_header_ = true;
  }

  bool IsDelimiter(std::string_view line) const {
    if (line.substr(0, 2) != "--") return false;
    line.remove_prefix(2);
    for (const std::size_t length : lengths_) {
      if (length > line.size()) return false;
      if (boundaries_.count(line.substr(0, length)) > 0) return true;
    }
    return false;
  }

  void Stop(const char* limit) {
    out_.limit = limit;
    out_.end = at_;
  }

  std::string_view bytes_;
  const MimeLimits& limits_;
  Prescan out_;
  std::set<std::string, std::less<>> boundaries_;
  std::set<std::size_t> lengths_;
  std::size_t at_ = 0;
  std::size_t header_begin_ = 0;
  std::size_t header_fields_ = 0;
  std::size_t header_bytes_ = 0;
  bool in_header_ = true;
};

}  // namespace

Prescan PrescanMessage(std::string_view bytes, const MimeLimits& limits) {
  return Pass(bytes, limits).Run();
}

DelimiterKind MatchDelimiter(std::string_view line, std::string_view boundary) {
  if (line.substr(0, 2) != "--" || line.substr(2, boundary.size()) != boundary) {
    return DelimiterKind::kNone;
  }
  std::string_view rest = line.substr(2 + boundary.size());
  const auto blank = [](std::string_view text) {
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
  };
  if (blank(rest)) return DelimiterKind::kOpen;
  if (rest.substr(0, 2) == "--" && blank(rest.substr(2))) return DelimiterKind::kClose;
  return DelimiterKind::kSuffix;
}

}  // namespace lazaret::mail
