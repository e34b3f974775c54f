// Any text through normalisation and every detector: values lie in order inside the text, pass
// their own validator, and lead back to bytes of the input.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/text.h"
#include "base/unicode/normalize.h"
#include "rules/detectors/detector.h"
#include "rules/detectors/mask.h"
#include "rules/detectors/validators.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lazaret;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const base::NormalizedText normal = base::NormalizeForDetection(input);
  LAZARET_CHECK(base::IsValidUtf8(normal.view()));
  const rules::DetectorInput together{normal.view(), {}, {2026, 11, 24}, base::Deadline()};
  const auto all = rules::FindAllValues(together);
  for (const rules::DetectorEntry& entry : rules::Detectors()) {
    const auto output = entry.find({normal.view(), {}, {2026, 11, 24}, base::Deadline()});
    LAZARET_CHECK(all[static_cast<std::size_t>(&entry - rules::Detectors().data())].values.size() ==
                  output.values.size());
    std::size_t last = 0;
    for (const auto& value : output.values) {
      LAZARET_CHECK(value.begin >= last && value.begin < value.end &&
                    value.end <= normal.view().size());
      LAZARET_CHECK(normal.OriginalBegin(value.begin) < normal.OriginalEnd(value.end));
      LAZARET_CHECK(normal.OriginalEnd(value.end) <= input.size());
      LAZARET_CHECK(rules::MaskValue(value.value, entry.mask) != value.value);
      if (entry.id == "payment_card") LAZARET_CHECK(rules::IsLuhn(value.value));
      if (entry.id == "iban") LAZARET_CHECK(rules::IsIban(value.value));
      last = value.end;
    }
  }
  return 0;
}
