#include <algorithm>
#include <filesystem>
#include <map>

#include "app/config/config.h"
#include "base/format.h"

namespace lazaret::config {
namespace {

namespace fs = std::filesystem;

bool IsBlank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

bool IsFile(const BundleDocument& document) { return document.origin.rfind('/', 0) == 0; }

bool IsGone(const fs::path& path) {
  std::error_code error;
  return !fs::exists(path, error) && !error;
}

}  // namespace

Lost LostSource(const GenerationBundle& before, const GenerationBundle& now) {
  std::map<std::string, const BundleDocument*> here;
  for (const BundleDocument& document : now.documents) here[document.origin] = &document;
  for (const BundleDocument& document : before.documents) {
    if (!IsFile(document)) continue;
    const auto found = here.find(document.origin);
    if (found != here.end()) {
      if (IsBlank(found->second->text) && !IsBlank(document.text))
        return {base::Format("{}: is empty now", document.origin),
                base::Format("{} is empty now: what it held stays in force; `lazaret reload` takes "
                             "it as it is",
                             document.origin)};
      continue;
    }
    if (document.kind == DocumentKind::kPolicy)
      return {base::Format("{}: is gone, the shipped policy takes its place", document.origin),
              base::Format("{} is gone: the policy in force stays; `lazaret reload` takes the "
                           "shipped one",
                           document.origin)};
    const std::string folder = fs::path(document.origin).parent_path().string();
    if (IsGone(folder))
      return {base::Format("{}: the folder is gone; restart lazaretd to go on without it", folder),
              "", true};
  }
  return {};
}

}  // namespace lazaret::config
