#include "mail/filetype/mime_database.h"

#include <algorithm>

#include "base/fd.h"
#include "base/text.h"

namespace lazaret::mail {
namespace {

constexpr const char* kSystemFolder = "/usr/share/mime";
constexpr std::size_t kMaxFile = 8U << 20;
constexpr int kMaxSteps = 16;  // sub-class chains are short; a loop in the tables must end

template <typename Each>
void ForEachLine(std::string_view text, Each each) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t newline = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, newline - at);
    if (!line.empty() && line.front() != '#') each(line);
    at = newline + 1;
  }
}

template <typename Each>
base::Status ReadPairs(const std::string& path, Each each) {
  LAZARET_ASSIGN(const std::string text, base::ReadFile(path, kMaxFile));
  ForEachLine(text, [&](std::string_view line) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return;
    each(base::AsciiLower(line.substr(0, space)), base::AsciiLower(line.substr(space + 1)));
  });
  return base::Ok();
}

const base::Result<MimeDatabase>& Loaded() {
  static const base::Result<MimeDatabase> loaded = MimeDatabase::Load(kSystemFolder);
  return loaded;
}

}  // namespace

base::Result<MimeDatabase> MimeDatabase::Load(const std::string& folder) {
  MimeDatabase database;
  LAZARET_ASSIGN(const std::string globs, base::ReadFile(folder + "/globs2", kMaxFile));
  // weight:type:glob[:flags]
  ForEachLine(globs, [&](std::string_view line) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) return;
    std::string_view glob = line.substr(second + 1);
    glob = glob.substr(0, glob.find(':'));
    if (glob.size() < 3 || glob.substr(0, 2) != "*." ||
        glob.find_first_of("*?[", 1) != std::string_view::npos) {
      return;
    }
    database.types_[base::AsciiLower(glob.substr(2))].push_back(
        base::AsciiLower(line.substr(first + 1, second - first - 1)));
  });
  LAZARET_TRY(ReadPairs(folder + "/aliases", [&](std::string alias, std::string type) {
    database.aliases_[std::move(alias)] = std::move(type);
  }));
  LAZARET_TRY(ReadPairs(folder + "/subclasses", [&](std::string type, std::string parent) {
    database.parents_[std::move(type)].push_back(std::move(parent));
  }));
  return database;
}

const std::vector<std::string>& MimeDatabase::TypesOf(const std::string& extension) const {
  static const std::vector<std::string> none;
  const auto found = types_.find(extension);
  return found == types_.end() ? none : found->second;
}

const std::string& MimeDatabase::Canonical(const std::string& type) const {
  const auto found = aliases_.find(type);
  return found == aliases_.end() ? type : found->second;
}

bool MimeDatabase::IsA(const std::string& type, const std::string& ancestor) const {
  const std::string& wanted = Canonical(ancestor);
  std::vector<std::string> pending{Canonical(type)};
  for (std::size_t i = 0; i < pending.size() && i < kMaxSteps; ++i) {
    if (pending[i] == wanted) return true;
    const auto parents = parents_.find(pending[i]);
    if (parents == parents_.end()) continue;
    for (const std::string& parent : parents->second) pending.push_back(Canonical(parent));
  }
  return false;
}

const MimeDatabase& SystemMimeDatabase() {
  static const MimeDatabase empty;
  return Loaded().ok() ? Loaded().value() : empty;
}

base::Status LoadMimeDatabase() {
  if (!Loaded().ok()) return Loaded().error();
  return base::Ok();
}

}  // namespace lazaret::mail
