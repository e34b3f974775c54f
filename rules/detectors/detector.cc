#include "rules/detectors/detector.h"

#include <algorithm>
#include <utility>

#include "rules/detectors/number_scanner.h"

namespace lazaret::rules {
namespace {

bool IsLeap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int DaysOfMonth(int year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeap(year) ? 29 : kDays[month - 1];
}

// Gives each start to all that want more; false when the deadline passed.
bool Scan(const DetectorInput& input, std::vector<NumberDetector*> detectors) {
  NumberScanner scanner(input.text);
  NumberStart start;
  for (std::size_t seen = 0; !detectors.empty() && scanner.Next(start); ++seen) {
    if (seen % 256 == 0 && input.deadline.Expired()) return false;
    detectors.erase(std::remove_if(detectors.begin(), detectors.end(),
                                   [&](NumberDetector* one) { return !one->Take(start); }),
                    detectors.end());
  }
  return true;
}

}  // namespace

const std::vector<DetectorEntry>& Detectors() {
  static const std::vector<DetectorEntry> kTable = {
      {"payment_card", FindPaymentCards, MakePaymentCardDetector, MaskStyle::kCard, 3},
      {"iban", FindIbans, nullptr, MaskStyle::kIdentity, 2},
      {"cn_resident_id", FindCnResidentIds, MakeCnResidentIdDetector, MaskStyle::kIdentity, 1},
  };
  return kTable;
}

const DetectorEntry* FindDetector(std::string_view id) {
  const auto& table = Detectors();
  auto found =
      std::find_if(table.begin(), table.end(), [id](const auto& entry) { return entry.id == id; });
  return found == table.end() ? nullptr : &*found;
}

DetectorOutput ScanNumbers(const DetectorInput& input, NumberDetector& detector) {
  const bool whole = Scan(input, {&detector});
  DetectorOutput out = detector.Finish();
  out.expired = !whole;
  return out;
}

std::vector<DetectorOutput> FindAllValues(const DetectorInput& input) {
  std::vector<std::unique_ptr<NumberDetector>> made;
  std::vector<NumberDetector*> of_numbers;
  for (const DetectorEntry& entry : Detectors()) {
    made.push_back(entry.make == nullptr ? nullptr : entry.make(input));
    if (made.back() != nullptr) of_numbers.push_back(made.back().get());
  }
  const bool whole = Scan(input, std::move(of_numbers));
  std::vector<DetectorOutput> out;
  for (std::size_t i = 0; i < made.size(); ++i) {
    out.push_back(made[i] == nullptr ? Detectors()[i].find(input) : made[i]->Finish());
    if (made[i] != nullptr) out.back().expired = !whole;
  }
  return out;
}

Date DateOf(base::UnixTime time) {
  // Days to civil date by 400-year eras that begin on 1 March.
  constexpr std::int64_t kMicrosPerDay = 86'400'000'000;
  std::int64_t days =
      time.micros / kMicrosPerDay - (time.micros % kMicrosPerDay < 0 ? 1 : 0) + 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const std::int64_t of_era = days - era * 146'097;
  const std::int64_t year_of_era =
      (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  const std::int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted = (5 * of_year + 2) / 153;
  const int month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  return {static_cast<int>(year_of_era + era * 400) + (month <= 2 ? 1 : 0), month,
          static_cast<int>(of_year - (153 * shifted + 2) / 5 + 1)};
}

bool IsRealDate(Date date) {
  return date.month >= 1 && date.month <= 12 && date.day >= 1 &&
         date.day <= DaysOfMonth(date.year, date.month);
}

bool IsAfter(Date a, Date b) {
  if (a.year != b.year) return a.year > b.year;
  if (a.month != b.month) return a.month > b.month;
  return a.day > b.day;
}

Level LevelOfPoints(int points) {
  if (points <= 0) return Level::kLow;
  return points == 1 ? Level::kMedium : Level::kHigh;
}

}  // namespace lazaret::rules
