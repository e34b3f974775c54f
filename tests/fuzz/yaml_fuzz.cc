#include <cstdint>
#include <string_view>

#include "base/yaml/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(lazaret::base::yaml::ParseStream(text, "fuzz").ok());
  return 0;
}
