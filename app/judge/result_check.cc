#include "app/judge/result_check.h"

#include "base/bytes.h"

namespace lazaret::judge {
namespace {

base::Error Bad(const char* why) {
  return base::Error{base::ErrorCode::kInvalid, std::string("worker answered badly: ") + why};
}

}  // namespace

base::Result<CheckedResult> CheckResult(const process::Frame& frame, const process::Uid& uid,
                                        std::uint64_t nonce) {
  if (frame.type != process::FrameType::kResult) return Bad("not a result");
  if (frame.uid != uid || frame.nonce != nonce) return Bad("a result of another message");
  if (frame.fds.size() != 1) return Bad("wrong number of descriptors");
  base::ByteReader in(frame.payload);
  const std::uint64_t announced = in.U64();
  CheckedResult result;
  result.cpu_micros = in.U64();
  result.retiring = in.U8() != 0;
  if (!in.AtEnd()) return Bad("wrong payload");
  if (!base::IsSealed(frame.fds[0].get())) return Bad("result is not sealed");
  auto mapping = base::Mapping::Map(frame.fds[0].get(), policy::kMaxResultBytes);
  if (!mapping.ok()) return Bad("result too large");
  if (mapping->bytes().size() != announced) return Bad("result of another size");
  auto analysis = policy::DecodeAnalysis(mapping->bytes());
  if (!analysis.ok()) return Bad(analysis.error().text.c_str());
  result.analysis = std::move(analysis).value();
  return result;
}

}  // namespace lazaret::judge
