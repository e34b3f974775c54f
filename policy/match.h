// Matching of addresses, domains and networks in conditions. Case-insensitive over ASCII.
#ifndef LAZARET_POLICY_MATCH_H_
#define LAZARET_POLICY_MATCH_H_

#include <string>
#include <string_view>

#include "policy/policy.h"

namespace lazaret::policy {

// What follows the last @, lower case; empty when there is none.
std::string DomainOf(std::string_view address);

// "user@domain", "@domain", "@.domain" (domain and below), "*" (any), "<>" (null sender).
bool AddressMatches(std::string_view pattern, std::string_view address);

// Whether all conditions of a block hold for one recipient.
bool WhenMatches(const When& when, const Envelope& envelope, std::string_view recipient);

}  // namespace lazaret::policy

#endif  // LAZARET_POLICY_MATCH_H_
