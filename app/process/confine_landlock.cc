// Landlock by raw system calls: glibc has no wrappers, and Debian 12's header ends at ABI 2.
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "app/process/confine_steps.h"
#include "base/fd.h"

namespace lazaret::process {
namespace {

// Rights of later ABIs, from the kernel's documentation (Documentation/userspace-api/landlock.rst).
constexpr std::uint64_t kRightsAbi1 = (1ULL << 13) - 1;
constexpr std::uint64_t kRefer = 1ULL << 13;        // ABI 2
constexpr std::uint64_t kTruncate = 1ULL << 14;     // ABI 3
constexpr std::uint64_t kIoctlDevice = 1ULL << 15;  // ABI 5
constexpr std::uint64_t kAllTcp = 3;                // ABI 4: bind, connect
constexpr std::uint64_t kAllScopes = 3;             // ABI 6: abstract sockets, signals

struct RulesetAttributes {
  std::uint64_t files = 0;
  std::uint64_t network = 0;
  std::uint64_t scopes = 0;
};

std::size_t AttributesSize(int abi) { return abi >= 6 ? 24 : abi >= 4 ? 16 : 8; }

RulesetAttributes AttributesFor(int abi) {
  RulesetAttributes attributes;
  attributes.files = kRightsAbi1;
  if (abi >= 2) attributes.files |= kRefer;
  if (abi >= 3) attributes.files |= kTruncate;
  if (abi >= 5) attributes.files |= kIoctlDevice;
  if (abi >= 4) attributes.network = kAllTcp;
  if (abi >= 6) attributes.scopes = kAllScopes;
  return attributes;
}

base::Status Allow(int ruleset, const std::string& path, std::uint64_t rights) {
  const base::UniqueFd folder(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!folder.valid()) return base::ErrnoError("confinement: " + path);
  landlock_path_beneath_attr rule{};
  rule.allowed_access = rights;
  rule.parent_fd = folder.get();
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) {
    return base::ErrnoError("confinement: Landlock rule for " + path);
  }
  return base::Ok();
}

}  // namespace

base::Result<int> RestrictFiles(const std::vector<std::string>& readable,
                                const std::string& writable) {
  const auto abi = static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
  if (abi < 1) return base::ErrnoError("confinement: Landlock");
  const RulesetAttributes attributes = AttributesFor(abi);
  const base::UniqueFd ruleset(static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, &attributes, AttributesSize(abi), 0)));
  if (!ruleset.valid()) return base::ErrnoError("confinement: Landlock ruleset");
  constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
  constexpr std::uint64_t kWrite = kRead | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                   LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                   LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                   kRefer | kTruncate;
  LAZARET_TRY(Allow(ruleset.get(), writable, kWrite & attributes.files));
  for (const std::string& path : readable) LAZARET_TRY(Allow(ruleset.get(), path, kRead));
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) {
    return base::ErrnoError("confinement: Landlock");
  }
  return abi;
}

}  // namespace lazaret::process
