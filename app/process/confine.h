// The one builder of confinement: workers, exec hooks and tests use it. docs/ARCHITECTURE.md,
// "Confinement". Call it in a single-threaded process, after everything was preloaded and before
// the first mail byte. Any failed step is an error and the caller must exit: half a box is no box.
#ifndef LAZARET_APP_PROCESS_CONFINE_H_
#define LAZARET_APP_PROCESS_CONFINE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lazaret::process {

enum class ConfineLevel : std::uint8_t {
  kNone = 0,
  kReduced = 1,    // no own root: Landlock + seccomp + rlimits only; needs confine.level: reduced
  kChroot = 2,     // own uid + chroot + Landlock + seccomp + rlimits
  kNamespace = 3,  // user, mount, net, ipc namespaces + pivot_root into an own tmpfs + the rest
};
std::string_view Name(ConfineLevel level);

enum class ConfinePolicy : std::uint8_t { kFull, kReducedAllowed };

struct ConfineOptions {
  ConfinePolicy policy = ConfinePolicy::kFull;
  std::size_t tmpfs_bytes = 512U << 20;  // the worker's whole disk; stops temp floods
  std::size_t tmpfs_inodes = 20'000;
  std::vector<std::string> read_only_binds;  // folders libraries need, bound at the same path
  std::size_t address_space_bytes = 0;       // RLIMIT_AS; 0 = none (sanitized builds)
  std::size_t file_size_bytes = 512U << 20;  // RLIMIT_FSIZE
  unsigned max_files = 256;                  // RLIMIT_NOFILE
  std::string chroot_dir;                    // for kChroot: an existing empty folder we own
  std::string reduced_tmp_dir;               // for kReduced: an existing private folder
  unsigned chroot_uid = 0;                   // for kChroot: uid to become; 0 = refuse kChroot
  bool sanitized = false;                    // adds the system calls AddressSanitizer needs
};

struct Confinement {
  ConfineLevel level = ConfineLevel::kNone;
  std::string tmp_dir;  // writable, private, as seen from inside ("/tmp")
  int landlock_abi = 0;
};

// Order (measured, do not change): namespaces and uid_map, mounts and pivot_root, PR_SET_DUMPABLE
// 0, rlimits, no_new_privs, Landlock, seccomp.
base::Result<Confinement> Confine(const ConfineOptions& options);

// Whether this kernel and its administrator let this process make user namespaces. Forks a child to
// find out; where not, workers need a private folder each (chroot_dir, reduced_tmp_dir).
bool UserNamespacesWork();

// The address space a worker may use: what it has now plus `extra` bytes.
std::size_t AddressSpaceNow();

}  // namespace lazaret::process

#endif  // LAZARET_APP_PROCESS_CONFINE_H_
