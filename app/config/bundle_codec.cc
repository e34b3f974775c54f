// docs/formats-memory.md, "Generation memory file".
#include "app/config/config.h"
#include "base/bytes.h"
#include "base/crypto.h"

namespace lazaret::config {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kKeyIdBytes = 8;
constexpr std::size_t kMaxPathBytes = 4096;

bool IsKeyId(std::string_view text) {
  return text.size() == kKeyIdBytes &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string EncodeBundle(const GenerationBundle& bundle) {
  base::ByteWriter out;
  out.U8(kVersion);
  out.U32(static_cast<std::uint32_t>(bundle.documents.size()));
  for (const BundleDocument& document : bundle.documents) {
    out.U8(static_cast<std::uint8_t>(document.kind));
    out.String(document.name);
    out.String(document.origin);
    out.String(document.text);
  }
  out.String(bundle.masking_key);
  out.String(bundle.masking_key_id);
  return out.Take();
}

base::Result<GenerationBundle> DecodeBundle(std::string_view bytes) {
  const base::Error bad{base::ErrorCode::kInvalid, "generation bundle: breaks its format"};
  base::ByteReader in(bytes);
  if (in.U8() != kVersion) return bad;
  GenerationBundle bundle;
  std::size_t total = 0;
  const std::uint32_t count = in.Count(kMaxBundleDocuments, 13);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    BundleDocument document;
    const std::uint8_t kind = in.U8();
    if (kind < 1 || kind > 4) return bad;
    document.kind = static_cast<DocumentKind>(kind);
    document.name = in.String(kMaxPathBytes);
    document.origin = in.String(kMaxPathBytes);
    document.text =
        in.String(document.kind == DocumentKind::kList ? kMaxListFileBytes : kMaxRuleFileBytes);
    total += document.text.size();
    if (total > kMaxBundleBytes) return bad;
    bundle.documents.push_back(std::move(document));
  }
  bundle.masking_key = in.String(kKeyBytes);
  bundle.masking_key_id = in.String(kKeyIdBytes);
  if (!in.AtEnd() || bundle.masking_key.size() != kKeyBytes || !IsKeyId(bundle.masking_key_id))
    return bad;
  return bundle;
}

std::string BundleSha256(const GenerationBundle& bundle) {
  base::ByteWriter out;
  for (const BundleDocument& document : bundle.documents) {
    out.U8(static_cast<std::uint8_t>(document.kind));
    out.String(document.name);
    out.String(document.text);
  }
  return base::Hex(base::AsBytes(base::Sha256(out.bytes())));
}

}  // namespace lazaret::config
