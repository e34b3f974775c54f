// What a detector is: a function from normalised text (base/unicode/normalize.h) to validated
// values, and the one table of them. A detector never sees mail, never keeps a value and never
// decides.
#ifndef LAZARET_RULES_DETECTORS_DETECTOR_H_
#define LAZARET_RULES_DETECTORS_DETECTOR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "rules/rule_set.h"

namespace lazaret::rules {

// Values kept of one detector in one text unit. Stops a text made of valid numbers from filling
// memory; reaching it marks the result truncated.
inline constexpr std::size_t kMaxValuesPerUnit = 10'000;

// A date of the proleptic Gregorian calendar, UTC.
struct Date {
  int year = 1970;
  int month = 1;
  int day = 1;
};
Date DateOf(base::UnixTime time);
bool IsRealDate(Date date);
bool IsAfter(Date a, Date b);

struct DetectorInput {
  std::string_view text;  // normalised
  std::string_view
      subject;  // normalised; words in it support a value half as much as words near by
  Date today;   // a birth date after it is none
  base::Deadline deadline;
};

struct DetectedValue {
  std::size_t begin = 0;  // in the normalised text
  std::size_t end = 0;
  Level confidence = Level::kLow;
  std::string value;  // the value without separators, upper case: in memory only, for hash and mask
};

struct DetectorOutput {
  std::vector<DetectedValue> values;  // in order of begin, not overlapping
  bool truncated = false;
  bool expired = false;  // the deadline passed: the values are not all
};

enum class MaskStyle : std::uint8_t { kCard, kIdentity };

struct NumberStart;

// A detector of digit classes: what it makes of the starts that one scan finds for all of them.
class NumberDetector {
 public:
  virtual ~NumberDetector() = default;
  virtual bool Take(const NumberStart& start) = 0;  // false: wants no more
  virtual DetectorOutput Finish() = 0;              // once, after the last start
};

struct DetectorEntry {
  std::string_view id;
  DetectorOutput (*find)(const DetectorInput&);
  // nullptr when it does not look for numbers. The input must outlive what is made.
  std::unique_ptr<NumberDetector> (*make)(const DetectorInput&);
  MaskStyle mask;
  // Where two detectors claim the same bytes, the lower rank (smaller chance of passing by
  // accident) keeps it.
  int rank;
};

// All detectors; the index is stable within a build.
const std::vector<DetectorEntry>& Detectors();
const DetectorEntry* FindDetector(std::string_view id);

// What each of Detectors() finds, in their order, with one scan for numbers.
std::vector<DetectorOutput> FindAllValues(const DetectorInput& input);
// One detector alone.
DetectorOutput ScanNumbers(const DetectorInput& input, NumberDetector& detector);

DetectorOutput FindPaymentCards(const DetectorInput& input);
DetectorOutput FindIbans(const DetectorInput& input);
DetectorOutput FindCnResidentIds(const DetectorInput& input);
std::unique_ptr<NumberDetector> MakePaymentCardDetector(const DetectorInput& input);
std::unique_ptr<NumberDetector> MakeCnResidentIdDetector(const DetectorInput& input);

// Points to level: 0 low, 1 medium, 2 and more high. Negative points are no value at all.
Level LevelOfPoints(int points);

}  // namespace lazaret::rules

#endif  // LAZARET_RULES_DETECTORS_DETECTOR_H_
