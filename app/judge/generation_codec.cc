#include "app/judge/generation_codec.h"

#include "base/bytes.h"
#include "base/text.h"

namespace lazaret::judge {
namespace {

constexpr std::size_t kMaxGenerationText = 1024;

}  // namespace

std::string EncodeGeneration(const GenerationInfo& info) {
  base::ByteWriter out;
  out.String(info.id);
  out.String(info.bundle_sha256);
  out.String(info.engine);
  out.I64(info.signatures_time);
  out.String(info.confinement);
  return out.Take();
}

base::Result<GenerationInfo> DecodeGeneration(std::string_view payload) {
  base::ByteReader in(payload);
  GenerationInfo info;
  info.id = in.String(kMaxGenerationText);
  info.bundle_sha256 = in.String(kMaxGenerationText);
  info.engine = base::ToValidUtf8(in.String(kMaxGenerationText));
  info.signatures_time = in.I64();
  info.confinement = base::ToValidUtf8(in.String(kMaxGenerationText));
  if (!in.AtEnd() || info.id.size() != 64 || info.bundle_sha256.size() != 64) {
    return base::Error{base::ErrorCode::kInvalid, "generation hello: wrong payload"};
  }
  return info;
}

}  // namespace lazaret::judge
