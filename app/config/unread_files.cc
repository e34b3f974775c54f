#include "app/config/unread_files.h"

#include <algorithm>
#include <filesystem>

#include "base/format.h"
#include "base/text.h"

namespace lazaret::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxShownBytes = 400;
constexpr std::size_t kMaxSeen = 10'000;  // stops a folder of rubbish from taking long

bool IsNoNews(const std::string& name) {
  return name[0] == '.' || name.back() == '~' || name.rfind("README", 0) == 0;
}

void AddFrom(const std::string& folder, const std::string& ending, std::string_view what,
             std::vector<std::string>& out) {
  std::error_code error;
  fs::directory_iterator it(folder, error);
  for (std::size_t seen = 0; !error && it != fs::directory_iterator() && seen < kMaxSeen;
       it.increment(error), ++seen) {
    const std::string name = it->path().filename().string();
    if (it->path().extension() == ending || IsNoNews(name)) continue;
    out.push_back(base::Format("{}: not read: the name of a {} ends in {}",
                               base::EscapeLine(it->path().string(), kMaxShownBytes), what,
                               ending));
  }
}

}  // namespace

std::vector<std::string> UnreadFiles(const Config& config) {
  std::vector<std::string> out;
  AddFrom(config.paths.etc + "/rules.d", ".yaml", "file of rules", out);
  for (const std::string& path : config.rules_paths) AddFrom(path, ".yaml", "file of rules", out);
  AddFrom(config.paths.etc + "/lists.d", ".txt", "list", out);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  if (out.size() > kMaxUnreadShown) {
    const std::size_t more = out.size() - kMaxUnreadShown;
    out.resize(kMaxUnreadShown);
    out.push_back(base::Format("... and {} more files that are not read", more));
  }
  return out;
}

}  // namespace lazaret::config
