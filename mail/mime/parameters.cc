#include "mail/mime/parameters.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "base/text.h"
#include "base/unicode/charset.h"
#include "mail/mime/encoded_words.h"

namespace lazaret::mail {
namespace {

constexpr int kMaxCommentDepth = 50;  // stops comment bombs; deeper is taken as unclosed

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

class Scanner {
 public:
  Scanner(std::string_view text, StructuredValue& out) : text_(text), out_(out) {}

  void Run() {
    ReadMain();
    while (at_ < text_.size() && out_.parameters.size() < kMaxParameters) {
      if (text_[at_] == ';' || text_[at_] == ',') {
        ++at_;
        continue;
      }
      ReadParameterText();
    }
  }

 private:
  void SkipBlanksAndComments() {
    while (at_ < text_.size()) {
      if (IsBlank(text_[at_])) {
        ++at_;
      } else if (text_[at_] == '(') {
        SkipComment();
      } else {
        return;
      }
    }
  }

  void SkipComment() {
    out_.has_comment = true;
    int depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '\\' && at_ < text_.size()) {
        ++at_;
      } else if (c == '(' && ++depth > kMaxCommentDepth) {
        break;
      } else if (c == ')' && --depth == 0) {
        return;
      }
    }
    out_.unclosed_comment = true;
  }

  void ReadMain() {
    std::string main;
    SkipBlanksAndComments();
    while (at_ < text_.size() && text_[at_] != ';') {
      if (text_[at_] == '(') {
        SkipComment();
        continue;
      }
      main += text_[at_++];
    }
    std::string_view trimmed = base::TrimAscii(main);
    // A blank inside: only the first word counts, except around the slash ("text / plain").
    std::string packed;
    for (std::size_t i = 0; i < trimmed.size(); ++i) {
      if (!IsBlank(trimmed[i])) {
        packed += trimmed[i];
        continue;
      }
      const std::size_t next = trimmed.find_first_not_of(" \t\r\n", i);
      const bool at_slash = (!packed.empty() && packed.back() == '/') || trimmed[next] == '/';
      if (!at_slash) {
        out_.odd_main = true;
        RecoverMissingSemicolon(trimmed.substr(next));
        break;
      }
      i = next - 1;
    }
    out_.main = base::AsciiLower(packed);
  }

  // "text/plain charset=utf-8": the semicolon was forgotten; the parameter still counts.
  void RecoverMissingSemicolon(std::string_view rest) {
    if (rest.find('=') == std::string_view::npos) return;
    StructuredValue inner;
    const std::string text = "x;" + std::string(rest);
    Scanner(text, inner).Run();
    for (RawParameter& parameter : inner.parameters) {
      parameter.odd = true;
      out_.parameters.push_back(std::move(parameter));
    }
  }

  void ReadParameterText() {
    RawParameter parameter;
    SkipBlanksAndComments();
    std::string name;
    while (at_ < text_.size() && text_[at_] != '=' && text_[at_] != ';') {
      if (text_[at_] == '(') {
        SkipComment();
      } else {
        name += text_[at_++];
      }
    }
    parameter.name = base::AsciiLower(base::TrimAscii(name));
    if (at_ >= text_.size() || text_[at_] == ';') return;
    ++at_;
    SkipBlanksAndComments();
    if (at_ < text_.size() && text_[at_] == '"') {
      ReadQuoted(parameter);
    } else {
      ReadToken(parameter);
    }
    if (!parameter.name.empty()) out_.parameters.push_back(std::move(parameter));
  }

