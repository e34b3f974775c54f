// A taken-over worker writes the result: decoding any bytes never crashes, and what is taken
// encodes back to the same bytes.
#include <cstdint>
#include <string>

#include "base/result.h"
#include "policy/analysis.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto analysis = lazaret::policy::DecodeAnalysis(bytes);
  if (analysis.ok()) LAZARET_CHECK(lazaret::policy::EncodeAnalysis(*analysis) == bytes);
  return 0;
}
