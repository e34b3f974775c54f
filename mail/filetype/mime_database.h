// The freedesktop shared-mime-info tables: extension -> types, aliases, sub-classes. Read once,
// before confinement; immutable and thread-safe after that.
#ifndef LAZARET_MAIL_FILETYPE_MIME_DATABASE_H_
#define LAZARET_MAIL_FILETYPE_MIME_DATABASE_H_

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace lazaret::mail {

class MimeDatabase {
 public:
  // From `folder`/globs2, aliases and subclasses; an error names the file that is missing.
  static base::Result<MimeDatabase> Load(const std::string& folder);

  // Types of a simple "*.ext" glob; the extension is lower case, without dot. May hold "tar.gz".
  const std::vector<std::string>& TypesOf(const std::string& extension) const;
  // The canonical name of a type.
  const std::string& Canonical(const std::string& type) const;
  // `type` is `ancestor` or below it, over any number of steps.
  bool IsA(const std::string& type, const std::string& ancestor) const;

 private:
  std::unordered_map<std::string, std::vector<std::string>> types_;
  std::unordered_map<std::string, std::string> aliases_;
  std::unordered_map<std::string, std::vector<std::string>> parents_;
};

// The system's tables (/usr/share/mime), loaded on the first call; empty tables when they are
// missing, which LoadMimeDatabase reports.
const MimeDatabase& SystemMimeDatabase();
base::Status LoadMimeDatabase();

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_FILETYPE_MIME_DATABASE_H_
