// A stored event, possibly written by someone else: the first byte is its kind, then the length of
// the body in two bytes, the body, and the personal values. What is taken must be what the writer
// writes.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "db/audit/event_archive.h"
#include "db/audit/event_codec.h"
#include "db/audit/index.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lazaret::db;
  if (size < 3) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 3, size - 3);
  const std::size_t length = data[1] * std::size_t{256} + data[2];
  const std::string_view body = rest.substr(0, length);
  const std::string_view personal = rest.substr(body.size());
  const auto event = DecodeEvent(static_cast<EventKind>(data[0]), body, personal);
  if (!event.ok()) return 0;
  DeriveIndex(*event);
  const auto values = DecodePersonal(personal);
  LAZARET_CHECK(values.has_value());
  LAZARET_CHECK(personal.empty() || EncodePersonal(*values) == personal);
  // Encoding anew changes salts and nothing else.
  LAZARET_CHECK(EncodeEvent(*event).body.size() == body.size());
  return 0;
}
