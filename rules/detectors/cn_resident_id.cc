// Resident identity numbers of the People's Republic of China: GB 11643-1999, and the 15-digit form
// before it, which has no check digit and therefore needs a word near by.
#include <string>
#include <string_view>

#include "rules/detectors/detector.h"
#include "rules/detectors/evidence.h"
#include "rules/detectors/number_scanner.h"
#include "rules/detectors/validators.h"

namespace lazaret::rules {
namespace {

const EvidenceWords& IdentityWords() {
  static const EvidenceWords kWords = {
      {"身份证", "身份證", "身份证号", "身份号码", "公民身份号码", "居民身份", "证件号", "证件号码",
       "实名", "resident id", "resident identity", "identity card", "identity number", "id card",
       "id number", "id no", "prc id", "national id", "citizen id"},
      ContradictingWords(),
      kWindowBefore,
      kWindowAfter};
  return kWords;
}

struct Reading {
  std::string value;  // 18 characters, or 15
  std::size_t end = 0;
};

bool HasSizes(const NumberStart& start, std::initializer_list<std::size_t> sizes) {
  if (start.count < sizes.size()) return false;
  std::size_t i = 0;
  for (std::size_t size : sizes) {
    if (start.groups[i++].size != size) return false;
  }
  return true;
}

// 17 digits and X, with an optional separator before the X in the spaced form.
Reading WithLetter(std::string_view text, const NumberStart& start, std::size_t count) {
  const std::size_t at = start.groups[count - 1].end();
  if (at >= text.size() || (text[at] | 0x20) != 'x') return {};
  return {start.Digits(text, count) + 'X', at + 1};
}

Reading Read(std::string_view text, const NumberStart& start) {
  if (HasSizes(start, {18}) || HasSizes(start, {15}))
    return {start.Digits(text, 1), start.groups[0].end()};
  if (HasSizes(start, {17})) return WithLetter(text, start, 1);
  if (HasSizes(start, {6, 8, 4})) return {start.Digits(text, 3), start.groups[2].end()};
  if (HasSizes(start, {6, 8, 3})) return WithLetter(text, start, 3);
  if (HasSizes(start, {6, 4, 4, 4})) return {start.Digits(text, 4), start.groups[3].end()};
  if (HasSizes(start, {6, 4, 4, 3})) return WithLetter(text, start, 4);
  return {};
}

// High for the full form, one level less when the nearest word speaks of an order or a serial
// number.
int PointsOf(const DetectorInput& input, const Reading& reading, std::size_t begin) {
  if (reading.value.size() == 18) {
    if (!IsCnResidentId(reading.value, input.today)) return -1;
    return 2 + (EvidenceNear(input.text, begin, reading.end, IdentityWords()) < 0 ? -1 : 0);
  }
  if (!IsCnResidentId15(reading.value)) return -1;
  return EvidenceNear(input.text, begin, reading.end, IdentityWords()) > 0 ? 1 : -1;
}

}  // namespace

DetectorOutput FindCnResidentIds(const DetectorInput& input) {
  DetectorOutput out;
  NumberScanner scanner(input.text);
  NumberStart start;
  for (std::size_t seen = 0; scanner.Next(start); ++seen) {
    if (seen % 256 == 0 && input.deadline.Expired()) {
      out.expired = true;
      return out;
    }
    if (start.in_url) continue;
    Reading reading = Read(input.text, start);
    const std::size_t begin = start.groups[0].begin;
    if (reading.value.empty() || !RightEdge(input.text, reading.end)) continue;
    if (InBase64Line(input.text, begin, reading.end)) continue;
    const int points = PointsOf(input, reading, begin);
    if (points < 0) continue;
    if (out.values.size() >= kMaxValuesPerUnit) {
      out.truncated = true;
      return out;
    }
    out.values.push_back({begin, reading.end, LevelOfPoints(points), std::move(reading.value)});
  }
  return out;
}

}  // namespace lazaret::rules
