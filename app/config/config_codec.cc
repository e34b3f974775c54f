// docs/formats-memory.md, "Configuration memory file".
#include "app/config/key_table.h"
#include "base/bytes.h"

namespace lazaret::config {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint32_t kMaxEntries = 10'000;
constexpr std::uint32_t kMaxValues = 10'000;
constexpr std::size_t kMaxValueBytes = 4096;

}  // namespace

std::string EncodeConfig(const Config& config) {
  base::ByteWriter out;
  out.U8(kVersion);
  out.String(config.origin);
  const std::vector<Entry> entries = EntriesOf(config);
  out.U32(static_cast<std::uint32_t>(entries.size()));
  for (const Entry& entry : entries) {
    out.String(entry.name);
    out.U32(static_cast<std::uint32_t>(entry.values.size()));
    for (const std::string& value : entry.values) out.String(value);
  }
  return out.Take();
}

base::Result<Config> DecodeConfig(std::string_view bytes) {
  const base::Error bad{base::ErrorCode::kInvalid, "configuration: breaks its format"};
  base::ByteReader in(bytes);
  if (in.U8() != kVersion) return bad;
  Config config;
  config.origin = in.String(kMaxValueBytes);
  const std::uint32_t entries = in.Count(kMaxEntries, 8);
  for (std::uint32_t i = 0; i < entries && in.ok(); ++i) {
    const std::string name = in.String(kMaxValueBytes);
    std::vector<std::string> values;
    const std::uint32_t count = in.Count(kMaxValues, 4);
    for (std::uint32_t j = 0; j < count && in.ok(); ++j)
      values.push_back(in.String(kMaxValueBytes));
    const Found found = FindKey(name);
    if (!in.ok() || found.key == nullptr || Apply(found, values, config)) return bad;
  }
  if (!in.AtEnd()) return bad;
  // One form for one meaning: catches keys that are missing, stand twice or in another order.
  if (EncodeConfig(config) != bytes) return bad;
  return config;
}

}  // namespace lazaret::config
