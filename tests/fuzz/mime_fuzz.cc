// Any bytes are a message: a tree comes back, all its strings for people are valid UTF-8, every
// parent stands before its child.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "base/text.h"
#include "mail/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lazaret;  // NOLINT: a fuzz target is one function
  mail::ReadLimits limits;
  limits.max_parts = 200;
  limits.max_header_fields = 500;
  limits.max_depth = 20;
  limits.max_decoded_bytes = 1U << 20;
  limits.max_text_bytes = 1U << 20;
  limits.max_archive_members = 50;
  limits.max_member_bytes = 1U << 18;
  limits.max_unpacked_bytes = 1U << 19;
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  const auto tree = mail::ReadMessage(message, limits, base::Deadline());
  LAZARET_CHECK(tree.ok());
  for (const mail::Artifact& artifact : tree->artifacts) {
    LAZARET_CHECK(artifact.id == 0 || artifact.parent < artifact.id);
    LAZARET_CHECK(base::IsValidUtf8(artifact.path));
    LAZARET_CHECK(base::IsValidUtf8(artifact.declared_type));
    for (const std::string& name : artifact.claimed_names) LAZARET_CHECK(base::IsValidUtf8(name));
    if (artifact.raw_body) LAZARET_CHECK(artifact.raw_body->begin <= artifact.raw_body->end);
    if (artifact.raw_body) LAZARET_CHECK(artifact.raw_body->end <= size);
  }
  for (const mail::TextUnit& unit : tree->texts) LAZARET_CHECK(base::IsValidUtf8(unit.text));
  return 0;
}
