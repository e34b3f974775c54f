// The first line is a file name, the rest its content: detection and judgement never fail.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "base/text.h"
#include "mail/filetype/containers.h"
#include "mail/filetype/detect.h"
#include "mail/filetype/judge.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lazaret;  // NOLINT: a fuzz target is one function
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(input.find('\n'), input.size());
  mail::Artifact artifact;
  artifact.kind = mail::ArtifactKind::kPart;
  artifact.claimed_names.push_back(base::ToValidUtf8(input.substr(0, line)));
  artifact.content = input.substr(std::min(line + 1, input.size()));
  artifact.detected_type = mail::DetectType(artifact.content).type;
  mail::ClassifyZip({{input.substr(0, line), artifact.content}});
  mail::ClassifyOle(artifact.content);
  for (const mail::TypeProblem& problem : mail::JudgeType(artifact)) {
    LAZARET_CHECK(!problem.code.empty() && problem.detail.size() <= 200);
    LAZARET_CHECK(base::IsValidUtf8(problem.detail));
  }
  return 0;
}
