#include "mail/mime/entity.h"

#include "base/text.h"

namespace lazaret::mail {

const RawField* LastField(const HeaderBlock& block, std::string_view name) {
  for (auto field = block.fields.rbegin(); field != block.fields.rend(); ++field) {
    if (base::AsciiEqualNoCase(field->name, name)) return &*field;
  }
  return nullptr;
}

Entity ReadEntity(std::string_view bytes, std::size_t begin, std::size_t end) {
  Entity entity;
  entity.header = ParseHeader(bytes, begin, end);
  if (const RawField* field = LastField(entity.header, "content-type")) {
    entity.type = ParseStructured(Unfold(field->value));
    entity.has_type = true;
    const std::string& main = entity.type.main;
    const std::size_t slash = main.find('/');
    const bool valid = slash != std::string::npos && slash > 0 && slash + 1 < main.size();
    // "Content-Type: text" is what some old programs send; RFC 2045 5.2 and GMime part here.
    if (!valid) entity.type.main = "application/octet-stream";
  } else {
    entity.type.main = "text/plain";
  }
  if (const RawField* field = LastField(entity.header, "content-disposition")) {
    entity.disposition = ParseStructured(Unfold(field->value));
  }
  if (const RawField* field = LastField(entity.header, "content-transfer-encoding")) {
    entity.encoding = ParseStructured(Unfold(field->value)).main;
  }
  const ParameterReadings charset = ReadParameter(entity.type, "charset", false);
  if (!charset.readings.empty()) entity.charset = base::AsciiLower(charset.readings.front().text);
  return entity;
}

}  // namespace lazaret::mail
