// policy.yaml and the generation memory file: no input crashes.
#include <cstdint>
#include <string_view>

#include "app/config/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace config = lazaret::config;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(config::ParsePolicy(text, "fuzz").ok());
  const auto bundle = config::DecodeBundle(text);
  if (bundle.ok()) LAZARET_CHECK(config::EncodeBundle(*bundle) == text);
  return 0;
}
