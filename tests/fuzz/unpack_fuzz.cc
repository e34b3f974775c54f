// The input is one attachment: types, archives, compound files, TNEF. Reading never fails, and
// every artifact's content and names are sound.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/text.h"
#include "mail/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lazaret;  // NOLINT: a fuzz target is one function
  std::string mail =
      "From: a@sender.example\nMIME-Version: 1.0\nContent-Type: application/octet-stream; name=a\n"
      "Content-Disposition: attachment\nContent-Transfer-Encoding: binary\n\n";
  mail.append(reinterpret_cast<const char*>(data), size);
  mail::ReadLimits limits;
  limits.max_archive_members = 200;
  limits.max_member_bytes = 1U << 20;
  limits.max_unpacked_bytes = 4U << 20;
  const auto tree = mail::ReadMessage(mail, limits, base::Deadline());
  LAZARET_CHECK(tree.ok());
  for (const mail::Artifact& artifact : tree->artifacts) {
    LAZARET_CHECK(artifact.parent <= artifact.id);
    for (const std::string& name : artifact.claimed_names) {
      LAZARET_CHECK(base::IsValidUtf8(name));
    }
  }
  for (const mail::Unreadable& unreadable : tree->unreadable) {
    LAZARET_CHECK(unreadable.artifact < tree->artifacts.size() && unreadable.count > 0);
  }
  return 0;
}
