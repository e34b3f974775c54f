#include "app/analyzer/addresses.h"

#include "base/text.h"

namespace lazaret::analyzer {
namespace {

// Removes quoted strings and comments, which may hold commas, brackets and addresses of their own.
std::string WithoutQuotesAndComments(std::string_view value) {
  std::string out;
  int comment_depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c == '\\' && (quoted || comment_depth > 0)) {
      ++i;
    } else if (quoted) {
      quoted = c != '"';
    } else if (c == '(') {
      ++comment_depth;
    } else if (c == ')' && comment_depth > 0) {
      --comment_depth;
    } else if (comment_depth == 0 && c == '"') {
      quoted = true;
    } else if (comment_depth == 0) {
      out.push_back(c);
    }
  }
  return out;
}

std::string AddressOf(std::string_view mailbox) {
  const std::size_t open = mailbox.rfind('<');
  if (open != std::string_view::npos) {
    const std::size_t close = mailbox.find('>', open);
    mailbox = mailbox.substr(open + 1, close == std::string_view::npos ? close : close - open - 1);
  } else if (const std::size_t group = mailbox.find(':'); group != std::string_view::npos) {
    mailbox = mailbox.substr(group + 1);
  }
  const std::string_view address = base::TrimAscii(mailbox);
  const bool plausible = address.find('@') != std::string_view::npos &&
                         address.find_first_of(" \t\r\n") == std::string_view::npos;
  return plausible ? base::ToValidUtf8(address) : std::string();
}

}  // namespace

std::vector<std::string> AddressesOf(std::string_view header_value) {
  const std::string plain = WithoutQuotesAndComments(header_value);
  std::vector<std::string> out;
  std::string_view rest = plain;
  while (!rest.empty() && out.size() < kMaxAssumedAddresses) {
    const std::size_t end = rest.find_first_of(",;");
    std::string address = AddressOf(rest.substr(0, end));
    if (!address.empty()) out.push_back(std::move(address));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace lazaret::analyzer
