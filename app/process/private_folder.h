// A folder below /tmp for one process alone, mode 0700, named lazaret-KIND-PID-XXXXXX and held by a
// lock on the folder itself. A process that is killed leaves its folder behind; the next one of its
// kind sweeps it away, and can tell it from one in use: by owner, by name, and because the lock
// ends with its holder.
#ifndef LAZARET_APP_PROCESS_PRIVATE_FOLDER_H_
#define LAZARET_APP_PROCESS_PRIVATE_FOLDER_H_

#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace lazaret::process {

inline constexpr const char* kTemporaryFolder = "/tmp";

// Move-only. Removed with all it holds at its end, in the process that made it; a forked child that
// leaves by _exit, or that destroys its copy, removes nothing.
class PrivateFolder {
 public:
  // `kind` is a word of lower-case letters.
  static base::Result<PrivateFolder> Make(std::string_view kind,
                                          const std::string& parent = kTemporaryFolder);
  PrivateFolder() = default;
  PrivateFolder(PrivateFolder&& other) noexcept;
  PrivateFolder& operator=(PrivateFolder&& other) noexcept;
  ~PrivateFolder() { Remove(); }

  const std::string& path() const { return path_; }  // empty: none
  // Nothing in it follows a link out.
  void Remove();

 private:
  std::string path_;
  base::UniqueFd lock_;
  int maker_ = -1;
};

// Removes the folders of this kind and of this user whose makers are gone. Returns how many.
int SweepPrivateFolders(std::string_view kind, const std::string& parent = kTemporaryFolder);

}  // namespace lazaret::process

#endif  // LAZARET_APP_PROCESS_PRIVATE_FOLDER_H_