  void ReadQuoted(RawParameter& parameter) {
    parameter.quoted = true;
    ++at_;
    bool closed = false;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') {
        closed = true;
        break;
      }
      parameter.raw += c;
      if (c == '\\' && at_ < text_.size()) {
        parameter.quoted_pair = true;
        parameter.raw += text_[at_];
        parameter.value += text_[at_++];
      } else {
        parameter.value += c;
      }
    }
    SkipBlanksAndComments();
    std::string behind;
    while (at_ < text_.size() && text_[at_] != ';') behind += text_[at_++];
    parameter.odd = !closed || !base::TrimAscii(behind).empty();
    // A forgotten semicolon behind a quoted value must not hide the next parameter.
    if (closed && behind.find('=') != std::string::npos) RecoverMissingSemicolon(behind);
  }

  void ReadToken(RawParameter& parameter) {
    std::string value;
    while (at_ < text_.size() && text_[at_] != ';') {
      if (text_[at_] == '(' && !value.empty() && IsBlank(value.back())) {
        SkipComment();
      } else {
        value += text_[at_++];
      }
    }
    parameter.value = std::string(base::TrimAscii(value));
    parameter.raw = parameter.value;
    parameter.odd = parameter.value.find_first_of(" \t\"") != std::string::npos;
  }

  std::string_view text_;
  StructuredValue& out_;
  std::size_t at_ = 0;
};

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string PercentDecode(std::string_view text, bool& broken) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? HexValue(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexValue(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      broken = true;
      out += '%';
      continue;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

struct Segment {
  const RawParameter* parameter = nullptr;
  bool encoded = false;
};

// "*", "*0", "*0*", "*12*": index (0 for "*") and whether percent-encoded; nullopt for other names.
std::optional<std::pair<unsigned, bool>> ExtendedSuffix(std::string_view suffix) {
  if (suffix == "*") return std::make_pair(0U, true);
  if (suffix.size() < 2 || suffix.front() != '*') return std::nullopt;
  suffix.remove_prefix(1);
  const bool encoded = suffix.back() == '*';
  if (encoded) suffix.remove_suffix(1);
  unsigned index = 0;
  const auto [end, error] = std::from_chars(suffix.data(), suffix.data() + suffix.size(), index);
  if (error != std::errc() || end != suffix.data() + suffix.size()) return std::nullopt;
  return std::make_pair(index, encoded);
}

ParameterReading JoinSegments(const std::map<unsigned, Segment>& segments, bool& broken) {
  ParameterReading reading;
  reading.extended = true;
  std::string charset;
  std::string bytes;
  unsigned expected = 0;
  for (const auto& [index, segment] : segments) {
    if (index != expected++) broken = true;
    std::string_view text = segment.parameter->value;
    if (segment.encoded && index == 0) {
      const std::size_t first = text.find('\'');
      const std::size_t second =
          first == std::string_view::npos ? first : text.find('\'', first + 1);
      if (second == std::string_view::npos) {
        broken = true;
      } else {
        charset = std::string(text.substr(0, first));
        text.remove_prefix(second + 1);
      }
    }
    bytes += segment.encoded ? PercentDecode(text, broken) : std::string(text);
  }
  auto decoded = charset.empty() ? std::nullopt : base::DecodeCharset(bytes, charset);
  reading.unknown_charset = !charset.empty() && !decoded;
  reading.text = decoded ? std::move(decoded->utf8) : base::DecodeUnlabelled(bytes);
  return reading;
}

void AddExtended(const StructuredValue& value, std::string_view base, ParameterReadings& out) {
  std::map<unsigned, Segment> joined;
  std::optional<Segment> single;
  for (const RawParameter& parameter : value.parameters) {
    if (parameter.name.size() <= base.size() || parameter.name.compare(0, base.size(), base) != 0) {
      continue;
    }
    const std::string_view suffix = std::string_view(parameter.name).substr(base.size());
    const auto form = ExtendedSuffix(suffix);
    if (!form) continue;
    const Segment segment{&parameter, form->second};
    if (suffix == "*") {
      if (single)
        (single->parameter->value == parameter.value ? out.repeated : out.duplicate) = true;
      if (!single) single = segment;
    } else if (!joined.emplace(form->first, segment).second) {
      out.duplicate = true;
    }
  }
  if (single) out.readings.push_back(JoinSegments({{0U, *single}}, out.broken));
  if (!joined.empty()) out.readings.push_back(JoinSegments(joined, out.broken));
}

}  // namespace

StructuredValue ParseStructured(std::string_view unfolded) {
  StructuredValue value;
  Scanner(unfolded, value).Run();
  return value;
}

ParameterReadings ReadParameter(const StructuredValue& value, std::string_view base, bool words) {
  ParameterReadings out;
  AddExtended(value, base, out);
  const RawParameter* first = nullptr;
  for (const RawParameter& parameter : value.parameters) {
    if (parameter.name != base) continue;
    if (first != nullptr) (first->value == parameter.value ? out.repeated : out.duplicate) = true;
    if (first == nullptr) first = &parameter;
    ParameterReading reading;
    if (words && parameter.value.find("=?") != std::string::npos) {
      DecodedWords decoded = DecodeWords(parameter.value);
      reading.text = std::move(decoded.text);
      reading.unknown_charset = decoded.unknown_charset;
    } else {
      reading.text = base::DecodeUnlabelled(parameter.value);
    }
    out.readings.push_back(std::move(reading));
    // "C:\temp\a.exe": programs differ on whether a backslash quotes.
    if (words && parameter.quoted_pair) {
      out.readings.push_back(ParameterReading{base::DecodeUnlabelled(parameter.raw), false, false});
    }
  }
  return out;
}

}  // namespace lazaret::mail
