// What in a policy is allowed and probably not meant.
#ifndef LAZARET_APP_CONFIG_POLICY_WARNINGS_H_
#define LAZARET_APP_CONFIG_POLICY_WARNINGS_H_

#include <string>
#include <string_view>
#include <vector>

#include "app/config/config.h"

namespace lazaret::config {

// The codes that docs/findings.md lists, built in; one that ends in a dot stands for all below it.
const std::vector<std::string>& DocumentedCodes();

// "origin:line:column: ..." each, in the file's order: blocks that are never reached since one
// above takes all that they would; entries in `codes` that are neither a code nor a dotted prefix
// of one in `known`; `accept_unlooked: true`. `text` is a policy that ParsePolicy takes.
std::vector<std::string> PolicyWarnings(std::string_view text, const std::string& origin,
                                        const std::vector<std::string>& known);

}  // namespace lazaret::config

#endif  // LAZARET_APP_CONFIG_POLICY_WARNINGS_H_
