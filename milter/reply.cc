#include "milter/reply.h"

namespace lazaret::milter {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// RFC 5321 section 4.2: three digits, here 4yz or 5yz.
bool IsCode(std::string_view code, char first) {
  return code.size() == 3 && code[0] == first && code[1] >= '0' && code[1] <= '5' &&
         IsDigit(code[2]);
}

bool TakeNumber(std::string_view& rest) {
  std::size_t digits = 0;
  while (digits < rest.size() && IsDigit(rest[digits])) ++digits;
  if (digits == 0 || digits > 3) return false;
  rest.remove_prefix(digits);
  return true;
}

// RFC 3463 section 2: class "." subject "." detail, subject and detail of one to three digits.
bool IsEnhanced(std::string_view code, char first) {
  if (code.size() < 5 || code[0] != first || code[1] != '.') return false;
  code.remove_prefix(2);
  if (!TakeNumber(code) || code.empty() || code[0] != '.') return false;
  code.remove_prefix(1);
  return TakeNumber(code) && code.empty();
}

std::string CleanLine(std::string_view text, std::size_t max_bytes, bool double_percent) {
  std::string out;
  for (const char c : text) {
    std::string_view piece(&c, 1);
    if (c == '\r' || c == '\n' || c == '\t') {
      piece = " ";
    } else if (c < 0x20 || c > 0x7e) {
      piece = "?";
    } else if (c == '%' && double_percent) {
      piece = "%%";
    }
    if (out.size() + piece.size() > max_bytes) break;
    out += piece;
  }
  return out;
}

}  // namespace

std::string SanitizeReplyText(std::string_view text, std::size_t max_bytes) {
  return CleanLine(text, max_bytes, true);
}

std::string SanitizeHeaderValue(std::string_view text, std::size_t max_bytes) {
  return CleanLine(text, max_bytes, false);
}

Reply CheckedReply(const Reply& reply, bool temporary) {
  const char first = temporary ? '4' : '5';
  Reply checked;
  checked.code = IsCode(reply.code, first) ? reply.code : (temporary ? "451" : "550");
  checked.enhanced =
      IsEnhanced(reply.enhanced, first) ? reply.enhanced : (temporary ? "4.7.1" : "5.7.1");
  checked.text = SanitizeReplyText(reply.text);
  if (checked.text.empty()) {
    checked.text = temporary ? "Message could not be checked, try again later" : "Message refused";
  }
  return checked;
}

}  // namespace lazaret::milter
