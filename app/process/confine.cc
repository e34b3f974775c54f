#include "app/process/confine.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>

#include "app/process/confine_steps.h"

namespace lazaret::process {
namespace {

base::Error Refused(const std::string& why) {
  return base::Error{
      base::ErrorCode::kPermission,
      "confinement: " + why +
          "; a chroot instead needs the analyzer to run as root, with users.scan empty "
          "(confine.level: reduced would go on without an own root)"};
}

// Picks the strongest root this machine gives.
base::Result<Confinement> EnterRoot(const ConfineOptions& options) {
  Confinement box;
  box.tmp_dir = kInsideTmp;
  const base::Status namespaces = EnterNamespaces();
  if (namespaces.ok()) {
    LAZARET_TRY(ChangeRoot(options));
    box.level = ConfineLevel::kNamespace;
    return box;
  }
  // A namespace that was entered and then failed half way is no box at all.
  if (namespaces.error().code != base::ErrorCode::kPermission) return namespaces.error();
  if (::geteuid() == 0 && options.chroot_uid != 0 && !options.chroot_dir.empty()) {
    LAZARET_TRY(EnterChroot(options));
    box.level = ConfineLevel::kChroot;
    return box;
  }
  if (options.policy != ConfinePolicy::kReducedAllowed) return Refused(namespaces.error().text);
  if (options.reduced_tmp_dir.empty()) return Refused("no folder for temporary files");
  box.level = ConfineLevel::kReduced;
  box.tmp_dir = options.reduced_tmp_dir;
  return box;
}

}  // namespace

std::string_view Name(ConfineLevel level) {
  switch (level) {
    case ConfineLevel::kNone:
      return "none";
    case ConfineLevel::kReduced:
      return "reduced";
    case ConfineLevel::kChroot:
      return "chroot";
    case ConfineLevel::kNamespace:
      return "namespace";
  }
  return "none";
}

base::Result<Confinement> Confine(const ConfineOptions& options) {
  LAZARET_ASSIGN(Confinement box, EnterRoot(options));
  // Only now: before uid_map was written it would have made /proc/self root's.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return base::ErrnoError("confinement: dumpable");
  LAZARET_TRY(DropCapabilities());
  LAZARET_TRY(SetLimits(options));
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return base::ErrnoError("confinement: no_new_privs");
  LAZARET_ASSIGN(box.landlock_abi, RestrictFiles(options.read_only_binds, box.tmp_dir));
  LAZARET_TRY(RestrictSystemCalls(options));
  return box;
}

std::size_t AddressSpaceNow() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long pages = 0;
  const int got = std::fscanf(file, "%lu", &pages);
  std::fclose(file);
  return got == 1 ? pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace lazaret::process
