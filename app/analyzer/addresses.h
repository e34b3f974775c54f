// Addresses of a header value (RFC 5322 section 3.4) for an assumed envelope, read leniently: what
// stands in angle brackets, else a bare word with one @. Display names, quoted strings and comments
// are skipped.
#ifndef LAZARET_APP_ANALYZER_ADDRESSES_H_
#define LAZARET_APP_ANALYZER_ADDRESSES_H_

#include <string>
#include <string_view>
#include <vector>

namespace lazaret::analyzer {

inline constexpr std::size_t kMaxAssumedAddresses = 1000;  // stops address floods in To and Cc

std::vector<std::string> AddressesOf(std::string_view header_value);

}  // namespace lazaret::analyzer

#endif  // LAZARET_APP_ANALYZER_ADDRESSES_H_
