// Resident identity numbers of the People's Republic of China: GB 11643-1999, and the 15-digit form
// before it, which has no check digit and therefore needs a word near by.
#include <algorithm>
#include <array>
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
  std::string value;  // 18 characters, or 15; empty: none
  std::size_t end = 0;
  bool printed = false;  // in one piece or in a usual grouping
};

// 18, 6-8-4, 6-4-4-4, 6-4-2-2-4 and 4-4-4-4-2, where the last group may be one digit and an X
// shorter.
bool IsUsualShape(std::string_view shape) {
  static constexpr std::array<std::string_view, 10> kShapes = {
      "I", "H", "684", "683", "6444", "6443", "64224", "64223", "44442", "44441"};
  return std::find(kShapes.begin(), kShapes.end(), shape) != kShapes.end();
}

// Where the X that stands directly, behind the separator of the groups or behind a line break after
// `at` ends; 0 for none.
std::size_t EndOfX(std::string_view text, std::size_t at, const NumberStart& start) {
  const std::size_t next_line =
      start.broken_before == 0 ? AfterLineBreak(text, at) : std::string_view::npos;
  if (next_line != std::string_view::npos) {
    at = next_line;
  } else if (at < text.size() && start.separator != 0 && text[at] == start.separator) {
    ++at;
  }
  return at < text.size() && (text[at] | 0x20) == 'x' ? at + 1 : 0;
}

Reading Read(std::string_view text, const NumberStart& start) {
  std::size_t digits = 0;
  for (std::size_t count = 1; count <= start.count && digits < 18; ++count) {
    digits += start.groups[count - 1].size;
    const std::size_t end = start.groups[count - 1].end();
    const bool whole = digits == 18 && RightEdge(text, end);
    const std::size_t x = digits == 17 ? EndOfX(text, end, start) : 0;
    if (!whole && (x == 0 || !RightEdge(text, x))) continue;
    return {start.Digits(text, count) + (x != 0 ? "X" : ""), x != 0 ? x : end,
            IsUsualShape(start.Shape(count, false)) || IsUsualShape(start.Shape(count, true))};
  }
  const DigitGroup& first = start.groups[0];
  if (first.size == 15 && RightEdge(text, first.end()))
    return {start.Digits(text, 1), first.end(), true};
  return {};
}

// High for the full form, one level less in an unusual grouping or when the nearest word speaks of
// an order or a serial number. The old form needs a word.
int PointsOf(const DetectorInput& input, const Reading& reading, std::size_t begin) {
  if (reading.value.size() == 18) {
    if (!IsCnResidentId(reading.value, input.today)) return -1;
    const int evidence = EvidenceNear(input.text, begin, reading.end, IdentityWords());
    return 2 - (reading.printed || evidence > 0 ? 0 : 1) - (evidence < 0 ? 1 : 0);
  }
  if (!IsCnResidentId15(reading.value)) return -1;
  const int evidence = EvidenceNear(input.text, begin, reading.end, IdentityWords());
  return evidence > 0 || (evidence == 0 && SubjectSupports(input.subject, IdentityWords())) ? 1
                                                                                            : -1;
}

class ResidentIdFinder final : public NumberDetector {
 public:
  explicit ResidentIdFinder(const DetectorInput& input) : input_(input) {}

  bool Take(const NumberStart& start) override {
    if (start.in_url) return true;
    Reading reading = Read(input_.text, start);
    const std::size_t begin = start.groups[0].begin;
    if (reading.value.empty() || InBase64Line(input_.text, begin, reading.end)) return true;
    const int points = PointsOf(input_, reading, begin);
    if (points < 0) return true;
    if (out_.values.size() >= kMaxValuesPerUnit) {
      out_.truncated = true;
      return false;
    }
    out_.values.push_back({begin, reading.end, LevelOfPoints(points), std::move(reading.value)});
    return true;
  }

  DetectorOutput Finish() override { return std::move(out_); }

 private:
  const DetectorInput& input_;
  DetectorOutput out_;
};

}  // namespace

DetectorOutput FindCnResidentIds(const DetectorInput& input) {
  ResidentIdFinder finder(input);
  return ScanNumbers(input, finder);
}

std::unique_ptr<NumberDetector> MakeCnResidentIdDetector(const DetectorInput& input) {
  return std::make_unique<ResidentIdFinder>(input);
}

}  // namespace lazaret::rules
