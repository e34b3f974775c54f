// Payload of a kGenerationHello frame: GenerationInfo, docs/formats.md "Frames".
#ifndef LAZARET_APP_JUDGE_GENERATION_CODEC_H_
#define LAZARET_APP_JUDGE_GENERATION_CODEC_H_

#include <string>
#include <string_view>

#include "app/judge/worker_pool.h"
#include "base/result.h"

namespace lazaret::judge {

std::string EncodeGeneration(const GenerationInfo& info);
base::Result<GenerationInfo> DecodeGeneration(std::string_view payload);

}  // namespace lazaret::judge

#endif  // LAZARET_APP_JUDGE_GENERATION_CODEC_H_
