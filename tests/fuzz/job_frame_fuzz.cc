#include <cstdint>
#include <string_view>

#include "app/process/frames.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto frame = lazaret::process::DecodeFrame(bytes);
  if (frame.ok()) LAZARET_CHECK(lazaret::process::EncodeFrame(*frame) == bytes);
  return 0;
}
