// Parts of policy.yaml. Errors are "origin:line:column: why".
#ifndef LAZARET_APP_CONFIG_POLICY_FILE_H_
#define LAZARET_APP_CONFIG_POLICY_FILE_H_

#include <string>
#include <vector>

#include "base/result.h"
#include "base/yaml/yaml.h"
#include "policy/policy.h"

namespace lazaret::config {

// The items of a list of texts, or one text as a list of one. An empty list is refused: in a
// condition it would read as "any".
base::Result<std::vector<const base::yaml::Node*>> TextItems(const base::yaml::Node& node,
                                                             const std::string& origin);

base::Result<policy::When> ParseWhen(const base::yaml::Node& node, const std::string& origin);

}  // namespace lazaret::config

#endif  // LAZARET_APP_CONFIG_POLICY_FILE_H_
