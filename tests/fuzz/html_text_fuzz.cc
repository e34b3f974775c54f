// Any valid UTF-8 is HTML: the texts stay valid and within a small multiple of the input.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/text.h"
#include "mail/text/charset_choice.h"
#include "mail/text/html_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lazaret;  // NOLINT: a fuzz target is one function
  const std::string text = base::ToValidUtf8({reinterpret_cast<const char*>(data), size});
  const mail::HtmlText html = mail::ExtractHtml(text);
  LAZARET_CHECK(base::IsValidUtf8(html.visible) && base::IsValidUtf8(html.hidden));
  LAZARET_CHECK(html.visible.size() + html.hidden.size() <= 2 * text.size() + 16);
  mail::HtmlMetaCharset(text);
  return 0;
}
