// Files that lie where rules and lists are looked for and are not read because of their ending.
#ifndef LAZARET_APP_CONFIG_UNREAD_FILES_H_
#define LAZARET_APP_CONFIG_UNREAD_FILES_H_

#include <string>
#include <vector>

#include "app/config/config.h"

namespace lazaret::config {

inline constexpr std::size_t kMaxUnreadShown = 20;

// One line a file, "PATH: not read: why", in order; above kMaxUnreadShown a line counts the rest.
// Hidden files, backups (~) and README are no news. A folder that cannot be read gives nothing:
// that is an error of ReadBundle.
std::vector<std::string> UnreadFiles(const Config& config);

}  // namespace lazaret::config

#endif  // LAZARET_APP_CONFIG_UNREAD_FILES_H_
