// Any bytes are RTF: the text stays valid and within a small multiple of the input.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/text.h"
#include "mail/text/rtf_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lazaret;  // NOLINT: a fuzz target is one function
  const std::string text = mail::RtfText({reinterpret_cast<const char*>(data), size});
  LAZARET_CHECK(base::IsValidUtf8(text));
  LAZARET_CHECK(text.size() <= 4 * size + 16);
  return 0;
}
