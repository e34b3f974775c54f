#include <cstdint>
#include <string>

#include "base/result.h"
#include "policy/analysis.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto facts = lazaret::policy::DecodeFacts(bytes);
  if (facts.ok()) LAZARET_CHECK(lazaret::policy::EncodeFacts(*facts) == bytes);
  return 0;
}
