// Configuration text: no input crashes, and what loads goes through its encoding unchanged.
#include <cstdint>
#include <string_view>

#include "app/config/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace config = lazaret::config;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto loaded = config::LoadConfigText(text, "fuzz", {});
  if (loaded.ok()) {
    const std::string bytes = config::EncodeConfig(*loaded);
    const auto decoded = config::DecodeConfig(bytes);
    LAZARET_CHECK(decoded.ok());
    LAZARET_CHECK(config::EncodeConfig(*decoded) == bytes);
  }
  static_cast<void>(config::DecodeConfig(text).ok());
  return 0;
}
